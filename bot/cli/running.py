"""One run of a command: ask, watch, confirm, show, and leave with the right exit code."""

from __future__ import annotations

import getpass
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.course import Course
from bot.cli.terminal import Screen
from bot.cli.trouble import Trouble, of_error, tell
from bot.runtime.settings import terminal_wishes
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from collections.abc import Callable

    from bot.cli.session import Answer, Asked, Session
    from tgk.reply import Blank


def user_name(context: click.Context | None = None) -> str:
    """Return whom the caller claims to be: TGK_USER, else the account of this machine."""
    named = (context or click.get_current_context()).find_root().params.get("user")
    return str(named) if named else getpass.getuser()


def config_path() -> Path:
    """Return where discovery.yml is."""
    context = click.get_current_context(silent=True)
    named = context.find_root().params.get("config") if context else None
    return Path(named) if named else Path("discovery.yml")


def screen_for(*, as_json: bool, quiet: bool = False, plain: bool = False) -> Screen:
    """Return a screen for the standard streams as they are: terminals or pipes."""
    wishes = terminal_wishes()
    drawing = not wishes.dumb and not plain
    return Screen(
        card=drawing and (sys.stdout.isatty() or wishes.forced),
        error_card=drawing and (sys.stderr.isatty() or wishes.forced),
        as_json=as_json,
        quiet=quiet,
        colour=wishes.colour,
        forced=wishes.forced,
        ascii_only=plain or not _draws_unicode(),
        summary=wishes.summary,
    )


def _draws_unicode() -> bool:
    return (sys.stdout.encoding or "ascii").lower().replace("-", "").startswith("utf")


def run_asked(asked: Asked, connect: Callable[[], Session], screen: Screen) -> int:
    """Run, ask when a confirmation is wanted, show the end, and return the exit code."""
    session, course = None, Course(screen)
    try:
        session = connect()
        answer = session.run(asked, course.show)
        if completed := _filled_in(asked, answer, screen):
            asked = completed
            answer = session.run(asked, course.show)
        if answer.outcome.result == "pending" and not asked.confirmed:
            agreed = _agreed(asked, answer, screen)
            if agreed is None:
                return exits.PENDING
            asked = agreed
            answer = session.run(asked, course.show)
    except KeyboardInterrupt:
        return _detached(asked, session, course)
    except TgkError as error:
        screen.close()
        return tell(course.explained(of_error(error)), as_json=screen.as_json)
    screen.answer(answer, asked.user)
    return _code(asked, answer)


def _code(asked: Asked, answer: Answer) -> int:
    """Return the exit code: faults of a file have one of their own, whoever finds them."""
    reply = answer.outcome.reply
    faulty = reply.data.get("error") == ConfigurationInvalid.__name__
    if faulty or (asked.examines and reply.failed):
        return exits.INVALID_FILES
    return exits.exit_code(answer.outcome.result)


def _detached(asked: Asked, session: Session | None, course: Course) -> int:
    """Say what becomes of what was asked."""
    course.screen.close()
    trouble = Trouble(what="Interrupted. Nothing was changed.", code=exits.INTERRUPTED)
    if asked.changes and session is not None:
        trouble = Trouble(
            what=f"Detached from /{asked.name}.",
            why=f"{session.goes_on}.",
            do=f"See how it ends with `tgk audit query --corr {asked.reference}`.",
            id=asked.reference,
            code=exits.INTERRUPTED,
        )
    return tell(course.explained(trouble), as_json=course.screen.as_json)


def _filled_in(asked: Asked, answer: Answer, screen: Screen) -> Asked | None:
    """Ask the person at the terminal for what is missing; None where nothing is, or nobody sits."""
    wanted = (action for action in answer.outcome.reply.actions if action.blanks)
    action = next((each for each in wanted if each.command == asked.name), None)
    if answer.outcome.result != "invalid" or action is None or screen.as_json or not is_attended():
        return None
    from tgk.asking import answered

    screen.question(answer, final=False)
    answers = {blank.name: _prompted(blank) for blank in action.blanks}
    anew = asked.confirm()  # only for a delivery of its own
    return replace(anew, raw=answered(action, answers), confirmed=asked.confirmed)


def _prompted(blank: Blank) -> str:
    from tgk.asking import asked_as

    name = asked_as(blank.name)
    told = f"{name} ({blank.description})" if blank.description else name
    kind = click.Choice(blank.choices) if blank.choices else None
    return str(click.prompt(told, type=kind))


def is_attended() -> bool:
    """Say whether somebody sits at the terminal who can be asked."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _agreed(asked: Asked, answer: Answer, screen: Screen) -> Asked | None:
    """Put a confirmation to the person at the terminal; without one, say how to give it."""
    asks = is_attended() and not screen.as_json
    screen.question(answer, final=not asks)
    if not asks:
        how = answer.outcome.reply.data.get("confirm") or "--yes"
        print(f"Do: add {how} to confirm it; nothing was started.", file=sys.stderr)
        return None
    words = next((each for each in answer.outcome.reply.actions if each.confirms), None)
    if words is None or not words.blanks:
        return asked.confirm() if _says_yes() else None
    from tgk.asking import answered

    given = {blank.name: _prompted(blank) for blank in words.blanks}
    return replace(asked.confirm(), raw=answered(words, given))


def _says_yes() -> bool:
    """Ask until the answer is one; whatever is no yes starts nothing, and that is said."""
    while True:
        said = click.prompt("Go on? [y/N]", default="", show_default=False).strip().lower()
        if said in ("y", "yes"):
            return True
        if said in ("", "n", "no"):
            print("Nothing was started.", file=sys.stderr)
            return False
        print("Answer y or n; Enter alone means n.", file=sys.stderr)
