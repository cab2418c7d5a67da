"""Replies as cards, for people at a terminal."""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Group
from rich.panel import Panel
from rich.table import Table as Grid
from rich.text import Text as Line

from bot.cli.hanging import hung
from bot.cli.harmless import harmless
from bot.cli.lines import how_far
from tgk.emblems import STAGES, bar, card_emblem
from tgk.reply import Facts, Log, Picture, Progress, Table, Text
from tgk.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from rich.console import Console, ConsoleOptions, RenderableType

    from tgk.reply import Action, Block, Reply

_COLOURS = {"ok": "green", "running": "blue", "warning": "yellow", "bad": "red", "off": "white"}
_WIDE = "\ufe0f"
"""Terminals do not agree how wide a sign with this is, and a card must not break its edge."""
_MOST_WAYS = 3
_STYLES = {"small": "dim", "quote": "italic", "strong": "bold"}


def links(reply: Reply) -> list[tuple[str, str]]:
    """Return what leads elsewhere, by its name: a frame would break the addresses."""
    facts = [fact for block in reply.blocks if isinstance(block, Facts) for fact in block.facts]
    named = [(fact.label, fact.url) for fact in facts]
    return list(dict.fromkeys((n, url) for n, url in [*named, *_led_to(reply)] if url))


def _led_to(reply: Reply) -> list[tuple[str, str]]:
    return [(action.label, action.url) for action in reply.actions]


def panel(reply: Reply, advice: str = "", *, linked: bool = True) -> RenderableType:
    """Return the card of a reply; ``advice`` replaces what it says to do.

    Without ``linked`` it holds no addresses: whoever shows it prints ``links`` beneath.
    """
    parts: list[RenderableType] = []
    if reply.subtitle:
        parts.append(_line(reply.subtitle, "dim"))
    blocks = _joined(_once(reply.blocks))
    parts += [part for block in blocks for part in _block(block, advice, linked=linked)]
    parts += [_line(f"{n}: {url}", "dim") for n, url in _led_to(reply) if linked and url]
    return Panel(
        Group(*parts),
        title=_line(f"{card_emblem(reply)} {' '.join(reply.title.split())}", "bold"),
        title_align="left",
        subtitle=_line(reply.footer, "dim") if reply.footer else None,
        subtitle_align="left",
        border_style=_COLOURS[reply.tone],
    )


def _once(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks without the stages that the words of a picture tell as well, and better."""
    drawn = any(isinstance(block, Picture) and "\n" in block.alt for block in blocks)
    return [
        block.model_copy(update={"stages": ()}) if drawn and isinstance(block, Progress) else block
        for block in blocks
    ]


def ways(reply: Reply) -> list[tuple[str, str]]:
    """Return what could be done next in a family, by its name, as lines to type."""
    fitting = (each for each in reply.actions if " " in each.command and not each.confirms)
    whole = [each for each in fitting if not (each.asks or each.blanks or each.pleads)]
    return [(each.label, _typed(each)) for each in whole[:_MOST_WAYS]]


def _typed(action: Action) -> str:
    """Return the line that does what a press would do."""
    words = [f"--{spelled(name)}" for name in action.arguments]
    given = zip(words, action.arguments.values(), strict=True)
    told = (word if value is True else f"{word} {quote(str(value))}" for word, value in given)
    return " ".join(["tgk", action.command, *told])


def _joined(blocks: Sequence[Block]) -> list[Block]:
    """Return the blocks with neighbouring facts in one, so that their values stand in line."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if isinstance(block, Facts) and isinstance(last, Facts):
            joined[-1] = Facts(facts=last.facts + block.facts)
        else:
            joined.append(block)
    return joined


def _line(text: str, style: str = "") -> Line:
    return Line(harmless(text).replace(_WIDE, ""), style=style, overflow="fold")


def _block(block: Block, advice: str, *, linked: bool) -> list[Any]:
    match block:
        case Facts():
            return [_facts(block, advice, linked=linked)]
        case Text():
            return [_line(block.text, _STYLES.get(block.style, ""))]
        case Table():
            return [_table(block)]
        case Progress():
            stages = [
                f"{STAGES[s.state]} {' · '.join(part for part in (s.name, s.note) if part)}"
                for s in block.stages
            ]
            head = f"{bar(block.done, block.total)} {how_far(block)}"
            return [_line(line) for line in (head, *stages)]
        case Picture():
            return [_line(block.alt, "dim")]
        case Log():
            return [_Lines(block.lines)]


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of a file; the rest of one that is too long hangs under its beginning."""

    lines: tuple[str, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Line]:
        for line in self.lines:
            yield from (_line(part) for part in hung(harmless(line), options.max_width))


def _facts(block: Facts, advice: str, *, linked: bool) -> Any:
    grid = Grid.grid(padding=(0, 2))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for fact in block.facts:
        moment = f"{fact.at:%Y-%m-%d %H:%M} UTC" if fact.at else ""
        address = fact.url if linked else ""
        told = " ".join(part for part in (moment, fact.value, address) if part)
        if fact.url and not told:
            continue
        value = advice if advice and fact.label == "Do" else told
        grid.add_row(_line(fact.label, "dim"), _line(value))
    return grid


def _table(block: Table) -> Any:
    grid = Grid(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for column in block.columns:
        grid.add_column(_line(column), overflow="fold")
    for row in block.rows:
        grid.add_row(*(_line(cell) for cell in row))
    return grid
