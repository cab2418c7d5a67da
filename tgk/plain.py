"""Answers as bare text: for terminals, typed commands, files and people who script against them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.emblems import STAGES, bar, topic_emblem
from tgk.reply import Fact, Facts, Log, Picture, Progress, Table, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tgk.reply import Block, Reply


def plain_lines(reply: Reply, *, emblem: bool = True) -> tuple[str, ...]:
    """Return the wording people script against where the command fixed one, else the whole."""
    if reply.plain is None:
        return whole_lines(reply, emblem=emblem)
    sign = f"{topic_emblem(reply.topic)} " if emblem else ""
    return (sign + reply.plain.headline, *reply.plain.lines)


def whole_lines(reply: Reply, *, emblem: bool = True) -> tuple[str, ...]:
    """Return everything a reply says, block by block, nothing shortened."""
    sign = f"{topic_emblem(reply.topic)} " if emblem else ""
    lines = [f"{sign}{reply.title}"]
    lines += [reply.subtitle] if reply.subtitle else []
    for block in reply.blocks:
        lines += block_lines(block)
    lines += [f"{action.label}: {action.url}" for action in reply.actions if action.url]
    lines += [reply.footer] if reply.footer else []
    return tuple(lines)


def in_words(blocks: Iterable[Block]) -> tuple[str, ...]:
    """Return all that blocks say, but for pictures, which only draw what others say."""
    return tuple(
        line for block in blocks if not isinstance(block, Picture) for line in block_lines(block)
    )


def block_lines(block: Block) -> tuple[str, ...]:
    """Return one block as lines."""
    match block:
        case Facts():
            return tuple(_fact(fact) for fact in block.facts)
        case Text():
            quote = "> " if block.style == "quote" else ""
            return tuple(quote + line for line in block.text.splitlines())
        case Table():
            return table_lines(block)
        case Progress():
            return _progress(block)
        case Picture():
            return (f"[picture: {block.alt}]",)
        case Log():
            return block.lines


def table_lines(table: Table) -> tuple[str, ...]:
    """Return a table with columns as wide as their widest cell."""
    rows: list[Sequence[str]] = [table.columns, *table.rows]
    count = max((len(row) for row in rows), default=0)
    cells = [[_one_line(row[i]) if i < len(row) else "" for i in range(count)] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(count)]
    return tuple(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _fact(fact: Fact) -> str:
    moment = f"{fact.at:%Y-%m-%d %H:%M} UTC" if fact.at else ""
    link = f"({fact.url})" if fact.url and fact.value else fact.url
    value = " ".join(part for part in (moment, fact.value, link) if part)
    return f"{fact.label}: {value}"


def _progress(block: Progress) -> tuple[str, ...]:
    note = f" {block.note}" if block.note else ""
    stages = (
        f"{STAGES[stage.state]} {stage.name}" + (f" ({stage.note})" if stage.note else "")
        for stage in block.stages
    )
    return (f"{bar(block.done, block.total)} {block.done}/{block.total}{note}", *stages)


def _one_line(cell: str) -> str:
    return " ".join(cell.split())
