"""Blocks of a reply as Discord text, each within the characters that are left for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.discord import escape
from tgk.emblems import STAGES, bar
from tgk.plain import table_lines
from tgk.reply import Fact, Facts, Log, Picture, Progress, Stage, Table, Text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.reply import Block

HEAD_LINES, TAIL_LINES, WHOLE_LINES = 5, 10, 15
LOG_WIDTH = 150
TABLE_WIDTH = 56
TABLE_ROWS = 25
_FEW_ROWS = 6
_FEW_STAGES = 12
_FACTS_A_LINE = 4
_SENTENCE = 60

_LEVELS = (
    (re.compile(r"\b(?:error|fatal|critical|panic|exception)\b", re.IGNORECASE), 31),
    (re.compile(r"\bwarn(?:ing)?\b", re.IGNORECASE), 33),
    (re.compile(r"(?<!\()\binfo\b", re.IGNORECASE), 34),  # "(info)" is of a notice, no level
    (re.compile(r"\b(?:debug|trace)\b", re.IGNORECASE), 30),
)


@dataclass(frozen=True, slots=True)
class Written:
    """Text that fits, and whether something had to be left out of it."""

    text: str
    shortened: bool = False


def width(text: str) -> int:
    """Return how much of the platform's limit a text takes, counted the way that takes most."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def fit(text: str, room: int) -> Written:
    """Return as many whole lines as fit, with a mark where the rest was left out."""
    if width(text) <= room:
        return Written(text)
    kept: list[str] = []
    left = room - 2
    for each in text.split("\n"):
        left -= width(each) + 1
        if left < 0:
            break
        kept.append(each)
    return Written("\n".join([*kept, "…"]) if room > 1 else "", shortened=True)


def write(block: Block, room: int) -> Written:
    """Return a block as Discord text of at most ``room`` characters."""
    match block:
        case Facts():
            return fit(_facts(block.facts), room)
        case Text():
            return fit(_text(block), room)
        case Table():
            return _table(block, room)
        case Progress():
            return fit(_progress(block), room)
        case Log():
            return log(block.lines, room)
        case Picture():
            return fit(f"-# {escape.line(block.alt)}", room)


def log(lines: Sequence[str], room: int) -> Written:
    """Return a coloured block: all of a short log, else its head and its tail."""
    if not lines:
        return Written("-# no lines")
    for cut in (LOG_WIDTH, 80, 40):
        text, shortened = _log_block(lines, cut)
        if width(text) <= room:
            return Written(text, shortened)
    note = f"-# {_count(len(lines))} lines are attached"
    return Written(note if width(note) <= room else "", shortened=True)


def _log_block(lines: Sequence[str], cut: int) -> tuple[str, bool]:
    long = len(lines) > WHOLE_LINES
    head = lines[:HEAD_LINES] if long else lines
    tail = lines[-TAIL_LINES:] if long else ()
    shown = [_log_line(each, cut) for each in head]
    if long:
        shown.append(f"… {_count(len(lines) - HEAD_LINES - TAIL_LINES)} lines …")
    shown += [_log_line(each, cut) for each in tail]
    shortened = long or any(len(each) > cut for each in lines)
    return "```ansi\n" + "\n".join(shown) + "\n```", shortened


def _log_line(text: str, cut: int) -> str:
    bare = " ".join(text.splitlines())
    bare = escape.fenced(bare if len(bare) <= cut else bare[: cut - 1] + "…")
    colour = next((colour for pattern, colour in _LEVELS if pattern.search(text[:200])), 0)
    return f"\x1b[{colour}m{bare}\x1b[0m" if colour else bare or " "


def _facts(facts: Sequence[Fact]) -> str:
    """Put short facts side by side; where one is a sentence, each gets its own line."""
    shown = [_fact(fact) for fact in facts]
    if any(len(fact.value) > _SENTENCE or "\n" in fact.value for fact in facts):
        return "\n".join(shown)
    return "\n".join(
        " · ".join(shown[at : at + _FACTS_A_LINE]) for at in range(0, len(shown), _FACTS_A_LINE)
    )


def _fact(fact: Fact) -> str:
    value = escape.code(fact.value) if fact.code and fact.value else escape.line(fact.value)
    if fact.url and not fact.code:
        value = escape.link(fact.value or fact.url, fact.url)
    moment = f"<t:{int(fact.at.timestamp())}:R>" if fact.at else ""
    label = f"**{escape.line(fact.label)}**" if fact.label.strip() else ""
    return " ".join(part for part in (label, moment, value) if part)


def _text(block: Text) -> str:
    prose = escape.prose(block.text)
    if block.style == "normal":
        return prose
    if block.style == "strong":
        return "\n".join(f"**{each}**" if each.strip() else each for each in prose.split("\n"))
    mark = {"small": "-# ", "quote": "> "}[block.style]
    return "\n".join(mark + each if each.strip() else each for each in prose.split("\n"))


def _table(table: Table, room: int) -> Written:
    """Draw few or wide rows as lines, many narrow ones in columns."""
    lines = [escape.fenced(each) for each in table_lines(table)]
    narrow = all(len(each) <= TABLE_WIDTH for each in lines)
    if len(table.rows) <= _FEW_ROWS or (not narrow and len(table.rows) <= TABLE_ROWS):
        return fit("\n".join(_row(table.columns, row) for row in table.rows), room)
    shown = [each if len(each) <= TABLE_WIDTH else each[: TABLE_WIDTH - 1] + "…" for each in lines]
    hidden = len(table.rows) - TABLE_ROWS
    if hidden > 0:
        shown = [*shown[: TABLE_ROWS + 1], f"… {_count(hidden)} more rows"]
    text = "```\n" + "\n".join(shown) + "\n```"
    if width(text) > room:
        note = f"-# a table of {_count(len(table.rows))} rows is attached"
        return Written(note if width(note) <= room else "", shortened=True)
    return Written(text, shortened=shown != lines)


def _row(columns: Sequence[str], row: Sequence[str]) -> str:
    """Set the first cell bold; where more than one follows, each comes with its column's name."""
    if not row:
        return ""
    named = len(columns) > 2  # noqa: PLR2004 - two columns explain each other
    rest = [
        f"{escape.line(name)} {escape.line(cell)}".strip() if named else escape.line(cell)
        for name, cell in zip((*columns[1:], *[""] * len(row)), row[1:], strict=False)
        if cell.strip()
    ]
    return " · ".join([f"**{escape.line(row[0]) or '–'}**", *rest])


def _progress(block: Progress) -> str:
    note = f" · {escape.line(block.note)}" if block.note else ""
    head = f"`{bar(block.done, block.total)}` **{block.done} / {block.total}**{note}"
    return "\n".join(part for part in (head, _stages(block.stages)) if part)


def _stages(stages: Sequence[Stage]) -> str:
    """Name few stages one by one; of many, name those that matter now and count the rest."""
    if len(stages) <= _FEW_STAGES:
        return " · ".join(_stage(stage) for stage in stages)
    live = [stage for stage in stages if stage.state in ("running", "failed", "paused")][:8]
    counts: dict[str, int] = {}
    for stage in stages:
        if stage not in live:
            counts[STAGES[stage.state]] = counts.get(STAGES[stage.state], 0) + 1
    counted = [f"{icon} {count} more" for icon, count in counts.items()]
    return " · ".join([*(_stage(stage) for stage in live), *counted])


def _stage(stage: Stage) -> str:
    name = escape.link(stage.name, stage.url) if stage.url else escape.line(stage.name)
    shown = f"**{name}**" if stage.state in ("running", "paused", "failed") else name
    return f"{STAGES[stage.state]} {shown}" + (
        f" ({escape.line(stage.note)})" if stage.note else ""
    )


def _count(number: int) -> str:
    return f"{number:,}".replace(",", "\u202f")
