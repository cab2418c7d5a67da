"""Slack hears of a run through an incoming webhook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from integrations.heralds.herald import PostingHerald, words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import RunEvent
    from tgk.ports.runs import RunView

_WORDS: Final = {"start": "started", "failure": "failed", "success": "succeeded"}
_LONGEST: Final = 3000
_EVERYBODY: Final = frozenset({"here", "channel", "everyone"})
_PERSON: Final = re.compile(r"[UW][A-Z0-9]{5,20}")
_GROUP: Final = re.compile(r"S[A-Z0-9]{5,20}")


class SlackHerald(PostingHerald):
    """Implements Herald; an answer that got lost may mean a second message, never a missing one.

    ``channel`` moves the message where the webhook allows it. ``mention`` calls people when a run
    failed: ``here``, ``channel``, ids of users or groups, several by commas.
    """

    type: ClassVar[Literal["slack"]] = "slack"
    system = "Slack"

    async def say(self, event: RunEvent, run: RunView, settings: Mapping[str, str]) -> None:
        """Post one line."""
        why = f": {run.reason}" if event == "failure" and run.reason else ""
        line = f"{run.playbook} {_WORDS[event]} ({run.id}, {run.starter.person}){why}"
        called = _called(settings.get("mention", "")) if event == "failure" else ""
        body: dict[str, Any] = {"text": f"{called}{_escaped(line[:_LONGEST])}"}
        if channel := settings.get("channel", "").strip():
            body["channel"] = channel
        await self.post(self.address(settings), body)

    def address(self, settings: Mapping[str, str]) -> str:
        """Return the webhook; all of it is a secret."""
        return self.needed(settings, "webhook")


def _called(text: str) -> str:
    """Return people as Slack's marks; a word that is no id stays a word."""
    return "".join(f"{_mark(word.removeprefix('@'))} " for word in words(text))


def _mark(word: str) -> str:
    if word in _EVERYBODY:
        return f"<!{word}>"
    if _PERSON.fullmatch(word):
        return f"<@{word}>"
    return f"<!subteam^{word}>" if _GROUP.fullmatch(word) else _escaped(word)


def _escaped(text: str) -> str:
    """Return a text without Slack's own marks, which begin with these three characters."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
