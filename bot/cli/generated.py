"""One click command for every command of the registry."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from bot.cli.words import Line, completed, given_of, parameters, placed

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.session import Asked, Session
    from tgk.command import Command

_JSON = click.Option(["--json", "as_json"], is_flag=True, help="The answer as JSON.")
_YES = click.Option(["--yes", "-y", "confirmed"], is_flag=True, help="Answer confirmations.")
_QUIET = click.Option(["--quiet", "-q"], is_flag=True, help="No progress.")
_PLAIN = click.Option(["--plain"], is_flag=True, help="Plain lines, ASCII only.")
_TIMEOUT = click.Option(
    ["--timeout", "timeout"],
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Wait no longer (exit 124); a change goes on.",
)
_WAIT = click.Option(
    ["--wait-timeout", "timeout_"],
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    help="Wait no longer (exit 124); a change goes on.",
)
COMMON = (_JSON, _YES, _QUIET, _PLAIN, _TIMEOUT)


def common(entry: Command[Any]) -> tuple[click.Option, ...]:
    """Return the flags of every command; where ``--timeout`` is its own, waiting is named apart."""
    own = any(option.name == _TIMEOUT.name for option in entry.options)
    return tuple(_WAIT if own and flag is _TIMEOUT else flag for flag in COMMON)


def click_command(entry: Command[Any], connect: Callable[[], Session]) -> click.Command:
    """Return the command line of one registered command."""
    line = _Line(entry, connect)
    return Line(
        entry,
        name=entry.verb or entry.name,
        params=[*parameters(entry, line.complete), *common(entry)],
        callback=line.run,
        help=_help(entry),
        short_help=entry.summary,
    )


@dataclass(frozen=True, slots=True)
class _Line:
    """One command as it is typed in a terminal; what is slow to import waits until it is."""

    entry: Command[Any]
    connect: Callable[[], Session]

    def run(self, **given: Any) -> None:
        """Run it as whoever types, and exit with what became of it."""
        from bot.cli.running import is_attended, run_asked, screen_for, user_name
        from bot.cli.session import Asked

        entry, here = self.entry, click.get_current_context()
        flags = {str(flag.name).strip("_"): given.pop(str(flag.name)) for flag in common(entry)}
        asked = Asked(
            name=entry.name,
            raw=placed(entry, here, given, attended=not flags["as_json"] and is_attended()),
            user=user_name(),
            confirmed=bool(flags["confirmed"]),
            changes=entry.effect == "change",
            examines=entry.examines,
            timeout=flags["timeout"],
        )
        screen = screen_for(
            as_json=bool(flags["as_json"]), quiet=bool(flags["quiet"]), plain=bool(flags["plain"])
        )
        sys.exit(run_asked(asked, self.connect, screen))

    def complete(self, context: click.Context, option: str, partial: str) -> list[str]:
        """Return values for a half-typed option, such as whoever types may use."""
        from bot.cli.running import user_name
        from bot.cli.session import Asked

        raw = given_of(self.entry, context.params)
        asked = Asked(name=self.entry.name, raw=raw, user=user_name(context))
        return completed(lambda: self._values(asked, option, partial))

    def _values(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Ask the bot; where none runs, look into discovery.yml."""
        from bot.cli.connection import listed_in
        from bot.cli.running import config_path
        from tgk.errors import Unavailable

        try:
            return self.connect().complete(asked, option, partial)
        except Unavailable:
            kind = next((o.known for o in self.entry.options if o.name == option), None)
            return listed_in(config_path(), str(kind), partial)


def _help(entry: Command[Any]) -> str:
    """Return the help: what it does, and that words may stand without option names."""
    about = (entry.request.__doc__ or "").strip()
    if not any(option.has_place for option in entry.options):
        return about
    return f"{about}\n\nAs in chat, values may be given by position or by name."
