"""What an expression is worth in any run, as far as that is known before: kind and values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from orchestration.playbook.expression.nodes import Access, Constant, Field, ListOf, Name
from orchestration.playbook.expression.operations import (
    Call,
    Choice,
    Comparison,
    Default,
    Has,
    Logic,
    Minus,
    Not,
    Sum,
)
from orchestration.playbook.expression.values import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestration.playbook.expression.nodes import Node
    from orchestration.playbook.model import Plain, Playbook

BOOLEAN, TEXT, NUMBER, LIST, MAP = "a boolean", "text", "a number", "a list", "a map"
_STATUSES: tuple[Plain, ...] = ("succeeded", "failed", "skipped", "cancelled", "timed_out")
_OF_PARAMETER: Final[Mapping[str, str]] = {
    "int": NUMBER, "number": NUMBER, "duration": NUMBER, "bool": BOOLEAN, "list": LIST,
}  # fmt: skip
_OF_CALL: Final[Mapping[str, str]] = {
    "size": NUMBER, "int": NUMBER, "float": NUMBER, "contains": BOOLEAN, "startsWith": BOOLEAN,
    "endsWith": BOOLEAN, "succeeded": BOOLEAN, "failed": BOOLEAN, "lower": TEXT, "upper": TEXT,
    "string": TEXT, "product": LIST,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a value: what it is, and which ones it can be."""

    name: str
    choices: tuple[Plain, ...] = ()


@dataclass(frozen=True, slots=True)
class Finding:
    """A part of an expression that cannot be meant: its place, why, and what to write."""

    offset: int
    length: int
    message: str
    help: str
    never: bool = False
    """A comparison that can never hold, rather than one that always fails."""


Lookup: TypeAlias = Callable[[tuple[str, ...]], Kind | None]
"""Tells what is known of a reference."""


def lookup(playbook: Playbook, steps: frozenset[str]) -> Lookup:
    """Return what is known of parameters, variables and results of steps."""
    known = {
        each.name: Kind(_OF_PARAMETER.get(each.type, TEXT), each.choices)
        for each in playbook.parameters
    }
    for name, value in playbook.variables.items():
        if value is not None:
            known[name] = Kind(_plain_kind(value))
    results = {
        "status": Kind(TEXT, _STATUSES), "success": Kind(BOOLEAN), "attempts": Kind(NUMBER),
        "output": Kind(MAP),
    }  # fmt: skip

    def find(path: tuple[str, ...]) -> Kind | None:
        path = path[1:] if path[0] == "steps" else path
        if len(path) == 1:
            return known.get(path[0]) or (Kind(MAP) if path[0] in steps else None)
        return results.get(path[1]) if len(path) == 2 and path[0] in steps else None  # noqa: PLR2004

    return find


def findings(node: Node, find: Lookup, *, boolean: bool) -> Iterator[Finding]:
    """Yield the parts that are not what they must be; ``boolean`` if the whole must be one."""
    kind = infer(node, find)
    if boolean and kind is not None and kind.name != BOOLEAN:
        help_ = 'compare it, as in == "production"' if kind.name == TEXT else "compare it with =="
        yield Finding(node.offset, node.length, f"this is {kind.name}, not true or false", help_)
    if isinstance(node, Logic | Not):
        for child in node.children():
            yield from findings(child, find, boolean=True)
        return
    if isinstance(node, Comparison):
        yield from _compared(node, find)
    for child in node.children():
        yield from findings(child, find, boolean=isinstance(node, Choice) and child is node.test)


def infer(node: Node, find: Lookup) -> Kind | None:
    """Return what a part is worth; None if only a run can tell."""
    if isinstance(node, Constant):
        return None if node.constant is None else Kind(_plain_kind(node.constant))
    if isinstance(node, Name):
        return find((node.name,))
    if isinstance(node, Access):
        return _accessed(node, find)
    if isinstance(node, Logic | Not | Comparison | Has):
        return Kind(BOOLEAN)
    if isinstance(node, Minus):
        return Kind(NUMBER)
    return _computed(node, find)


def _computed(node: Node, find: Lookup) -> Kind | None:
    if isinstance(node, ListOf):
        return Kind(LIST)
    if isinstance(node, Call):
        name = _OF_CALL.get(node.function.name)
        return Kind(name) if name else None
    if isinstance(node, Sum):
        return infer(node.first, find)
    if isinstance(node, Default):
        first, second = infer(node.wanted, find), infer(node.otherwise, find)
        return Kind(first.name) if first and second and first.name == second.name else None
    if isinstance(node, Choice):
        first, second = infer(node.then, find), infer(node.otherwise, find)
        return Kind(first.name) if first and second and first.name == second.name else None
    return None


def _accessed(node: Access, find: Lookup) -> Kind | None:
    if not isinstance(node.root, Name):
        return None
    fields = [step.name for step in node.steps if isinstance(step, Field)]
    return find((node.root.name, *fields)) if len(fields) == len(node.steps) else None


def _compared(node: Comparison, find: Lookup) -> Iterator[Finding]:
    left, right = infer(node.left, find), infer(node.right, find)
    if left is None or right is None:
        return
    listed = MAP in (left.name, right.name) or LIST in (left.name, right.name)
    if left.name != right.name and not listed:
        message = f"{left.name} is compared with {right.name}"
        yield Finding(node.offset, node.length, message, _conversion(left, right))
    for kind, other in ((left, node.right), (right, node.left)):
        if kind.choices and isinstance(other, Constant) and other.constant not in kind.choices:
            words = ", ".join(str(choice) for choice in kind.choices)
            message = f"it is never {_written(other.constant)}"
            help_ = f"it is one of {words}"
            yield Finding(other.offset, other.length, message, help_, never=True)


def _conversion(left: Kind, right: Kind) -> str:
    if BOOLEAN in (left.name, right.name):
        return "write true and false without quotes"
    return "write the number without quotes, or convert the text: int(…)"


def _written(value: object) -> str:
    return f'"{value}"' if isinstance(value, str) else str(value).lower()


def _plain_kind(value: object) -> str:
    kind = kind_of(value)
    return NUMBER if kind == "a whole number" else kind
