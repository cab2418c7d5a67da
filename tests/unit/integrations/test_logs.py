"""Each service's lines come from where it keeps them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from integrations.logs import RoutedLogs
from integrations.off import OffLogs
from tgk.discovery import Service
from tgk.errors import Unavailable
from tgk.ports.logs import LogLine, LogQuery
from tgk.testing.clock import FakeClock
from tgk.testing.logs import FakeLogs


def service(source: str) -> Service:
    """Return a service that keeps its logs there."""
    return Service.model_validate({"kubernetes": {"deployment": "a"}, "logs": {"source": source}})


async def test_the_source_of_the_service_is_asked() -> None:
    """The other source is left alone, even when it is off."""
    clock = FakeClock()
    loki = FakeLogs(clock)
    loki.put("api", "production", [LogLine(at=clock.now() - timedelta(seconds=1), text="hello")])
    off = OffLogs("CloudWatch", "no AWS region is set.", "Set AWS_REGION.")
    logs = RoutedLogs(loki=loki, cloudwatch=off)

    page = await logs.tail("api", service("loki"), "production", LogQuery())

    assert [line.text for line in page.lines] == ["hello"]
    with pytest.raises(Unavailable, match="It is off: no AWS region is set"):
        await logs.tail("api", service("cloudwatch"), "production", LogQuery())
