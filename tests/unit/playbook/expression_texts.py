"""Expressions nobody would write: random texts, and random trees for two evaluators."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from random import Random

    from orchestration.playbook.expression import Value

SCOPE: dict[str, Value] = {
    "a": 3,
    "b": -7,
    "big": 2**62,
    "d": 2.5,
    "s": "api",
    "t": "production",
    "yes": True,
    "no": False,
    "xs": [1, 2, 3],
    "names": ["api", "web"],
    "m": {"k": 1, "s": "x", "b": True, "xs": [4, 5]},
}
FRAGMENTS = (
    "a", "b", "s", "xs", "m.k", "m", "deploy-api", "verison", "true", "false", "null", "and", "or",
    "not", "in", "size", "default", "has", "int", "string", "startsWith", "product", "max", "lower",
    "(", ")", "[", "]", "{", "}", "${", "$${", ".", ",", "?", ":", "!", "!=", "==", "=", "<", "<=",
    ">", ">=", "&&", "||", "&", "|", "+", "-", "*", "/", "%", "**", '"', "'", "\\", '"x"', "'y'",
    '"\\n"', '"\\u00e9"', '"\\ud800"', "0", "1", "10", "0.5", "1e9", "1e999", "9223372036854775807",
    "9223372036854775808", "1.2.3", "10m", " ", "  ", "\n", "\t", "é", "→", "\u00a0", "\x00", "🙂",
    "\ud800", "#", "@", "__class__", "lambda", "//", ";", "`", "~", "^", "True", "None",
)  # fmt: skip
KINDS = ("number", "text", "boolean", "list", "any")


def random_text(random: Random) -> str:
    """Return up to forty fragments of expressions, mostly nonsense."""
    count = random.randint(0, random.choice([4, 12, 40]))
    return random.choice(["", " "]).join(random.choice(FRAGMENTS) for _ in range(count))


class Pairs:
    """Writes the same random tree twice: as ours, and as CEL."""

    def __init__(self, random: Random) -> None:
        self._random = random

    def pair(self) -> tuple[str, str]:
        """Return one expression in both notations."""
        return self._of(self._random.choice(KINDS), 4)

    def _of(self, kind: str, depth: int) -> tuple[str, str]:
        if self._random.random() < 0.08:
            kind = self._random.choice(KINDS)
        if depth == 0 or self._random.random() < 0.2:
            return self._leaf(kind)
        ours, cel = self._grown(kind, depth - 1)
        if self._random.random() < 0.6:
            return f"({ours})", f"({cel})"
        return ours, cel

    def _leaf(self, kind: str) -> tuple[str, str]:
        leaves = {
            "number": ["a", "b", "big", "d", "0", "1", "7", "2.5", "m.k", "xs[0]", "xs[5]", "-3"],
            "text": ["s", "t", '"api"', '"12"', "'x'", '""', "m.s", 'm["s"]', "names[1]", "m.zz"],
            "boolean": ["yes", "no", "true", "false", "m.b"],
            "list": ["xs", "names", "[]", "[1, 2]", '["api"]', "m.xs", "[true]"],
            "any": ["m", "a", "s", "yes", "xs", "nowhere"],
        }
        leaf = self._random.choice(leaves[kind])
        return leaf, leaf

    def _grown(self, kind: str, depth: int) -> tuple[str, str]:
        grow = {
            "number": (self._sum, self._size, self._to_number),
            "text": (self._concatenation, self._to_text, self._choice_of_text),
            "boolean": (self._logic, self._comparison, self._negation, self._search),
            "list": (self._listing, self._appended),
            "any": (self._choice,),
        }
        return self._random.choice(grow[kind])(depth)

    def _infix(self, sign: str, left: tuple[str, str], right: tuple[str, str]) -> tuple[str, str]:
        return f"{left[0]} {sign} {right[0]}", f"{left[1]} {sign} {right[1]}"

    def _sum(self, depth: int) -> tuple[str, str]:
        sign = self._random.choice("+-*/%")
        return self._infix(sign, self._of("number", depth), self._of("number", depth))

    def _concatenation(self, depth: int) -> tuple[str, str]:
        return self._infix("+", self._of("text", depth), self._of("text", depth))

    def _appended(self, depth: int) -> tuple[str, str]:
        return self._infix("+", self._of("list", depth), self._of("list", depth))

    def _comparison(self, depth: int) -> tuple[str, str]:
        kind = self._random.choice(["number", "text", "boolean", "list", "number"])
        sign = self._random.choice(["==", "!=", "<", "<=", ">", ">="])
        return self._infix(sign, self._of(kind, depth), self._of(kind, depth))

    def _logic(self, depth: int) -> tuple[str, str]:
        sign = self._random.choice(["&&", "||"])
        return self._infix(sign, self._of("boolean", depth), self._of("boolean", depth))

    def _search(self, depth: int) -> tuple[str, str]:
        kind = self._random.choice(["number", "text"])
        if self._random.random() < 0.5:
            return self._infix("in", self._of(kind, depth), self._of("list", depth))
        name = self._random.choice(["startsWith", "endsWith", "contains"])
        text, part = self._of("text", depth), self._of("text", depth)
        return f"{name}({text[0]}, {part[0]})", f"({text[1]}).{name}({part[1]})"

    def _negation(self, depth: int) -> tuple[str, str]:
        ours, cel = self._of("boolean", depth)
        return f"!{ours}", f"!{cel}"

    def _called(self, ours: str, cel: str, argument: tuple[str, str]) -> tuple[str, str]:
        return f"{ours}({argument[0]})", f"{cel}({argument[1]})"

    def _size(self, depth: int) -> tuple[str, str]:
        kind = self._random.choice(["list", "text"])
        return self._called("size", "size", self._of(kind, depth))

    def _to_number(self, depth: int) -> tuple[str, str]:
        name, other = self._random.choice([("int", "int"), ("float", "double")])
        kind = self._random.choice(["number", "text"])
        return self._called(name, other, self._of(kind, depth))

    def _to_text(self, depth: int) -> tuple[str, str]:
        kind = self._random.choice(["number", "boolean", "text"])
        return self._called("string", "string", self._of(kind, depth))

    def _choice_of_text(self, depth: int) -> tuple[str, str]:
        return self._either("text", depth)

    def _choice(self, depth: int) -> tuple[str, str]:
        return self._either(self._random.choice(KINDS), depth)

    def _either(self, kind: str, depth: int) -> tuple[str, str]:
        test, then = self._of("boolean", depth), self._of(kind, depth)
        otherwise = self._of(kind, depth)
        return (
            f"({test[0]} ? {then[0]} : {otherwise[0]})",
            f"({test[1]} ? {then[1]} : {otherwise[1]})",
        )

    def _listing(self, depth: int) -> tuple[str, str]:
        kind = self._random.choice(["number", "text", "boolean"])
        items = [self._of(kind, depth) for _ in range(self._random.randint(0, 3))]
        ours = ", ".join(item[0] for item in items)
        return f"[{ours}]", f"[{', '.join(item[1] for item in items)}]"
