"""The blocks of a reply as lines for Telegram; every one may be longer than a message."""

from __future__ import annotations

from typing import TYPE_CHECKING

from integrations.telegram.markup import Line, link, shorten, span
from integrations.telegram.moments import moment
from tgk.emblems import STAGES, bar

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.reply import Block, Fact, Facts, Log, Picture, Progress, Stage, Table, Text

TABLE_COLUMNS = 34
"""What a phone shows of fixed-width text without wrapping."""
_SHORT_LOG = 15
_HEAD, _TAIL = 5, 10
_LOG_LINE = 160
_STAGES_AS_LINES = 12
_SELF_EXPLAINING = 2
"""So many columns need no names."""


def block_lines(block: Block, now: datetime) -> list[Line]:
    """Return the lines of any block."""
    match block.kind:
        case "facts":
            return _facts(block, now)
        case "text":
            return _text(block)
        case "table":
            return _table(block)
        case "progress":
            return _progress(block)
        case "picture":
            return _picture(block)
        case "log":
            return _log(block)


def is_abridged(log: Log) -> bool:
    """Say whether a message shows less than the whole log."""
    return len(log.lines) > _SHORT_LOG or any(len(line) > _LOG_LINE for line in log.lines)


def _facts(block: Facts, now: datetime) -> list[Line]:
    return [_fact(fact, now) for fact in block.facts]


def _fact(fact: Fact, now: datetime) -> Line:
    label = (span(fact.label.rstrip(":") + ":", "b"), span(" ")) if fact.label else ()
    when = moment(fact.at, now) if fact.at else ()
    between = (span(" "),) if when and fact.value else ()
    if fact.url:
        value: Line = (link(fact.value or fact.url, fact.url),)
    elif fact.value:
        value = (span(fact.value, "code") if fact.code else span(fact.value),)
    else:
        value = ()
    return (*label, *when, *between, *value)


def _text(block: Text) -> list[Line]:
    tags = {"normal": (), "small": ("i",), "quote": ("blockquote",), "strong": ("b",)}
    return [(span(block.text, *tags[block.style]),)] if block.text.strip() else []


def _table(block: Table) -> list[Line]:
    rows = [block.columns, *block.rows]
    most = max((len(row) for row in rows), default=0)
    cells = [[*row, *[""] * (most - len(row))] for row in rows]
    widths = [max(len(row[at]) for row in cells) for at in range(most)]
    breaks = any("\n" in cell for row in cells for cell in row)
    if breaks or sum(widths) + 2 * (most - 1) > TABLE_COLUMNS:
        return [_row_as_line(block.columns, row) for row in block.rows]
    drawn = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )
    return [(span("\n".join(drawn), "pre"),)]


def _row_as_line(columns: tuple[str, ...], row: tuple[str, ...]) -> Line:
    """A row of a table that is too wide for a phone: the first cell leads, nothing is cut."""
    names = [*columns, *[""] * len(row)] if len(columns) > _SELF_EXPLAINING else [""] * len(row)
    pairs = list(zip(names, row, strict=False))[1:]
    rest = " · ".join(f"{name} {cell}".strip() for name, cell in pairs)
    first = row[0] if row else ""
    return (span(first, "b"), span(f" · {rest}" if rest else ""))


def _progress(block: Progress) -> list[Line]:
    head: Line = (span(bar(block.done, block.total), "code"), span(f" {block.done}/{block.total}"))
    if block.note:
        head = (*head, span(f" · {block.note}"))
    stages = [_stage(stage) for stage in block.stages]
    if len(stages) > _STAGES_AS_LINES:
        between = span(" · ")
        return [head, tuple(part for stage in stages for part in (*stage, between))[:-1]]
    return [head, *stages]


def _stage(stage: Stage) -> Line:
    name = link(stage.name, stage.url) if stage.url else span(stage.name)
    note = (span(f" · {stage.note}"),) if stage.note else ()
    return (span(f"{STAGES[stage.state]} "), name, *note)


def _picture(block: Picture) -> list[Line]:
    return [(span(block.alt, "i"),)] if block.alt.strip() else []


def _log(block: Log) -> list[Line]:
    shown = block.lines
    if len(shown) > _SHORT_LOG:
        hidden = f"… {len(shown) - _HEAD - _TAIL:,} more lines in {block.filename} …"
        shown = (*shown[:_HEAD], hidden.replace(",", " "), *shown[-_TAIL:])
    body = "\n".join(shorten(span(line).text, _LOG_LINE) for line in shown)
    return [(span(body, "blockquote expandable", "pre"),)] if body.strip() else []
