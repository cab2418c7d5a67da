"""An expression that was read: what it needs, and what it is worth."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestration.playbook.expression.errors import ExpressionError
from orchestration.playbook.expression.lexer import tokenise
from orchestration.playbook.expression.operations import verdict
from orchestration.playbook.expression.parser import Parser
from orchestration.playbook.expression.references import Reference, references
from orchestration.playbook.expression.values import UNKNOWN, Meter

if TYPE_CHECKING:
    from orchestration.playbook.expression.nodes import Node
    from orchestration.playbook.expression.values import Scope, Unknown, Value


@dataclass(frozen=True, slots=True)
class Expression:
    """One value to be computed; positions count from the start of the text it was read from."""

    source: str
    node: Node = field(repr=False)

    @property
    def references(self) -> tuple[Reference, ...]:
        """What it reads of a scope, as written, from left to right."""
        return tuple(references(self.node))

    def evaluate(self, scope: Scope) -> Value:
        """Return its value; ``UNKNOWN`` if that depends on something unknown in the scope.

        Raises:
            ExpressionError: it has none in this scope, or costs too much.

        """
        return self.node.value(scope, Meter())

    def verdict(self, scope: Scope) -> bool | Unknown:
        """Return its value, which must be a boolean or unknown.

        Raises:
            ExpressionError: it is something else, or has no value in this scope.

        """
        return verdict(self.node, scope, Meter())

    def test(self, scope: Scope) -> bool:
        """Return its value, which must be a boolean.

        Raises:
            ExpressionError: it is something else or unknown, or has no value in this scope.

        """
        held = verdict(self.node, scope, Meter())
        if held is UNKNOWN:
            raise self.node.fault("this depends on something that is not known yet")
        return held


def parse(source: str) -> Expression:
    """Read an expression; ``${x}`` in it is nothing but ``(x)``.

    Raises:
        ExpressionError: it is none, or it is too long.

    """
    if not source.strip():
        raise ExpressionError("the expression is empty", 0, 1)
    return Expression(source, Parser(tokenise(source)).whole())


def parse_embedded(text: str, start: int) -> tuple[Expression, int]:
    """Read the expression that begins at ``start``, and return where its ``}`` ends.

    Raises:
        ExpressionError: it is none, or it is not closed.

    """
    tokens = tokenise(text, start, embedded=True)
    last = tokens[-1]
    if last.value != "}":
        raise ExpressionError("'${' is not closed", start - 2, 2, "add }, or write $${ for itself")
    if len(tokens) == 1:
        raise ExpressionError(
            "nothing stands in ${}", start - 2, last.end - start + 2, "write $${ for itself"
        )
    return Expression(text[start : last.offset], Parser(tokens).whole()), last.end
