"""Splits an expression into tokens that know where they stand."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestration.playbook.expression.errors import ExpressionError
from orchestration.playbook.expression.values import MAX_SOURCE

if TYPE_CHECKING:
    from collections.abc import Mapping


class Token(NamedTuple):
    """One word, number, text or sign. Signs and reserved words are their own kind."""

    kind: str
    """``name``, ``number``, ``text``, ``end``, or the sign itself."""
    value: str
    offset: int
    end: int
    number: int | float = 0


_TOKEN: Final = re.compile(
    r"""[ \t\r\n]*(?:
      (?P<word>[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*)
    | (?P<sign>\$\{|&&|\|\||[=!<>]=|[!<>()\[\],.?:+\-*/%}])
    | (?P<text>"[^"\\]*(?:\\.[^"\\]*)*"|'[^'\\]*(?:\\.[^'\\]*)*')
    | (?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_SPACE: Final = re.compile(r"[ \t\r\n]*")
_AFTER_NUMBER: Final = re.compile(r"(?:[A-Za-z_0-9]|\.[0-9])[A-Za-z0-9_.-]*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))|(\$\{)", re.DOTALL)
_SURROGATE: Final = re.compile("[\ud800-\udfff]")
_ESCAPED: Final[Mapping[str, str]] = {
    "n": "\n", "t": "\t", "r": "\r", '"': '"', "'": "'", "\\": "\\", "/": "/", "$": "$",
}  # fmt: skip
_RESERVED: Final[Mapping[str, str]] = {
    "and": "&&", "or": "||", "not": "not", "in": "in", "true": "true", "false": "false",
    "null": "null",
}  # fmt: skip
_MISWRITTEN: Final[Mapping[str, str]] = {
    "True": "true", "TRUE": "true", "False": "false", "FALSE": "false",
    "None": "null", "Null": "null", "NULL": "null", "AND": "and", "OR": "or", "NOT": "not",
}  # fmt: skip
_ADVICE: Final[Mapping[str, str]] = {
    "=": "use == to compare",
    "&": "use && for and",
    "|": "use || for or",
    "$": "a reference is written ${name}, or plainly name",
    "{": "a reference is written ${name}, or plainly name",
    "@": "text stands in quotes",
    ";": "an expression is one value; nothing follows it",
    "^": "there is no power operator",
    **dict.fromkeys("“”„‘’«»", "write plain quotation marks"),
    **dict.fromkeys("–—−", "write a plain hyphen"),
    "\u00a0": "write a plain space",
}


def tokenise(source: str, start: int = 0, *, embedded: bool = False) -> list[Token]:
    """Return the tokens from ``start`` on, the last of kind ``end``.

    An embedded expression ends at the ``}`` that closes what was opened before ``start``.

    Raises:
        ExpressionError: a character begins no token, or the expression is too long.

    """
    tokens: list[Token] = []
    position, opened, limit = start, 0, start + MAX_SOURCE + 1
    while True:
        token = _next(source, position, limit)
        if token.end - start > MAX_SOURCE:
            raise _too_long(source, start)
        if token.kind == "${":
            opened += 1
        elif token.kind == "}":
            opened -= 1
            if embedded and opened < 0:
                token = Token("end", "}", token.offset, token.end)
        tokens.append(token)
        if token.kind == "end":
            return tokens
        position = token.end


def _next(source: str, position: int, limit: int) -> Token:
    match = _TOKEN.match(source, position, limit)
    if match is None:
        raise _unexpected(source, position)
    group = match.lastgroup or "end"
    offset, end = match.span(group)
    text = source[offset:end]
    if group == "sign":
        return Token(text, text, offset, end)
    if group == "word":
        if text in _MISWRITTEN:
            message = f"unknown word '{text}'"
            raise ExpressionError(message, offset, end - offset, f"write {_MISWRITTEN[text]}")
        return Token(_RESERVED.get(text, "name"), text, offset, end)
    if group == "end":
        return Token("end", "", offset, end)
    if group == "number":
        return Token("number", text, offset, end, _number(text, source, offset))
    return Token("text", _unquoted(text, offset), offset, end)


def _number(text: str, source: str, offset: int) -> int | float:
    end = offset + len(text)
    trailing = _AFTER_NUMBER.match(source, end)
    if trailing is not None:
        whole = source[offset : trailing.end()]
        raise ExpressionError(
            f"'{whole[:40]}' is not a number", offset, len(whole), "text stands in quotes"
        )
    if text.isdigit():
        return int(text)
    number = float(text)
    if math.isinf(number):
        raise ExpressionError("the number is too large", offset, end - offset)
    return number


def _unquoted(quoted: str, offset: int) -> str:
    inner = quoted[1:-1]
    if "\\" in inner or "${" in inner:
        inner = _ESCAPE.sub(lambda found: _unescaped(found, quoted, offset), inner)
    if not inner.isascii() and (found := _SURROGATE.search(inner)):
        raise ExpressionError(
            f"half a character: \\u{ord(found[0]):04x}", offset, len(quoted), "write the character"
        )
    return inner


def _unescaped(found: re.Match[str], quoted: str, offset: int) -> str:
    code, letter, opened = found.groups()
    at = offset + 1 + found.start()
    if opened:
        raise ExpressionError(
            "text in quotes is taken as it is: '${' means nothing here",
            offset,
            len(quoted),
            "leave the quotes out, join with +, or write \\${",
        )
    if code:
        return chr(int(code, 16))
    if letter not in _ESCAPED:
        raise ExpressionError(f"unknown escape \\{letter}", at, 2, "write \\\\ for a backslash")
    return _ESCAPED[letter]


def _too_long(source: str, start: int) -> ExpressionError:
    length = max(len(source) - start - MAX_SOURCE, 1)
    return ExpressionError(
        f"an expression has at most {MAX_SOURCE:,} characters",
        start + MAX_SOURCE,
        length,
        "compute parts of it in a step of type set",
    )


def _unexpected(source: str, position: int) -> ExpressionError:
    space = _SPACE.match(source, position)
    offset = space.end() if space else position
    character = source[offset]
    if character in "\"'":
        length = min(len(source) - offset, MAX_SOURCE)
        return ExpressionError("the text is not closed", offset, length, f"end it with {character}")
    shown = f"'{character}'" if character.isprintable() else f"U+{ord(character):04X}"
    otherwise = "text stands in quotes" if character.isalpha() else ""
    return ExpressionError(
        f"unexpected character {shown}", offset, 1, _ADVICE.get(character, otherwise)
    )
