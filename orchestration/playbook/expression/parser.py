"""Reads tokens as a tree: precedence climbing, with a bound on how deep it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.playbook.expression.calls import call
from orchestration.playbook.expression.comparison import COMPARISONS
from orchestration.playbook.expression.errors import ExpressionError
from orchestration.playbook.expression.nodes import (
    Access,
    Constant,
    Element,
    Field,
    ListOf,
    Name,
    Node,
)
from orchestration.playbook.expression.operations import (
    Choice,
    Comparison,
    Logic,
    Minus,
    Not,
    Operand,
    Sum,
)
from orchestration.playbook.expression.values import LARGEST, MAX_DEPTH, SMALLEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.expression.lexer import Token

_CHOICE, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN = range(1, 9)
_POWER: Final[Mapping[str, int]] = {
    "?": _CHOICE,
    "||": _OR,
    "&&": _AND,
    "not": _COMPARISON,  # as in: a not in b
    **dict.fromkeys(COMPARISONS, _COMPARISON),
    "+": _SUM, "-": _SUM,
    "*": _PRODUCT, "/": _PRODUCT, "%": _PRODUCT,
}  # fmt: skip
_CONSTANTS: Final[Mapping[str, bool | None]] = {"true": True, "false": False, "null": None}
_CLOSING: Final[Mapping[str, str]] = {"(": ")", "${": "}", "[": "]"}


class Parser:
    """Reads one expression."""

    def __init__(self, tokens: Sequence[Token]) -> None:
        self._tokens = tokens
        self._index = 0
        self._depth = 0
        self._token = tokens[0]

    def whole(self) -> Node:
        """Return the tree of all tokens.

        Raises:
            ExpressionError: they are no expression.

        """
        node = self._expression(0)
        if self._token.kind != "end":
            raise self._unexpected("an operator or the end")
        return node

    def _advance(self) -> Token:
        token = self._token
        self._index += 1
        self._token = self._tokens[self._index]
        return token

    def _length(self, start: int) -> int:
        return self._tokens[self._index - 1].end - start

    def _expression(self, power: int) -> Node:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise self._error(f"the expression is nested deeper than {MAX_DEPTH} levels")
        start = self._token.offset
        left = self._prefix()
        while (found := _POWER.get(self._token.kind, 0)) > power:
            left = self._infix(start, left, found)
        self._depth -= 1
        return left

    def _infix(self, start: int, left: Node, power: int) -> Node:
        if power >= _SUM:
            return self._sum(start, left, power)
        if power == _COMPARISON:
            return self._comparison(start, left)
        if power == _CHOICE:
            return self._choice(start, left)
        return self._logic(start, left, power)

    def _sum(self, start: int, first: Node, power: int) -> Node:
        rest: list[Operand] = []
        while _POWER.get(self._token.kind) == power:
            sign = self._advance().kind
            operand = self._expression(power)
            rest.append(Operand(start, self._length(start), sign, operand))
        return Sum(start, self._length(start), first, tuple(rest))

    def _logic(self, start: int, first: Node, power: int) -> Node:
        operands = [first]
        sign = self._token.kind
        while self._token.kind == sign:
            self._advance()
            operands.append(self._expression(power))
        return Logic(start, self._length(start), power == _OR, tuple(operands))

    def _comparison(self, start: int, left: Node) -> Node:
        sign = self._advance().kind
        inverted = sign == "not"
        if inverted:
            sign = self._expect("in", "'in' after 'not'").kind
        right = self._expression(_COMPARISON)
        if _POWER.get(self._token.kind) == _COMPARISON:
            raise self._error("comparisons do not chain", "join two of them with &&")
        length = self._length(start)
        comparison = Comparison(start, length, COMPARISONS[sign], left, right)
        return Not(start, length, comparison) if inverted else comparison

    def _choice(self, start: int, test: Node) -> Node:
        self._advance()
        then = self._expression(0)
        self._expect(":", "':' and the other value")
        otherwise = self._expression(0)
        return Choice(start, self._length(start), test, then, otherwise)

    def _prefix(self) -> Node:
        kind = self._token.kind
        if kind in {"!", "not"}:
            token = self._advance()
            operand = self._expression(_SIGN if kind == "!" else _NOT)
            return Not(token.offset, self._length(token.offset), operand)
        if kind == "-":
            return self._negative(self._advance())
        return self._inside(self._token.offset, self._primary())

    def _negative(self, minus: Token) -> Node:
        if self._token.kind == "number":
            return self._number(minus.offset, -1)
        operand = self._expression(_SIGN)
        return Minus(minus.offset, self._length(minus.offset), operand)

    def _primary(self) -> Node:
        kind = self._token.kind
        if kind == "name":
            return self._name()
        if kind == "number":
            return self._number(self._token.offset, 1)
        if kind == "text":
            token = self._advance()
            return Constant(token.offset, token.end - token.offset, token.value)
        if kind in _CONSTANTS:
            token = self._advance()
            return Constant(token.offset, token.end - token.offset, _CONSTANTS[kind])
        if kind in _CLOSING:
            return self._enclosed()
        raise self._unexpected("a value")

    def _number(self, offset: int, sign: int) -> Constant:
        token = self._advance()
        number, length = sign * token.number, token.end - offset
        if isinstance(number, int) and not SMALLEST <= number <= LARGEST:
            raise ExpressionError("the whole number does not fit into 64 bits", offset, length)
        return Constant(offset, length, number)

    def _name(self) -> Node:
        token = self._advance()
        name, offset = token.value, token.offset
        if self._token.kind != "(":
            return Name(offset, token.end - offset, name)
        opening = self._advance()
        arguments = self._until(")", opening)
        closing = self._advance()
        return call(name, (offset, token.end - offset), closing.end - offset, arguments)

    def _enclosed(self) -> Node:
        opening = self._advance()
        closing = _CLOSING[opening.kind]
        if opening.kind == "[":
            items = self._until(closing, opening)
            return ListOf(opening.offset, self._advance().end - opening.offset, items)
        node = self._expression(0)
        self._require(closing, opening)
        self._advance()
        return node

    def _until(self, closing: str, opening: Token) -> tuple[Node, ...]:
        """Return what stands between commas, up to the closing sign."""
        nodes: list[Node] = []
        while self._token.kind != closing:
            nodes.append(self._expression(0))
            if self._token.kind != ",":
                self._require(closing, opening)
            else:
                self._advance()
        return tuple(nodes)

    def _inside(self, start: int, root: Node) -> Node:
        """Read what follows a value: fields and elements of it."""
        steps: list[Field | Element] = []
        while self._token.kind in {".", "["}:
            steps.append(self._field() if self._token.kind == "." else self._element())
        if self._token.kind == "(" and steps and isinstance(steps[-1], Field):
            name = steps[-1].name
            raise self._error("values have no methods", f"write {name}(value, …)")
        if not steps:
            return root
        return Access(start, self._length(start), root, tuple(steps))

    def _field(self) -> Field:
        self._advance()
        token = self._token
        if token.kind == "number":
            raise self._error("a field has a name", f"an element of a list is [{token.value}]")
        if not token.value[:1].isidentifier() or token.kind == "text":
            raise self._unexpected("the name of a field")
        self._advance()
        return Field(token.offset, token.end - token.offset, token.value)

    def _element(self) -> Field | Element:
        opening = self._advance()
        index = self._expression(0)
        self._require("]", opening)
        self._advance()
        if isinstance(index, Constant) and isinstance(index.constant, str):
            return Field(index.offset, index.length, index.constant)
        return Element(index.offset, index.length, index)

    def _expect(self, kind: str, wanted: str) -> Token:
        if self._token.kind != kind:
            raise self._unexpected(wanted)
        return self._advance()

    def _require(self, closing: str, opening: Token) -> None:
        if self._token.kind == "end":
            raise ExpressionError(
                f"'{opening.kind}' is not closed",
                opening.offset,
                opening.end - opening.offset,
                f"add {closing}",
            )
        if self._token.kind != closing:
            raise self._unexpected(f"'{closing}'")

    def _unexpected(self, wanted: str) -> ExpressionError:
        token = self._token
        if token.kind == "end":
            return self._error(f"expected {wanted}, found the end")
        found = "text" if token.kind == "text" else f"'{token.value}'"
        return self._error(f"expected {wanted}, found {found}", _ADVICE.get(token.kind, ""))

    def _error(self, message: str, advice: str = "") -> ExpressionError:
        token = self._token
        return ExpressionError(message, token.offset, max(token.end - token.offset, 1), advice)


_ADVICE: Final[Mapping[str, str]] = {
    "name": "text stands in quotes",
    "*": "there is no power operator",
    ">": "write != for not equal",
}
