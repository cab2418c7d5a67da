"""What went wrong, in four parts: what, why, what to do, and the id in the audit log."""

from __future__ import annotations

import json
import sys
import traceback
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.harmless import harmless
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tgk.errors import TgkError


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Something that ended the program before or instead of an answer."""

    what: str
    why: str = ""
    do: str = ""
    id: str = ""
    workflow: str = ""
    """The run that was under way, for programs."""
    code: int = exits.FAILED

    def lines(self) -> Iterator[str]:
        """Return what a person reads; further lines of a part are indented."""
        yield self.what
        for label, text in (("Why", self.why), ("Do", self.do), ("Id", self.id)):
            head, *more = text.splitlines() or [""]
            if head:
                yield f"{label}: {head}"
                yield from (f"  {line}" for line in more)


def of_error(error: TgkError, *, reference: str = "") -> Trouble:
    """Return what an error of ours means for the shell."""
    return Trouble(
        what=error.what, why=error.why, do=error.remedy, id=reference, code=code_of(error)
    )


def code_of(error: TgkError) -> int:
    """Return the exit code that an error of ours stands for."""
    from bot.cli.session import Overdue
    from tgk import errors

    table = (
        (Overdue, exits.TIMEOUT),
        (errors.ConfigurationInvalid, exits.CONFIGURATION),
        ((errors.InvalidRequest, errors.UnknownCommand, errors.Missing), exits.USAGE),
        (errors.Refused, exits.DENIED),
        ((errors.Unavailable, errors.JournalUnavailable, errors.Conflict), exits.UNAVAILABLE),
    )
    return next((code for kinds, code in table if isinstance(error, kinds)), exits.FAILED)


def of_fault(error: Exception) -> Trouble:
    """Return what a fault of this program means; its trace only where LOG_LEVEL is DEBUG."""
    from bot.runtime.settings import read_settings

    level = read_settings().log_level
    if level in ("DEBUG", "TRACE"):
        why, do = "".join(traceback.format_exception(error)), "Report it with these lines."
    else:
        why = f"{type(error).__name__}; whether anything was changed is in `tgk audit tail`."
        do = "Run it with LOG_LEVEL=DEBUG and report the lines."
    return Trouble(what="tgk ran into a fault of its own.", why=why, do=do)


def of_usage(error: click.ClickException) -> Trouble:
    """Return what a line that cannot be understood means; nothing was started."""
    message = error.format_message()
    context = error.ctx if isinstance(error, click.UsageError) else None
    line = context.command_path if context else "tgk"
    why, _, hint = message.partition(" Did you mean")
    if isinstance(error, click.NoSuchOption) and error.possibilities:
        why, hint = error.message, _alike(error)
    elif isinstance(error, click.NoSuchOption) and context and (meant := slip(error, context)):
        hint = f" {meant}?"
    do = f"Did you mean{hint}" if hint else f"See `{line} --help`."
    return Trouble(what=f"`{line}` was not run.", why=why, do=do, code=exits.USAGE)


def _alike(error: click.NoSuchOption) -> str:
    """Return the options whose words look alike: the two hyphens are common to all of them."""
    known = {each.lstrip("-"): each for each in error.possibilities or ()}
    near = nearest(error.option_name.lstrip("-"), known)
    return f" {' or '.join(known[each] for each in near)}?" if near else ""


def slip(error: click.NoSuchOption, context: click.Context) -> str:
    """Return what was probably meant by a short option: ours are named in full."""
    letter = error.option_name.lstrip("-")[:1]
    options = [each for each in context.command.params if isinstance(each, click.Option)]
    for option in options:
        name = option.opts[0]
        if (letter.isdigit() or letter == "n") and isinstance(option.type, click.IntRange):
            return f"{name} {error.option_name.lstrip('-n')}".rstrip()
        if name.startswith(f"--{letter}") and not error.option_name.startswith("--"):
            return name
    return ""


def tell(trouble: Trouble, *, as_json: bool = False) -> int:
    """Print it on standard error, and as JSON on standard output if asked; return the code."""
    for line in trouble.lines():
        print(harmless(line), file=sys.stderr)
    if as_json:
        known = {name: value for name, value in asdict(trouble).items() if name != "workflow"}
        known |= {"workflow": trouble.workflow} if trouble.workflow else {}
        print(json.dumps({"result": "error", **known}, ensure_ascii=False))
    return trouble.code
