"""One definition of a command for every surface: name, options, permission and effect."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pydantic import ValidationError

from tgk.argument_faults import argument_faults
from tgk.doors import CHAT_AND_TERMINAL, Door
from tgk.errors import InvalidRequest
from tgk.families import family_of, verb_of
from tgk.guard import Target
from tgk.lacking import form_for
from tgk.options import IN_WORDS, Option, Request, options_of
from tgk.spelling import usage_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tgk.context import Context
    from tgk.discovery import Discovery
    from tgk.ports.council import ApprovalRule
    from tgk.reply import Reply

_PARTS_OF_TARGETS = {
    "environment": "environment", "place": "environment",
    "service": "service", "component": "service",
}  # fmt: skip
R = TypeVar("R", bound=Request)


@dataclass(frozen=True, slots=True)
class Confirmation(Generic[R]):
    """A question to the asker before a command goes on."""

    when: Callable[[R, Discovery], bool]
    """Without I/O: surfaces must know at once whether the answer will be private."""
    question: Callable[[R, Context], Awaitable[Reply]]
    """The card; its confirming action carries ``confirms=True``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Command(Generic[R]):
    """One thing an operator can ask. Only the dispatcher calls ``handle``."""

    name: str
    """One word, or a family and a verb: ``status``, ``infra deploy``."""
    request: type[R]
    handle: Callable[[R, Context], Awaitable[Reply]]
    permission: str
    """The object in the policy, with the slash: ``/deploy``; of a family the family: ``/infra``."""
    effect: Literal["read", "change"] = "read"
    doors: frozenset[Door] = CHAT_AND_TERMINAL
    confirm: Confirmation[R] | None = None
    check: Callable[[R, Context], Awaitable[None]] | None = None
    """Raises when the request makes no sense right now, before anybody is asked about it."""
    approval: Callable[[R, Discovery], ApprovalRule | None] | None = None
    """Returns what the council must be asked, or None."""
    excusable: bool = False
    """Whether the council may let somebody without the right do it once."""
    mirror: tuple[str, ...] = ()
    """Where the end is reported besides the asker: channels and ``council``."""
    private: bool = False
    """Whether answers are only for the asker on surfaces that can do so."""
    slow: bool = False
    """Whether it usually takes longer than a moment, so that surfaces show that it works."""
    listed: bool = True
    """Whether /help and completion name it; buttons reach it all the same."""
    outputs: tuple[str, ...] = ()
    """What ``Reply.data`` holds at the end, for whoever builds on it; empty: not promised."""
    examines: bool = False
    """Whether it fails when what it looks at has faults; the terminal tells that apart."""
    plan: Callable[[R, Context], str] | None = None
    """Says in one line what would be done, without doing or asking anything; for dry runs.

    Raises like ``handle`` what can be known beforehand, such as that nobody does it.
    """
    default_verb: bool = False
    """Whether the family's name alone means this one, where lines are typed."""
    veil: Callable[[Mapping[str, object], Context], Awaitable[Mapping[str, object]]] | None = None
    """Returns the arguments without what must be kept nowhere; asked before they are recorded."""
    relative: Callable[[Mapping[str, object]], bool] | None = None
    """Says of the options that are written out whether they mean what was last, whoever did it.

    Another change in between then makes it do something else, as going back one version does.
    """
    instead: Callable[[R], tuple[str, dict[str, object]] | None] | None = None
    """Returns the other command, and its arguments, that such a request means; else None."""

    @property
    def reads(self) -> bool:
        """Whether no request of it changes anything."""
        return self.effect == "read" and self.instead is None

    @property
    def family(self) -> str:
        """The first of two words; empty for a command of one word."""
        return family_of(self.name)

    @property
    def verb(self) -> str:
        """The second of two words; empty for a command of one word."""
        return verb_of(self.name)

    @property
    def grantable(self) -> tuple[str, ...]:
        """What a policy may write to allow it: the permission, and with it the verb."""
        verb = (f"{self.permission} {self.verb}",) if self.verb else ()
        return (self.permission, *verb)

    @property
    def summary(self) -> str:
        """The first line of the help."""
        return (self.request.__doc__ or "").strip().splitlines()[0].rstrip(".")

    def parse(self, raw: Mapping[str, object]) -> R:
        """Return the typed request; raises InvalidRequest naming every fault."""
        try:
            return self.request.model_validate(dict(raw))
        except ValidationError as error:
            faults = argument_faults(error, self.options, IN_WORDS)
            form = form_for(self.name, self.options, raw, faults)
            raise InvalidRequest(self.name, faults, usage=self.usage, ways_out=form) from error

    @property
    def options(self) -> tuple[Option, ...]:
        """The options in positional order."""
        return options_of(self.request)

    @property
    def usage(self) -> str:
        """The command line, as in ``/logs <service> [tail]``."""
        return usage_line(self.name, self.options)

    def target(self, request: R, channel: str) -> Target:
        """Return what the guard must be asked about."""
        found: dict[str, str] = {}
        for option in self.options:
            value = getattr(request, option.name)
            part = _PARTS_OF_TARGETS.get(option.known or "")
            if part and value is not None:
                found[part] = str(value)
        return Target(
            environment=found.get("environment", "-"),
            service=found.get("service", "-"),
            channel=channel,
            action=self.verb or "-",
        )


def command(
    name: str,
    *,
    permission: str = "",
    effect: Literal["read", "change"] = "read",
    **more: Any,
) -> Callable[[Callable[[R, Context], Awaitable[Reply]]], Command[R]]:
    """Declare a handler as a command; the request type is read from its first annotation.

    The permission stands here, on the command itself, and is checked before every call; not
    given, it is the name, of a family its first word.
    """

    def declare(handle: Callable[[R, Context], Awaitable[Reply]]) -> Command[R]:
        return Command(
            name=name,
            request=_request_of(handle),
            handle=handle,
            permission="/" + (permission or family_of(name) or name).lstrip("/"),
            effect=effect,
            **more,
        )

    return declare


def _request_of(handle: Callable[..., Any]) -> type[Any]:
    """Return the request type of a handler; raises TypeError for one that nobody can be asked."""
    wanted = next(iter(handle.__annotations__.values()), None)
    found = getattr(sys.modules[handle.__module__], str(wanted), wanted)
    if not (isinstance(found, type) and issubclass(found, Request)):
        raise TypeError(f"the first parameter of {handle.__qualname__} must be a Request")
    if not (found.__doc__ or "").strip():
        raise TypeError(f"{found.__qualname__} has no docstring, and its first line is the help")
    return found
