"""One definition of a command for every surface: name, options, permission and effect."""

from __future__ import annotations

import sys
import types
import typing
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar, get_type_hints

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, ValidationError

from tgk.argument_faults import argument_faults
from tgk.errors import InvalidRequest
from tgk.families import family_of, verb_of
from tgk.guard import Target
from tgk.lacking import form_for
from tgk.pairs import read_pairs
from tgk.spelling import usage_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from pydantic.fields import FieldInfo

    from tgk.context import Context
    from tgk.discovery import Discovery
    from tgk.reply import Reply

Door = Literal["discord", "telegram", "cli", "console", "gateway", "playbook"]
CHAT_AND_TERMINAL: frozenset[Door] = frozenset(
    {"discord", "telegram", "cli", "console", "playbook"}
)
WEBHOOK_ONLY: frozenset[Door] = frozenset({"gateway"})

Kind = Literal[
    "service", "environment", "component", "place", "tag", "command", "lock", "approval",
    "playbook", "run", "checkpoint", "schedule",
]  # fmt: skip
"""A component is a service or another name of one, a place an environment or a slot of one."""


@dataclass(frozen=True, slots=True)
class Known:
    """Marks an option whose values the estate knows: completed, checked, told to the guard."""

    kind: Kind


@dataclass(frozen=True, slots=True)
class Rest:
    """Marks the last text option: it takes everything that follows, spaces included."""


@dataclass(frozen=True, slots=True)
class FileText:
    """Marks a text that is what a file holds: a terminal is given the file's path."""


@dataclass(frozen=True, slots=True)
class OwnDefault:
    """Marks an environment whose absence leaves it to what is run, not to the default one."""


@dataclass(frozen=True, slots=True)
class Repeated:
    """Marks a text option that may be given several times; each adds a line to the text."""


_SHAPE = (
    r"^[A-Za-z0-9][A-Za-z0-9._/#@:+-]{0,127}$"  # notes on RBAC: the only shape the guard accepts
)
_IN_WORDS = {
    _SHAPE: "letters, digits and . _ / # @ : + - only, starting with a letter or digit",
}
Token = Annotated[str, StringConstraints(pattern=_SHAPE, max_length=128)]
ServiceName = Annotated[Token, Known("service")]
EnvironmentName = Annotated[Token, Known("environment")]
RunEnvironment = Annotated[Token, Known("environment"), OwnDefault()]
ComponentName = Annotated[Token, Known("component")]
PlaceName = Annotated[Token, Known("place")]
TagName = Annotated[Token, Known("tag")]
CommandName = Annotated[str, StringConstraints(max_length=64), Known("command")]
ApprovalId = Annotated[Token, Known("approval")]
PlaybookName = Annotated[Token, Known("playbook")]
RunId = Annotated[Token, Known("run")]
CheckpointId = Annotated[Token, Known("checkpoint")]
ScheduleName = Annotated[Token, Known("schedule")]
Pairs = Annotated[dict[str, str], BeforeValidator(read_pairs), Repeated()]
"""``key=value`` any number of times, in one text or in several."""


class Request(BaseModel):
    """What a caller asked for: the docstring is the help, fields are options in order."""

    model_config = ConfigDict(extra="forbid", frozen=True)


_PARTS_OF_TARGETS = {
    "environment": "environment", "place": "environment",
    "service": "service", "component": "service",
}  # fmt: skip
R = TypeVar("R", bound=Request)
FieldType = Literal["text", "integer", "number", "boolean", "choice"]


@dataclass(frozen=True, slots=True)
class Option:
    """One option as a surface needs it to draw it."""

    name: str
    type: FieldType
    description: str
    required: bool
    default: object = None
    choices: tuple[str, ...] = ()
    minimum: int | float | None = None
    maximum: int | float | None = None
    max_length: int | None = None
    known: Kind | None = None
    rest: bool = False
    repeats: bool = False
    own_default: bool = False
    file: bool = False

    @property
    def has_place(self) -> bool:
        """Whether a bare word can be its value; flags and pairs are always named."""
        return self.type != "boolean" and not self.repeats


@dataclass(frozen=True, slots=True)
class ApprovalRule:
    """What the council is asked before a command goes on."""

    title: str
    facts: tuple[tuple[str, str], ...]
    needed: int
    expires_seconds: float


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
            faults = argument_faults(error, self.options, _IN_WORDS)
            form = form_for(self.name, self.options, raw, faults)
            raise InvalidRequest(self.name, faults, usage=self.usage, ways_out=form) from error

    @property
    def options(self) -> tuple[Option, ...]:
        """The options in positional order."""
        return _options(self.request)

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


def _plain_type(annotation: Any) -> Any:
    """Strip Optional and Annotated."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _plain_type(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        inner = [part for part in typing.get_args(annotation) if part is not type(None)]
        return _plain_type(inner[0])
    return annotation


def _metadata(annotation: Any, field: FieldInfo) -> list[Any]:
    """Collect markers of the field and of an Annotated inside Optional."""
    found = list(field.metadata)
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        found += typing.get_args(annotation)[1:]
    elif origin in (typing.Union, types.UnionType):
        for part in typing.get_args(annotation):
            if typing.get_origin(part) is Annotated:
                found += typing.get_args(part)[1:]
    return found


_TYPES: dict[Any, FieldType] = {
    str: "text", int: "integer", float: "number", bool: "boolean",
}  # fmt: skip


@lru_cache(maxsize=512)
def _options(request: type[Request]) -> tuple[Option, ...]:
    """Return the options of a request; every invocation asks several times."""
    return tuple(_option(name, field) for name, field in request.model_fields.items())


def _option(name: str, field: FieldInfo) -> Option:
    plain = _plain_type(field.annotation)
    marks = _metadata(field.annotation, field)
    is_choice = typing.get_origin(plain) is Literal
    known = next((mark.kind for mark in marks if isinstance(mark, Known)), None)

    def bound(*names: str) -> Any:
        values = (getattr(mark, n, None) for mark in marks for n in names)
        return next((value for value in values if value is not None), None)

    return Option(
        name=name,
        type="choice" if is_choice else _TYPES.get(plain, "text"),
        description=field.description or name,
        required=field.is_required(),
        default=None if field.is_required() else field.get_default(call_default_factory=True),
        choices=tuple(str(choice) for choice in typing.get_args(plain)) if is_choice else (),
        minimum=bound("ge", "gt"),
        maximum=bound("le", "lt"),
        max_length=bound("max_length"),
        known=known,
        rest=any(isinstance(mark, Rest) for mark in marks),
        repeats=any(isinstance(mark, Repeated) for mark in marks),
        file=any(isinstance(mark, FileText) for mark in marks),
        own_default=any(isinstance(mark, OwnDefault) for mark in marks),
    )


def request_hints(request: type[Request]) -> dict[str, Any]:
    """Return the annotations of a request with their markers, for contract tests."""
    return get_type_hints(request, include_extras=True)
