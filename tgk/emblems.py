"""The signs of topics, tones and stages: one table for every renderer, so all doors agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.reply import Reply, StageState, Style, Tone, Topic


@dataclass(frozen=True, slots=True)
class ToneSign:
    """A tone three ways, so that it never depends on colour alone."""

    icon: str
    word: str
    colour: int
    """RGB as a number."""


TOPICS: Mapping[Topic, str] = {
    "status": "🧠", "logs": "📜", "deploy": "🚀", "scale": "📈", "ask": "🤖", "help": "📖",
    "whoami": "👤", "lock": "🔒", "approval": "🗳️", "alert": "🔥", "pull_request": "🔀",
    "build": "🏗️", "push": "⬆️", "denied": "⛔", "invalid": "🟠", "unavailable": "🔌",
    "failure": "💥", "orchestrate": "🧩", "audit": "🧾", "notice": "📣",
}  # fmt: skip

TONES: Mapping[Tone, ToneSign] = {
    "ok": ToneSign("🟢", "ok", 0x3BA55D),
    "running": ToneSign("🔵", "running", 0x5865F2),
    "warning": ToneSign("🟡", "attention", 0xF0B132),
    "bad": ToneSign("🔴", "problem", 0xD83C3E),
    "off": ToneSign("⚪", "off", 0x4E5058),
}

STAGES: Mapping[StageState, str] = {
    "waiting": "⬜", "running": "▶️", "done": "✅", "failed": "❌", "skipped": "⏭️", "paused": "⏸️",
}  # fmt: skip

BUTTONS: Mapping[Style, str] = {"primary": "", "secondary": "", "success": "✅", "danger": "⛔"}

TEST_MODE = "🧪 TEST MODE"


def topic_emblem(topic: Topic) -> str:
    """Return the sign in front of plain answers: ``🚀 Deploying …``."""
    return TOPICS[topic]


def card_emblem(reply: Reply) -> str:
    """Return the sign of a card's title: a state of things shows its tone, the rest its topic."""
    return TONES[reply.tone].icon if reply.topic == "status" else TOPICS[reply.topic]


def bar(done: int, total: int, width: int = 13) -> str:
    """Return a bar of ``width`` cells; full only when everything is done."""
    if total <= 0:
        return "░" * width
    filled = min(width, max(0, done) * width // total)
    return "█" * filled + "░" * (width - filled)


_TOLD_BY_TONE = ("deploy", "scale", "alert", "approval", "build", "orchestrate", "notice")


def tone_note(reply: Reply) -> str:
    """Return icon and word of a tone where the card's own sign does not tell how things stand."""
    if reply.tone == "off" or reply.topic not in _TOLD_BY_TONE:
        return ""
    sign = TONES[reply.tone]
    return f"{sign.icon} {sign.word}"
