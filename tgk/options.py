"""What a request is made of, as a surface needs it: options, their kinds and their bounds."""

from __future__ import annotations

import types
import typing
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints

from tgk.pairs import read_pairs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pydantic.fields import FieldInfo

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
    """Marks the last text option: it takes the words that follow, up to the next option."""


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
IN_WORDS = {
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


def takes_all(option: Option, options: Sequence[Option]) -> bool:
    """Say whether free text goes on to the end of the line, whatever looks like an option in it.

    So does a file's, and the text of a command that has no other option. Any other one ends where
    an option begins, known or not: none may be lost in a text.
    """
    return option.file or len(options) == 1


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
def options_of(request: type[Request]) -> tuple[Option, ...]:
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
