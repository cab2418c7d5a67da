"""Slack hears of a run through an incoming webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from integrations.heralds.address import posted, reached
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Integration
    from tgk.ports.runs import RunView
    from tgk.ports.time import Clock

_WORDS: Final = {"start": "started", "failure": "failed", "success": "succeeded"}
_LONGEST: Final = 3000


class SlackHerald:
    """Implements Herald; an answer that got lost may mean a second message, never a missing one."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    @property
    def type(self) -> Literal["slack"]:
        """Which integrations it serves."""
        return "slack"

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Look whether the webhook's host answers."""
        await reached("Slack", _webhook(settings))

    async def tell(
        self,
        integration: Integration,  # noqa: ARG002 - named by the protocol
        event: Literal["start", "failure", "success"],
        run: RunView,
        settings: Mapping[str, str],
    ) -> None:
        """Post one line; raises Rejected where no webhook is named."""
        address = _webhook(settings)
        why = f": {run.reason}" if event == "failure" and run.reason else ""
        text = f"{run.playbook} {_WORDS[event]} ({run.id}, {run.starter.person}){why}"
        body = {"text": _escaped(text[:_LONGEST])}
        await posted("Slack", address, body, clock=self._clock)


def _webhook(settings: Mapping[str, str]) -> str:
    address = settings.get("webhook", "")
    if not address:
        raise Rejected("Slack", "The playbook names no webhook.")
    return address


def _escaped(text: str) -> str:
    """Return a text without Slack's own marks, which begin with these three characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
