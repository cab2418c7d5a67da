"""Replies in a terminal: cards where a person looks, plain lines where a program does."""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tgk.emblems import STAGES, bar, card_emblem
from tgk.plain import plain_lines
from tgk.reply import Facts, Log, Picture, Progress, Table, Text

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.live import Live

    from tgk.outcome import Outcome
    from tgk.reply import Block, Reply

_COLOURS = {"ok": "green", "running": "blue", "warning": "yellow", "bad": "red", "off": "white"}
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""Foreign text must not move the cursor, ring, or set titles."""

_ASCII = {"█": "#", "░": "-", "·": "-", "→": "->", "…": "...", "≥": ">="}


def harmless(text: str) -> str:
    """Return text that a terminal only prints."""
    return _CONTROL.sub("�", text)


@dataclass(slots=True)
class Screen:
    """Where one invocation is shown. ``card`` is for people; without it every line is plain."""

    card: bool
    as_json: bool = False
    quiet: bool = False
    colour: bool = True
    ascii_only: bool = False
    _live: Live | None = None
    _last: str = field(default="")

    def progress(self, reply: Reply) -> None:
        """Show how far a long job is: redrawn for people, one line per change for programs."""
        if self.quiet:
            return
        if self.card and not self.as_json:
            self._redraw(reply)
            return
        line = progress_line(reply)
        if line != self._last:
            print(self._fit(line), file=sys.stderr if self.as_json else sys.stdout, flush=True)
            self._last = line

    def outcome(self, outcome: Outcome) -> None:
        """Show how it ended."""
        self.close()
        if self.as_json:
            value = {"result": outcome.result, "reference": outcome.reference}
            print(json.dumps({**value, **outcome.reply.data}, ensure_ascii=False, default=str))
        elif self.card:
            self._console().print(self._panel(outcome.reply))
        else:
            self.plain(outcome.reply)

    def plain(self, reply: Reply) -> None:
        """Print the wording people script against."""
        for line in plain_lines(reply, emblem=not self.ascii_only):
            print(self._fit(line))

    def close(self) -> None:
        """Stop redrawing, leaving nothing of the progress behind."""
        if self._live is not None:
            self._live.stop()
            self._live = None

    def _fit(self, line: str) -> str:
        line = harmless(line)
        if not self.ascii_only:
            return line
        for sign, plain in _ASCII.items():
            line = line.replace(sign, plain)
        return line.encode("ascii", "replace").decode()

    def _redraw(self, reply: Reply) -> None:
        from rich.live import Live

        if self._live is None:
            self._live = Live(console=self._console(), transient=True, refresh_per_second=4)
            self._live.start()
        self._live.update(self._panel(reply))

    def _console(self) -> Console:
        from rich.console import Console

        return Console(no_color=not self.colour, highlight=False)

    def _panel(self, reply: Reply) -> RenderableType:
        from rich.console import Group
        from rich.panel import Panel
        from rich.text import Text as Line

        parts: list[RenderableType] = []
        if reply.subtitle:
            parts.append(Line(harmless(reply.subtitle), style="dim"))
        parts += [part for block in reply.blocks for part in _block(block)]
        parts += [
            Line(f"{a.label}: {harmless(a.url)}", style="dim") for a in reply.actions if a.url
        ]
        return Panel(
            Group(*parts),
            title=Line(f"{card_emblem(reply)} {harmless(reply.title)}", style="bold"),
            title_align="left",
            subtitle=Line(harmless(reply.footer), style="dim") if reply.footer else None,
            subtitle_align="left",
            border_style=_COLOURS[reply.tone],
        )


def progress_line(reply: Reply) -> str:
    """Return progress in one line: what, how far, which stage."""
    for block in reply.blocks:
        if isinstance(block, Progress):
            now = [stage.name for stage in block.stages if stage.state == "running"]
            parts = [f"{block.done}/{block.total}", *now, block.note]
            return f"{reply.title}: {' '.join(part for part in parts if part)}"
    return f"{reply.title}{': ' + reply.subtitle if reply.subtitle else ''}"


def _block(block: Block) -> list[Any]:
    from rich.text import Text as Line

    match block:
        case Facts():
            return [_facts(block)]
        case Text():
            styles = {"small": "dim", "quote": "italic", "strong": "bold"}
            return [Line(harmless(block.text), style=styles.get(block.style, ""))]
        case Table():
            return [_table(block)]
        case Progress():
            stages = [f"{STAGES[s.state]} {s.name} {s.note}".rstrip() for s in block.stages]
            head = f"{bar(block.done, block.total)} {block.done}/{block.total} {block.note}"
            return [Line(harmless(line)) for line in (head.rstrip(), *stages)]
        case Picture():
            return [Line(harmless(block.alt), style="dim")]
        case Log():
            return [Line(harmless("\n".join(block.lines)))]


def _facts(block: Facts) -> Any:
    from rich.table import Table as Grid

    grid = Grid.grid(padding=(0, 2))
    for fact in block.facts:
        moment = f"{fact.at:%Y-%m-%d %H:%M} UTC" if fact.at else ""
        value = " ".join(part for part in (moment, fact.value, fact.url) if part)
        grid.add_row(f"[dim]{fact.label}[/dim]", _literal(value))
    return grid


def _table(block: Table) -> Any:
    from rich import box
    from rich.table import Table as Grid

    grid = Grid(*block.columns, box=box.SIMPLE_HEAD, pad_edge=False)
    for row in block.rows:
        grid.add_row(*(_literal(cell) for cell in row))
    return grid


def _literal(text: str) -> Any:
    from rich.text import Text as Line

    return Line(harmless(text))
