"""Answers as bare text."""

from __future__ import annotations

from datetime import UTC, datetime

from tgk.emblems import bar, tone_note
from tgk.plain import plain_lines, whole_lines
from tgk.reply import (
    Action,
    Fact,
    Facts,
    Log,
    Picture,
    Plain,
    Progress,
    Reply,
    Stage,
    Table,
    Text,
)

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)


def test_a_fixed_wording_comes_with_its_sign() -> None:
    """The first line carries the topic's sign, or not where a terminal wants bare words."""
    reply = Reply(
        topic="deploy", title="card", plain=Plain(headline="Deploying v1", lines=("Monitor: x",))
    )

    assert plain_lines(reply) == ("🚀 Deploying v1", "Monitor: x")
    assert plain_lines(reply, emblem=False) == ("Deploying v1", "Monitor: x")


def test_every_block_has_words() -> None:
    """Without a fixed wording the blocks speak, none is left out."""
    reply = Reply(
        topic="status",
        title="api",
        subtitle="checked",
        blocks=(
            Facts(
                facts=(
                    Fact(label="State", value="Running"),
                    Fact(label="Since", at=NOW),
                    Fact(label="Run", value="4711", url="https://ci.example/4711"),
                )
            ),
            Text(text="one\ntwo", style="quote"),
            Table(columns=("Name", "Up"), rows=(("api", "2"), ("event-gateway",))),
            Progress(
                done=1, total=2, note="soon", stages=(Stage(name="build", state="done", note="ok"),)
            ),
            Picture(svg="<svg/>", alt="CPU 38 %"),
            Log(lines=("a", "b")),
        ),
        actions=(Action(label="Board", url="https://g.example"), Action(label="x", command="y")),
        footer="audit a1",
    )

    assert whole_lines(reply) == (
        "🧠 api", "checked", "State: Running", "Since: 2026-01-15 10:30 UTC",
        "Run: 4711 (https://ci.example/4711)", "> one", "> two", "Name           Up",
        "api            2", "event-gateway", "██████░░░░░░░ 1/2 soon", "✅ build (ok)",
        "[picture: CPU 38 %]", "a", "b", "Board: https://g.example", "audit a1",
    )  # fmt: skip


def test_a_bar_is_full_only_at_the_end() -> None:
    """Nearly done is not done, and nothing to do is empty."""
    assert bar(12, 13) == "█" * 12 + "░"
    assert bar(99, 100) != "█" * 13
    assert bar(5, 5) == "█" * 13
    assert bar(1, 0) == "░" * 13


def test_a_tone_is_told_in_words_where_the_sign_does_not() -> None:
    """A failed deployment says so beside its colour; a denial's sign is enough."""
    assert tone_note(Reply(topic="deploy", title="x", tone="bad")) == "🔴 problem"
    assert tone_note(Reply(topic="denied", title="x", tone="bad")) == ""
