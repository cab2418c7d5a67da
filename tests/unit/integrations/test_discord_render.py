"""Replies as Discord messages: limits, escaping, and nothing cut silently."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

import discord
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integrations.discord.render import Extras, render
from tgk.reply import (
    Action,
    Fact,
    Facts,
    Log,
    Picture,
    Progress,
    Reply,
    Stage,
    Table,
    Text,
    Tone,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROW, BUTTON, SELECT, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 3, 10, 12, 13, 14, 17
TOKEN = "tgk:a:abcdefghi{}"
HOSTILE = (
    "@everyone @here <@300000000000000001> <@&200000000000000001> <#4> ||x|| **b** `c` ```d``` "
    "[click](https://evil.example) # h\n# heading\n- list\n> quote\n\u202egnp\u200b.exe <t:1:R> "
    "~~s~~"
)


def walk(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every component, nested ones included."""
    found: list[dict[str, Any]] = []
    for each in components:
        found += [each, *walk(each.get("components", []))]
    return found


def faults(components: list[dict[str, Any]], names: list[str]) -> list[str]:
    """Check a payload against the platform's table of limits, written down independently."""
    every = walk(components)
    found = [] if len(every) <= 40 else [f"{len(every)} components"]
    texts = [each["content"] for each in every if each["type"] == TEXT]
    utf16 = sum(len(text.encode("utf-16-le")) // 2 for text in texts)
    found += [] if utf16 <= 4000 else [f"{utf16} characters"]
    found += ["empty text" for text in texts if not text.strip()]
    ids = [each["custom_id"] for each in every if "custom_id" in each]
    found += [f"id {each}" for each in ids if not 1 <= len(each) <= 100]
    found += ["ids repeat"] if len(ids) != len(set(ids)) else []
    for each in every:
        found += component_faults(each, names)
    return found


def component_faults(each: dict[str, Any], names: list[str]) -> list[str]:
    """Check one component."""
    kind, inner = each["type"], each.get("components", [])
    if kind == ROW:
        buttons = all(child["type"] == BUTTON for child in inner) and 1 <= len(inner) <= 5
        menu = len(inner) == 1 and inner[0]["type"] == SELECT
        return [] if buttons or menu else ["row"]
    if kind == BUTTON:
        fits = 1 <= len(each["label"].encode("utf-16-le")) // 2 <= 80
        link = each["style"] == 5
        return [] if fits and link == ("url" in each) and len(each.get("url", "")) <= 512 else ["b"]
    if kind == SELECT:
        labels = [option["label"] for option in each["options"]]
        fits = all(1 <= len(label.encode("utf-16-le")) // 2 <= 100 for label in labels)
        return [] if fits and 1 <= len(labels) <= 25 else ["select"]
    if kind in (GALLERY, FILE):
        media = [item["media"] for item in each["items"]] if kind == GALLERY else [each["file"]]
        missing = [m["url"] for m in media if m["url"].removeprefix("attachment://") not in names]
        long = [i for i in each.get("items", []) if len(i.get("description") or "") > 1024]
        return [f"no file {url}" for url in missing] + ["alt"] * len(long)
    return [] if kind in (TEXT, SEPARATOR, CONTAINER) else [f"type {kind}"]


def drawn(reply: Reply, **extras: Any) -> tuple[str, dict[str, str], list[dict[str, Any]]]:
    """Render a reply and return its text, its files and its payload."""
    minted = [action for action in reply.actions if not action.url]
    tokens = [f"tgk:a:{number:010d}" for number in range(len(minted))]
    view, files = render(reply, Extras(tokens=tokens, **extras))
    components = view.to_components()
    text = "\n".join(each["content"] for each in walk(components) if each["type"] == TEXT)
    contents = {each.filename: each.fp.read().decode(errors="replace") for each in files}
    assert faults(components, list(contents)) == []
    assert len(files) <= 10
    return text, contents, components


hostile = st.one_of(
    st.text(max_size=60), st.just(HOSTILE), st.text("`*_@<>[]()#|~\\-\n", max_size=300),
    st.sampled_from(["x" * 5000, "🔥" * 1500, "\n" * 50, " ", "", "a\u200bb", "https://a.b/" * 99]),
)  # fmt: skip
facts = st.builds(
    Fact, label=hostile, value=hostile, at=st.sampled_from([None, NOW]), code=st.booleans(),
    url=hostile,
)  # fmt: skip
stages = st.builds(
    Stage, name=hostile, note=hostile,
    state=st.sampled_from(["waiting", "running", "done", "failed", "skipped", "paused"]),
)  # fmt: skip
tuples = st.lists(hostile, max_size=8).map(tuple)
blocks = st.one_of(
    st.builds(Facts, facts=st.lists(facts, max_size=4).map(tuple)),
    st.just(Facts(facts=tuple(Fact(label=f"L{n}", value="v" * n) for n in range(100)))),
    st.builds(Text, text=hostile, style=st.sampled_from(["normal", "small", "quote", "strong"])),
    st.builds(Table, columns=tuples, rows=st.lists(tuples, max_size=10).map(tuple)),
    st.builds(
        Progress, done=st.integers(0, 99), total=st.integers(0, 50), note=hostile,
        stages=st.lists(stages, max_size=20).map(tuple),
    ),
    st.builds(Picture, svg=st.just("<svg/>"), alt=hostile),
    st.builds(Log, lines=tuples, filename=hostile),
    st.just(Log(lines=tuple(f"ERROR {n} {HOSTILE}" for n in range(5000)))),
)  # fmt: skip
actions = st.builds(
    Action, label=hostile, command=st.just("status"),
    style=st.sampled_from(["primary", "secondary", "success", "danger"]),
    url=st.sampled_from(["", "", "https://a.example", "javascript:a()", "http://" + "a" * 600]),
)  # fmt: skip
replies = st.builds(
    Reply, topic=st.sampled_from(["status", "logs", "deploy", "denied"]), title=hostile,
    tone=st.sampled_from(["ok", "running", "warning", "bad", "off"]), subtitle=hostile,
    blocks=st.lists(blocks, max_size=9).map(tuple), footer=hostile,
    actions=st.lists(actions, max_size=50).map(tuple),
)  # fmt: skip


@given(replies, st.booleans())
@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_reply_fits_the_platform(reply: Reply, simulated: bool) -> None:
    """Whatever a command answers, the payload keeps every limit and pings nobody."""
    shown = drawn(
        reply, simulated=simulated, pictures=[b"png"] * 9, accounts=["300000000000000001"]
    )[0]

    body = shown.replace("<@300000000000000001>", "", 1)
    assert re.search(r"@(everyone|here|[!&]?[0-9]{17})", body) is None
    assert "\u202e" not in shown


def test_a_status_card_reads_like_the_drawing() -> None:
    """Title with its sign, small subtitle, facts side by side, a moment, a link and buttons."""
    reply = Reply(
        topic="status",
        title="event-gateway · production",
        tone="ok",
        subtitle="prometheus + k8s",
        blocks=(
            Facts(
                facts=(
                    Fact(label="State", value="Running"),
                    Fact(label="Version", value="v1.2.3", code=True),
                    Fact(label="Deployed", at=NOW, value="by dana"),
                )
            ),
        ),
        actions=(
            Action(label="Logs", command="logs"),
            Action(label="Dashboard", url="https://grafana.example/d/1"),
        ),
        footer="audit a1f3",
    )

    text, files, components = drawn(reply, simulated=True)

    assert text == (
        "### 🟢 event-gateway · production\n-# prometheus + k8s\n"
        "**State** Running · **Version** `v1.2.3` · **Deployed** <t:1767225600:R> by dana\n"
        "-# audit a1f3 · 🧪 TEST MODE"
    )
    assert files == {}
    assert components[0]["accent_color"] == 0x3BA55D
    assert [each.get("url") for each in walk(components) if each["type"] == BUTTON] == [
        None, "https://grafana.example/d/1",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("tone", "colour"),
    [("ok", 0x3BA55D), ("running", 0x5865F2), ("warning", 0xF0B132), ("bad", 0xD83C3E)],
)
def test_a_tone_is_a_colour_and_a_word(tone: Tone, colour: int) -> None:
    """Nobody needs to tell colours apart."""
    text, _, components = drawn(Reply(topic="deploy", title="Deploy", tone=tone))

    assert components[0]["accent_color"] == colour
    assert {"ok": "ok", "running": "running", "warning": "attention", "bad": "problem"}[
        tone
    ] in text


def test_foreign_markup_shows_as_typed() -> None:
    """Headings, lists, links and code of others are words, not markup."""
    text, _, _ = drawn(Reply(topic="logs", title="x", blocks=(Text(text=HOSTILE, style="quote"),)))

    assert r"\[click\](https://evil.example)" in text
    assert r"> \# heading" in text
    assert r"\`\`\`d\`\`\`" in text
    assert r"\<t:1:R\>" in text


def test_a_short_log_is_shown_whole_with_colours() -> None:
    """Up to fifteen lines need no file."""
    lines = ("ERROR broken ```", "INFO fine", "plain", "succeeded  tell (Notify everybody (info))")

    text, files, _ = drawn(Reply(topic="logs", title="x", blocks=(Log(lines=lines),)))

    assert "\x1b[31mERROR broken" in text
    assert "\nsucceeded  tell (Notify everybody (info))" in text
    assert text.count("```") == 2
    assert files == {}


def test_a_long_log_shows_head_and_tail_and_is_attached() -> None:
    """Five lines, how many are left out, ten lines, and the file has all of them."""
    lines = tuple(f"line {number}" for number in range(1300))
    reply = Reply(topic="logs", title="x", blocks=(Log(lines=lines, filename="bot.log"),))

    text, files, _ = drawn(reply)

    assert "line 4\n… 1\u202f285 lines …\nline 1290" in text
    assert files == {"bot.log": "\n".join(lines)}


def test_what_does_not_fit_is_attached_whole() -> None:
    """A long answer says that it is shortened, and the file has every word."""
    long = "\n".join(f"paragraph {number}" for number in range(500))

    text, files, _ = drawn(Reply(topic="ask", title="x", blocks=(Text(text=long),)))

    assert "the whole answer is attached" in text
    assert "paragraph 499" in files["answer.txt"]


def test_a_wide_table_becomes_lines() -> None:
    """Columns that do not fit a phone are written out, none is cut."""
    rows = tuple((f"/c{n}", "what it does " * 5) for n in range(8))
    reply = Reply(topic="help", title="x", blocks=(Table(columns=("Name", "Note"), rows=rows),))

    text, files, _ = drawn(reply)

    assert "**/c7** · what it does" in text
    assert files == {}


def test_a_long_wide_table_is_whole_in_a_file() -> None:
    """More rows than fit are drawn fixed-width; a cut cell is whole in the file."""
    rows = tuple((f"service-{n}", "x" * 80) for n in range(30))
    reply = Reply(topic="status", title="x", blocks=(Table(columns=("Name", "Note"), rows=rows),))

    text, files, _ = drawn(reply)

    longest = max(len(line) for line in text.split("```")[1].splitlines())
    assert longest <= 56
    assert "x" * 80 in files["answer.txt"]


def test_more_buttons_than_fit_move_into_a_menu() -> None:
    """Every action stays reachable."""
    many = tuple(Action(label=f"a{n}", command="status") for n in range(30))

    _, _, components = drawn(Reply(topic="help", title="x", actions=many))

    kinds = [each["type"] for each in walk(components)]
    menu = next(each for each in walk(components) if each["type"] == SELECT)
    assert (kinds.count(BUTTON), len(menu["options"])) == (15, 15)


def test_many_stages_are_counted() -> None:
    """What runs is named, the rest is a number."""
    stages = (Stage(name="now", state="running"),) + (Stage(name="s", state="done"),) * 30

    text, _, _ = drawn(
        Reply(topic="deploy", title="x", blocks=(Progress(done=30, total=31, stages=stages),))
    )

    assert "▶️ **now** · ✅ 30 more" in text
    assert "`████████████░` **30 / 31**" in text


def test_a_picture_is_attached_with_its_words() -> None:
    """Who cannot see it reads it; without a drawing the words stand in its place."""
    reply = Reply(topic="status", title="x", blocks=(Picture(svg="<svg/>", alt="CPU 38 %"),))

    _, files, components = drawn(reply, pictures=[b"png"])
    instead, none, _ = drawn(reply, pictures=[None])

    gallery = next(each for each in walk(components) if each["type"] == GALLERY)
    assert gallery["items"][0]["description"] == "CPU 38 %"
    assert files == {"picture-1.png": "png"}
    assert ("CPU 38 %" in instead, none) == (True, {})


async def test_the_library_does_not_keep_a_drawn_view() -> None:
    """Presses are found by their token, so no view may pile up in memory."""
    view, _ = render(Reply(topic="help", title="x"), Extras())

    assert isinstance(view, discord.ui.LayoutView)
    assert view.is_finished()
