"""Datadog gets a count and a duration for each run that ended."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from pydantic import SecretStr

from integrations.heralds.herald import PostingHerald, is_on, words
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.model import RunEvent
    from tgk.ports.runs import RunView

_SITE: Final = "datadoghq.com"
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_COUNT, _GAUGE = 1, 3
"""Numbers of the metric types in Datadog's API, version 2."""


class DatadogHerald(PostingHerald):
    """Implements Herald on ``/api/v2/series``.

    ``site`` is Datadog's word for where an account lives, such as ``datadoghq.eu``;
    ``DATADOG_API_URL`` of the environment moves all of them. Points carry the time of the run's
    end, so that one sent twice counts once.
    """

    type: ClassVar[Literal["datadog"]] = "datadog"
    system = "Datadog"

    async def say(self, event: RunEvent, run: RunView, settings: Mapping[str, str]) -> None:
        """Send what a run took, once it has ended."""
        if event == "start" or not is_on(settings, "track_metrics"):
            return
        series = _series(event, run, words(settings.get("tags", "")))
        key = SecretStr(self.needed(settings, "api_key"))
        await self.post(self.address(settings), {"series": series}, {"DD-API-KEY": key})

    def address(self, settings: Mapping[str, str]) -> str:
        """Return the address of the site; raises Rejected without a key for it."""
        self.needed(settings, "api_key")
        moved = self._variable("DATADOG_API_URL")
        site = settings.get("site", "").strip() or _SITE
        if not _HOST.fullmatch(site):
            raise Rejected(self.system, "site is no host.", remedy="Write such as datadoghq.eu.")
        origin = moved.get_secret_value().rstrip("/") if moved else f"https://api.{site}"
        return f"{origin}/api/v2/series"


def _series(event: RunEvent, run: RunView, more: Sequence[str]) -> list[dict[str, Any]]:
    ended = run.ended or run.asked
    seconds = (ended - (run.began or run.asked)).total_seconds()
    tags = [f"playbook:{run.playbook}", f"result:{event}", *more]
    if run.request.environment:
        tags.append(f"environment:{run.request.environment}")

    def point(name: str, kind: int, value: float) -> dict[str, Any]:
        at = int(ended.timestamp())
        return {
            "metric": name, "type": kind, "tags": tags,
            "points": [{"timestamp": at, "value": value}],
        }  # fmt: skip

    return [point("tgk.run.count", _COUNT, 1), point("tgk.run.duration", _GAUGE, seconds)]
