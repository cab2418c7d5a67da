"""Datadog gets a count and a duration for each run that ended."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import SecretStr

from integrations.heralds.address import posted, reached
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.providers.filling import Variable
    from orchestration.playbook.model import Integration
    from tgk.ports.runs import RunView
    from tgk.ports.time import Clock

_SITE: Final = "https://api.datadoghq.com"
_COUNT, _GAUGE = 1, 3
"""Numbers of the metric types in Datadog's API, version 2."""


class DatadogHerald:
    """Implements Herald on ``/api/v2/series``.

    ``DATADOG_API_URL`` moves the site, as for ``https://api.datadoghq.eu``. Points carry the time
    of the run's end, so that one sent twice counts once.
    """

    def __init__(self, clock: Clock, variable: Variable) -> None:
        self._clock = clock
        self._variable = variable

    @property
    def type(self) -> Literal["datadog"]:
        """Which integrations it serves."""
        return "datadog"

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Look whether the site answers, and whether there is a key for it."""
        self._key(settings)
        await reached("Datadog", self._site())

    def _key(self, settings: Mapping[str, str]) -> str:
        key = settings.get("api_key", "")
        if not key:
            raise Rejected("Datadog", "The playbook names no api_key.")
        return key

    def _site(self) -> str:
        moved = self._variable("DATADOG_API_URL")
        return moved.get_secret_value() if moved else _SITE

    async def tell(
        self,
        integration: Integration,  # noqa: ARG002 - named by the protocol
        event: Literal["start", "failure", "success"],
        run: RunView,
        settings: Mapping[str, str],
    ) -> None:
        """Send what a run took; raises Rejected where no key is named."""
        if event == "start" or settings.get("track_metrics", "true") != "true":
            return
        key = self._key(settings)
        await posted(
            "Datadog",
            f"{self._site().rstrip('/')}/api/v2/series",
            {"series": _series(event, run)},
            clock=self._clock,
            headers={"DD-API-KEY": SecretStr(key)},
        )


def _series(event: str, run: RunView) -> list[dict[str, Any]]:
    ended = run.ended or run.asked
    seconds = (ended - (run.began or run.asked)).total_seconds()
    tags = [f"playbook:{run.playbook}", f"result:{event}"]
    if run.request.environment:
        tags.append(f"environment:{run.request.environment}")

    def point(name: str, kind: int, value: float) -> dict[str, Any]:
        at = int(ended.timestamp())
        return {
            "metric": name, "type": kind, "tags": tags,
            "points": [{"timestamp": at, "value": value}],
        }  # fmt: skip

    return [point("tgk.run.count", _COUNT, 1), point("tgk.run.duration", _GAUGE, seconds)]
