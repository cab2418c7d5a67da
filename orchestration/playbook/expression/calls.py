"""Makes the node of a call once it is known that there is such a function."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.playbook.expression.errors import ExpressionError, did_you_mean
from orchestration.playbook.expression.functions import FUNCTIONS
from orchestration.playbook.expression.nodes import Access, Name
from orchestration.playbook.expression.operations import Call, Default, Has

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.expression.nodes import Node

_TOTAL: Final[Mapping[str, int]] = {"default": 2, "has": 1}
_ALIASES: Final[Mapping[str, str]] = {
    "len": "size", "length": "size", "count": "size", "str": "string", "number": "float",
    "toLower": "lower", "toUpper": "upper", "exists": "has", "defined": "has",
    "coalesce": "default",
}  # fmt: skip


def call(name: str, place: tuple[int, int], length: int, arguments: tuple[Node, ...]) -> Node:
    """Return the call of ``name``, which stands at ``place``; ``length`` is that of it all.

    Raises:
        ExpressionError: there is no such function, or it takes other arguments.

    """
    offset = place[0]
    if name in _TOTAL:
        return _total(name, offset, length, arguments)
    function = FUNCTIONS.get(name)
    if function is None:
        raise ExpressionError(f"unknown function '{name}'", *place, _meant(name))
    if not function.least <= len(arguments) <= function.most:
        raise _arity(name, function.signature, offset, length, arguments)
    return Call(offset, length, function, arguments)


def _total(name: str, offset: int, length: int, arguments: tuple[Node, ...]) -> Node:
    wanted = _TOTAL[name]
    if len(arguments) != wanted:
        many = "1 argument" if wanted == 1 else f"{wanted} arguments"
        raise _arity(name, many, offset, length, arguments)
    if name == "default":
        return Default(offset, length, arguments[0], arguments[1])
    if not isinstance(arguments[0], Name | Access):
        raise arguments[0].fault("has() asks for a name or a field", "such as has(build.output)")
    return Has(offset, length, arguments[0])


def _meant(name: str) -> str:
    if name in _ALIASES:
        return f"did you mean '{_ALIASES[name]}'?"
    return did_you_mean(name, [*FUNCTIONS, *_TOTAL])


def _arity(
    name: str, takes: str, offset: int, length: int, arguments: tuple[Node, ...]
) -> ExpressionError:
    return ExpressionError(f"{name}() takes {takes}, found {len(arguments)}", offset, length)
