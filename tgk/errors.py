"""The error tree, split by what the caller does next.

TgkError
├── Refused              the request will not be done as it stands
│   ├── InvalidRequest   mend the arguments
│   ├── UnknownCommand   mend the name
│   │   └── VerbWanted   name one of the family's verbs
│   ├── Denied           ask somebody who may, or for approval
│   ├── RateLimited      wait
│   └── Declined         the council said no, or nobody answered in time
├── AlreadySo            nothing to do
├── Missing              a named thing does not exist
├── Upstream             another system did not do its part
│   ├── Unavailable      try again later
│   └── Rejected         do not try again as it stands
├── Conflict             somebody or something is in the way
│   └── Locked           wait for the holder or unlock
├── JournalUnavailable   the audit log cannot be written; changes are refused
└── ConfigurationInvalid the operator's files or environment need mending

Every error says what happened, why, and what to do; ``str(error)`` is safe in a public channel.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.spelling import spelled
from tgk.suggest import enumerated, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tgk.guard import Decision
    from tgk.reply import Action

_MOST_KNOWN = 5
_MOST_NEWEST = 3
_MOST_VERBS = 25


class TgkError(Exception):
    """Something an operator can read: what, why, what to do."""

    def __init__(self, what: str, *, why: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.why = why
        self.remedy = remedy

    def __str__(self) -> str:
        return " ".join(part for part in (self.what, self.why, self.remedy) if part)


class Refused(TgkError):
    """The request will not be done as it stands."""


@dataclass(frozen=True, slots=True)
class ArgumentFault:
    """One argument that cannot be used, and what to write instead."""

    name: str
    message: str
    suggestions: tuple[str, ...] = ()
    declared: bool = False
    """Whether it is a name that a playbook declares, to be written exactly so."""

    def __str__(self) -> str:
        exact = self.declared or self.name.startswith("-")
        return f"{self.name if exact else spelled(self.name)}: {self.message}"


class InvalidRequest(Refused):
    """The arguments do not fit the command; ``faults`` lists every one at once.

    ``ways_out`` are buttons that help to mend them. Without a remedy of its own it names what was
    probably meant, or the usage, or where the command is explained.
    """

    faults: tuple[ArgumentFault, ...] = ()
    ways_out: tuple[Action, ...] = ()

    def __init__(
        self,
        command: str,
        faults: Sequence[ArgumentFault],
        *,
        usage: str = "",
        remedy: str = "",
        ways_out: Sequence[Action] = (),
    ) -> None:
        listed = "; ".join(str(fault) for fault in faults)
        super().__init__(
            f"/{command} was not run.",
            why=listed,
            remedy=remedy or (f"Usage: {usage}" if usage else f"See /help {command}."),
        )
        self.command = command
        self.faults = tuple(faults)
        self.usage = usage
        self.ways_out = tuple(ways_out)


class UnknownCommand(Refused):
    """There is no command of that name."""

    def __init__(self, name: str, near: Sequence[str] = ()) -> None:
        remedy = f"Did you mean /{near[0]}?" if near else "See /help."
        super().__init__(f"There is no command /{name}.", remedy=remedy)
        self.name = name
        self.near = tuple(near)


class VerbWanted(UnknownCommand):
    """A family was named without a verb, or with a word that is none of its verbs."""

    def __init__(self, family: str, typed: str, verbs: Sequence[str]) -> None:
        near = nearest(typed, verbs) if typed else ()
        super().__init__(f"{family} {typed}".rstrip(), tuple(f"{family} {verb}" for verb in near))
        named = f'"{typed}" is not one of them' if typed else "None was named"
        self.what = f"/{self.name} was not run."
        self.why = f"/{family} can {enumerated(verbs, _MOST_VERBS, last=' or ')}. {named}."
        self.remedy = self.remedy if near else f"See /help {family}."
        self.family = family


class Denied(Refused):
    """The caller may not do this; ``decision`` holds the rule and who may.

    ``ways_out`` are buttons that lead to it all the same.
    """

    def __init__(
        self,
        command: str,
        decision: Decision,
        *,
        why: str = "",
        remedy: str = "",
        ways_out: Sequence[Action] = (),
    ) -> None:
        super().__init__(f"/{command} was not done.", why=why, remedy=remedy)
        self.command = command
        self.decision = decision
        self.ways_out = tuple(ways_out)


class RateLimited(Refused):
    """Too many requests from one person; ``retry_after`` is in seconds."""

    def __init__(self, retry_after: float) -> None:
        super().__init__(
            "Too many commands at once.", remedy=f"Try again in {max(1, round(retry_after))} s."
        )
        self.retry_after = retry_after


class Declined(Refused):
    """An approval ended without a yes."""


class AlreadySo(TgkError):
    """Everything is as asked already: nothing was done, and nothing has to be."""


class Missing(TgkError):
    """A named thing does not exist; ``near`` holds names that look alike.

    Where nothing does, ``known`` are all there are or ``newest`` the latest of very many. ``what``
    says it in other words.
    """

    def __init__(
        self,
        kind: str,
        name: str,
        near: Sequence[str] = (),
        *,
        known: Sequence[str] = (),
        newest: Sequence[str] = (),
        what: str = "",
    ) -> None:
        remedy = ""
        if near:
            remedy = f"Did you mean {near[0]}?"
        elif known:
            remedy = f"Known: {enumerated(known, _MOST_KNOWN)}."
        elif newest:
            remedy = f"Newest: {', '.join(newest[:_MOST_NEWEST])}."
        super().__init__(what or f'There is no {kind} "{name}".', remedy=remedy)
        self.kind = kind
        self.name = name
        self.near = tuple(near)


class Upstream(TgkError):
    """Another system did not do its part; ``system`` names it."""

    def __init__(self, system: str, why: str, *, remedy: str = "") -> None:
        super().__init__(f"{system} did not answer as needed.", why=why, remedy=remedy)
        self.system = system


class Unavailable(Upstream):
    """Worth another try; ``retry_after`` is in seconds when the other side named it."""

    def __init__(
        self, system: str, why: str, *, retry_after: float | None = None, remedy: str = ""
    ) -> None:
        super().__init__(system, why, remedy=remedy or "Try again in a moment.")
        self.retry_after = retry_after


class Rejected(Upstream):
    """Another try would fail the same way; ``status`` is the HTTP status when there was one."""

    def __init__(
        self, system: str, why: str, *, status: int | None = None, remedy: str = ""
    ) -> None:
        super().__init__(system, why, remedy=remedy)
        self.status = status


class Conflict(TgkError):
    """Somebody or something is in the way."""


class Locked(Conflict):
    """A lock is held by somebody else."""

    def __init__(self, key: str, holder: str, reason: str, since: datetime) -> None:
        super().__init__(
            f"{key} is locked by {holder}.",
            why=reason,
            remedy=f"Wait, or ask {holder} to /unlock it.",
        )
        self.key = key
        self.holder = holder
        self.reason = reason
        self.since = since


class JournalUnavailable(TgkError):
    """The audit log cannot be written, so nothing may be changed."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "Nothing was changed: the audit log cannot be written.",
            why=why,
            remedy="An administrator needs to look at the disk and at `tgk audit verify`.",
        )


class ConfigurationInvalid(TgkError):
    """The operator's files or environment need mending; ``faults`` lists them all."""

    def __init__(self, what: str, faults: Sequence[str], *, remedy: str = "") -> None:
        super().__init__(what, why="\n".join(faults), remedy=remedy)
        self.faults = tuple(faults)
