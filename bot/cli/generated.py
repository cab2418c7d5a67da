"""One click command for every command of the registry."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from bot.cli import exits
from bot.cli.session import Asked
from bot.cli.terminal import Screen
from bot.runtime.settings import terminal_wishes
from tgk.errors import TgkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.session import Session
    from tgk.command import Command, Option
    from tgk.outcome import Outcome

_JSON = click.Option(["--json", "as_json"], is_flag=True, help="The answer as JSON.")
_YES = click.Option(["--yes", "-y", "confirmed"], is_flag=True, help="Answer confirmations.")
_QUIET = click.Option(["--quiet", "-q"], is_flag=True, help="No progress.")
_PLAIN = click.Option(["--plain"], is_flag=True, help="ASCII only.")
_COMMON = (_JSON, _YES, _QUIET, _PLAIN)


def click_command(entry: Command[Any], connect: Callable[[], Session]) -> click.Command:
    """Return the command line of one registered command."""
    options = entry.options

    def run(**given: Any) -> None:
        flags = {flag.name: given.pop(str(flag.name)) for flag in _COMMON}
        raw = {o.name: _value(o, given[o.name]) for o in options}
        asked = Asked(
            name=entry.name,
            raw={name: value for name, value in raw.items() if value not in (None, "")},
            user=user_name(),
            confirmed=bool(flags["confirmed"]),
        )
        screen = screen_for(as_json=flags["as_json"], quiet=flags["quiet"], plain=flags["plain"])
        sys.exit(run_asked(asked, connect, screen))

    return click.Command(
        entry.name,
        params=[*(_parameter(entry, option, connect) for option in options), *_COMMON],
        callback=run,
        help=_help(entry),
        short_help=entry.summary,
    )


def user_name() -> str:
    """Return whom the caller claims to be: TGK_USER, else the account of this machine."""
    return click.get_current_context().find_root().obj or getpass.getuser()


def screen_for(*, as_json: bool, quiet: bool = False, plain: bool = False) -> Screen:
    """Return a screen for standard output as it is: a terminal or a pipe."""
    wishes = terminal_wishes()
    return Screen(
        card=sys.stdout.isatty() and not wishes.dumb and not plain,
        as_json=as_json,
        quiet=quiet,
        colour=wishes.colour,
        ascii_only=plain,
    )


def run_asked(asked: Asked, connect: Callable[[], Session], screen: Screen) -> int:
    """Run, ask when a confirmation is wanted, show the end, and return the exit code."""
    try:
        session = connect()
        outcome = session.run(asked, screen.progress)
        if outcome.result == "pending" and not asked.confirmed:
            if not _agrees(outcome, screen):
                return exits.PENDING
            outcome = session.run(replace(asked, confirmed=True), screen.progress)
    except KeyboardInterrupt:
        screen.close()
        click.echo("Detached: a change goes on in the bot. See `tgk audit tail`.", err=True)
        return exits.INTERRUPTED
    except TgkError as error:
        screen.close()
        return tell(error)
    screen.outcome(outcome)
    return exits.exit_code(outcome.result)


def tell(error: TgkError) -> int:
    """Print what, why and what to do on standard error; return the exit code."""
    from tgk.errors import ConfigurationInvalid, Unavailable

    for part in (error.what, error.why, error.remedy):
        if part:
            click.echo(part, err=True)
    if isinstance(error, ConfigurationInvalid):
        return exits.CONFIGURATION
    return exits.UNAVAILABLE if isinstance(error, Unavailable) else exits.FAILED


def _agrees(outcome: Outcome, screen: Screen) -> bool:
    """Put a confirmation to the person at the terminal; without one, say how to give it."""
    if not (sys.stdin.isatty() and sys.stdout.isatty()) or screen.as_json:
        screen.outcome(outcome)
        click.echo("Nothing was started: add --yes to confirm.", err=True)
        return False
    screen.outcome(outcome)
    return click.confirm("Go on?", default=False)


def _help(entry: Command[Any]) -> str:
    """Return the help: what it does, and the meaning of each positional argument."""
    lines = [f"{option.name.upper()}  {option.description}" for option in entry.options
             if option.required]  # fmt: skip
    body = "\n".join(["\b", *lines]) if lines else ""
    return f"{entry.request.__doc__ or ''}\n\n{body}"


def _value(option: Option, given: Any) -> Any:
    return " ".join(given) if option.rest and isinstance(given, tuple) else given


def _parameter(
    entry: Command[Any], option: Option, connect: Callable[[], Session]
) -> click.Parameter:
    complete = _completer(entry, option, connect) if option.known else None
    if option.required or option.rest:
        return click.Argument(
            [option.name],
            type=_type(option),
            nargs=-1 if option.rest else 1,
            required=option.required,
            shell_complete=complete,
        )
    if option.type == "boolean":
        return click.Option([f"--{option.name}"], is_flag=True, help=option.description)
    flag = "--" + option.name.replace("_", "-")
    return click.Option(
        [flag, option.name], type=_type(option), help=option.description, shell_complete=complete
    )


def _type(option: Option) -> click.ParamType[Any]:
    if option.choices:
        return click.Choice(option.choices)
    if option.type == "integer":
        low, high = option.minimum, option.maximum
        return click.IntRange(int(low) if low is not None else None,
                              int(high) if high is not None else None)  # fmt: skip
    return click.FLOAT if option.type == "number" else click.STRING


def _completer(
    entry: Command[Any], option: Option, connect: Callable[[], Session]
) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    def complete(context: click.Context, _: click.Parameter, partial: str) -> list[CompletionItem]:
        raw = {name: value for name, value in context.params.items() if isinstance(value, str)}
        user = context.find_root().obj or getpass.getuser()
        try:
            asked = Asked(name=entry.name, raw=raw, user=user)
            return [CompletionItem(v) for v in connect().complete(asked, option.name, partial)]
        except TgkError:
            return []

    return complete
