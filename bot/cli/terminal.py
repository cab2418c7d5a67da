"""Replies in a terminal: cards where a person looks, plain lines where a program does."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from bot.cli.ascii import in_ascii
from bot.cli.harmless import harmless
from bot.cli.lines import progress_line
from bot.cli.stranger import stranger_advice
from bot.cli.summary import append_summary
from tgk.plain import in_words, plain_lines
from tgk.reply import Facts, Log, Table, Text

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console
    from rich.live import Live

    from bot.cli.session import Answer
    from tgk.reply import Reply

WIDEST = 110
SIMULATED = "TEST MODE: nothing real was touched."


@dataclass(slots=True, kw_only=True)
class Screen:
    """Where one invocation is shown. ``card`` is for people; without it every line is plain."""

    card: bool
    error_card: bool = False
    as_json: bool = False
    quiet: bool = False
    colour: bool = True
    forced: bool = False
    ascii_only: bool = False
    summary: Path | None = None
    _live: Live | None = None
    _last: str = field(default="")

    def progress(self, reply: Reply) -> None:
        """Show how far a long job is: redrawn for people, one line per change for programs."""
        if self.quiet or reply.data.get("error"):  # a refusal is the end, which `answer` shows
            return
        if self.card and not self.as_json:
            self._redraw(reply)
            return
        line = progress_line(reply)
        if line != self._last:
            self._print(line, sys.stderr if self.as_json else sys.stdout)
            self._last = line

    def answer(self, answer: Answer, user: str) -> None:
        """Show how it ended: what was asked for on standard output, refusals on standard error."""
        self.close()
        outcome, advice = answer.outcome, stranger_advice(answer, user)
        refusal = bool(outcome.reply.data.get("error"))
        if self.as_json:
            self._json(answer, advice)
        if refusal or not self.as_json:
            self._show(outcome.reply, advice, outcome.reference if refusal else "", error=refusal)
        if answer.simulated and (not self.quiet or refusal):
            self._print(SIMULATED, sys.stderr)
        if self.summary:
            append_summary(self.summary, answer)

    def question(self, answer: Answer, *, final: bool) -> None:
        """Show what must be confirmed; as the end where nobody can be asked."""
        self.close()
        if self.as_json:
            self._json(answer, "")
        unpressed = answer.outcome.reply.model_copy(update={"footer": ""})  # it names a button
        self._show(unpressed, "", "", error=final)
        if final and self.summary:
            append_summary(self.summary, answer)

    def close(self) -> None:
        """Stop redrawing, leaving nothing of the progress behind."""
        if self._live is not None:
            self._live.update("", refresh=True)  # what is as high as the screen is wiped as well
            self._live.stop()
            self._live = None

    def _json(self, answer: Answer, advice: str) -> None:
        outcome = answer.outcome
        value: dict[str, object] = {"result": outcome.result, "reference": outcome.reference}
        value |= {"simulated": True} if answer.simulated else {}
        value |= {"title": outcome.reply.title, **outcome.reply.data}
        value |= {"do": advice} if advice else {}
        self._print(json.dumps(value, ensure_ascii=self.ascii_only, default=str), sys.stdout)

    def _show(self, reply: Reply, advice: str, reference: str, *, error: bool) -> None:
        stream = sys.stderr if error else sys.stdout
        if document := _document(reply):
            self._hand_over(reply, document)
            return
        if self.error_card if error else self.card:
            self._draw(reply, advice, stream)
            return
        for line in plain_lines(reply, emblem=not self.ascii_only):
            if not (advice and line.startswith("Do: ")):
                self._print(line, stream)
        if advice:
            self._print(f"Do: {advice}", stream)
        if reference:
            self._print(f"Id: {reference}", stream)

    def _hand_over(self, reply: Reply, document: Log) -> None:
        """Write a file as it is where it can be led into one, and beside it what was found."""
        if not self.quiet:
            beside = [block for block in reply.blocks if isinstance(block, Facts | Text | Table)]
            for line in (reply.title, *(in_words(beside) if reply.failed else ())):
                self._print(line, sys.stderr)
        exact = not sys.stdout.isatty()
        for line in document.lines:
            self._write(line if exact else harmless(line), sys.stdout)

    def _draw(self, reply: Reply, advice: str, stream: TextIO) -> None:
        """Draw the card, and beneath it what can be copied: addresses, and lines to type next."""
        from bot.cli.cards import links, panel, ways

        console = self._console(stream)
        console.print(panel(reply, advice, linked=False))
        for name, url in (*links(reply), *ways(reply)):
            console.print(harmless(f"{name}: {url}"), markup=False, soft_wrap=True)

    def _print(self, line: str, stream: TextIO) -> None:
        """Write one line for people, harmless and in signs that they can read."""
        text = harmless(line)
        self._write(in_ascii(text) if self.ascii_only else text, stream)

    def _write(self, text: str, stream: TextIO) -> None:
        """Write one line; when the reader went away, the run goes on and nobody is told."""
        try:
            print(text, file=stream, flush=True)
        except BrokenPipeError:
            silence(stream)

    def _redraw(self, reply: Reply) -> None:
        from rich.live import Live

        from bot.cli.cards import panel

        if self._live is None:
            console = self._console(sys.stdout)
            self._live = Live(console=console, transient=True, refresh_per_second=4)
            self._live.start()
        self._live.update(panel(reply))

    def _console(self, stream: TextIO) -> Console:
        from rich.console import Console

        console = Console(
            file=stream,
            no_color=not self.colour,
            highlight=False,
            force_terminal=True if self.forced else None,
        )
        console.width = min(console.width, WIDEST) - len("^C")
        return console


def _document(reply: Reply) -> Log | None:
    """Return the file that a program asked for, None in every other answer."""
    logs = (block for block in reply.blocks if isinstance(block, Log))
    return next((log for log in logs if log.document), None)


def silence(stream: TextIO) -> None:
    """Lead a stream whose reader went away to nowhere, so that nothing complains at the end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stream.fileno())
    os.close(nowhere)
