"""Command lines as people type them: words and options become raw arguments; nothing runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import ArgumentFault, InvalidRequest, Refused
from tgk.families import unknown
from tgk.options import takes_all
from tgk.spelling import spelled, usage_line
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tgk.options import Option

_WORD = re.compile(
    r"""
    (?P<key>[^\s"'“”=][^\s"'“”]*=)?          # --key= directly before a quote
    (?:
        "(?P<double>(?:\\.?|[^"\\])*)(?P<end_double>"|\Z)
      | '(?P<single>[^']*)(?P<end_single>'|\Z)
      | [“”](?P<curly>[^“”]*)(?P<end_curly>[“”]|\Z)
    )(?P<tail>\S*)
    | (?P<bare>\S+)
    """,
    re.DOTALL | re.VERBOSE,
)
_OPTION = re.compile(r"(?:--|—)([A-Za-z][\w-]*)(?:=(.*))?", re.DOTALL)
"""Phones turn two hyphens into a dash, so that one counts as well."""
_HIDDEN_OPTION = re.compile(r"\s(?:--|—)[A-Za-z]")
PAIR = re.compile(r"[A-Za-z_][\w.-]*=")
"""How ``key=value`` begins."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a line. A quoted one is always a value, whatever it looks like."""

    text: str
    source: str
    start: int
    end: int
    quoted: bool = False
    closed: bool = True

    def text_to(self, last: Token) -> str:
        """Everything from this word to that one, as typed; one word alone loses its quotes."""
        alone = self is last and self.quoted and self.closed
        return self.text if alone else self.source[self.start : last.end].rstrip()

    @property
    def option(self) -> re.Match[str] | None:
        """The name of the option that this word is, and its value if one is glued to it."""
        return None if self.quoted else _OPTION.fullmatch(self.text)


@dataclass(frozen=True, slots=True)
class Tokens:
    """The words after a command's name."""

    command: str
    words: tuple[Token, ...] = ()

    def __iter__(self) -> Iterator[Token]:
        return iter(self.words)

    def __len__(self) -> int:
        return len(self.words)


def tokenise(text: str) -> tuple[Token, ...]:
    """Split a line at white space outside quotes, which open at the start of a word or after ``=``.

    An open quote is no fault yet: free text has apostrophes, and only ``bind`` knows what is free.
    """
    return tuple(_token(found, text) for found in _WORD.finditer(text))


def parse_line(
    text: str, registry_names: Iterable[str], defaults: Mapping[str, str] | None = None
) -> tuple[str, Tokens]:
    """Find the longest command name a line starts with, and the words that follow it.

    A leading slash, ``@bot`` behind the first word and ``_`` for a space in a name are understood.
    ``defaults`` are the commands that a family's name alone means: an option may follow it, while
    a bare word there is always taken for a verb. Raises UnknownCommand, or Refused for an empty
    line.
    """
    tokens = tokenise(text.strip().removeprefix("/"))
    if not tokens:
        raise Refused("No command was given.", remedy="See /help.")
    names = tuple(registry_names)
    first = tokens[0].text.partition("@")[0].casefold()
    typed = [first, *(token.text.casefold() for token in tokens[1:])]
    found = _longest(typed, names)
    if found is not None:
        return found, Tokens(found, tokens[len(found.split()) :])
    meant = (defaults or {}).get(first)
    if meant in names and not _names_verb(tokens):
        return meant, Tokens(meant, tokens[1:])
    underscored = first.split("_")
    found = _longest([*underscored, *typed[1:]], names) if len(underscored) > 1 else None
    if found is None:
        raise unknown(_name_typed(tokens, first), names)
    return found, Tokens(found, tokens[max(1, len(found.split()) - len(underscored) + 1) :])


def _names_verb(tokens: Sequence[Token]) -> bool:
    """Say whether a bare word follows the first."""
    following = tokens[1] if len(tokens) > 1 else None
    return following is not None and not following.quoted and not _OPTION.fullmatch(following.text)


def _name_typed(tokens: Sequence[Token], first: str) -> str:
    """Return what was probably meant as the name: the first word and a bare one behind it."""
    return f"{first} {tokens[1].text.casefold()}" if _names_verb(tokens) else first


def bind(tokens: Tokens, options: Sequence[Option]) -> dict[str, object]:
    """Give each word to an option: by position, ``--key value``, ``--key=value`` or ``--flag``.

    Values stay text (flags are booleans): the command's own types judge them. Flags and repeated
    options have no position; what is repeated becomes lines of one text, and ``key=value`` alone
    is a pair where pairs are taken. Raises InvalidRequest naming every word that fits nowhere.
    """
    binding = _Binding(tokens, options)
    binding.read()
    if binding.faults:
        usage = usage_line(tokens.command, options)
        raise InvalidRequest(tokens.command, binding.faults, usage=usage)
    return binding.raw


class _Binding:
    """One reading of a line, word by word."""

    def __init__(self, tokens: Tokens, options: Sequence[Option]) -> None:
        self.raw: dict[str, object] = {}
        self.faults: list[ArgumentFault] = []
        self._words = tokens.words
        self._at = 0
        self._options = {spelled(option.name): option for option in options}
        self._positional = [option for option in options if option.has_place]
        self._literal = False

    def read(self) -> None:
        """Consume every word."""
        while self._at < len(self._words):
            token = self._words[self._at]
            self._at += 1
            option = None if self._literal else token.option
            if token.text == "--" and not token.quoted and not self._literal:
                self._literal = True
            elif option:
                self._named(token, option[1], option[2])
            else:
                self._place(token)

    def _named(self, token: Token, typed: str, value: str | None) -> None:
        option, negated = self._lookup(typed)
        if option is None:
            near = tuple(f"--{name}" for name in nearest(spelled(typed), self._options))
            free = any(each.rest for each in self._options.values())
            quoting = "; put text that has it in quotes" if free else ""
            hint = f"; did you mean {near[0]}?" if near else quoting
            self._fault(f"--{typed}", f"there is no such option{hint}", near)
        elif option.type == "boolean":
            self._give(option, (not negated) if value is None else value, token)
        elif value is not None:
            self._give(option, value, token)
        else:
            self._take_value(option, typed)

    def _take_value(self, option: Option, typed: str) -> None:
        following = self._words[self._at] if self._at < len(self._words) else None
        if following is None or following.option:
            self._fault(option.name, f"a value must follow --{typed}")
            return
        self._at += 1
        if option.rest and not following.quoted:
            self._take_text(option, following)
        else:
            self._give(option, following.text, following)
        while option.repeats and self._at < len(self._words) and self._is_pair(self._at):
            self._at += 1
            self._give(option, self._words[self._at - 1].text, self._words[self._at - 1])

    def _is_pair(self, at: int) -> bool:
        """Say whether a word goes on with the pairs before it, as in ``--parameters a=1 b=2``."""
        word = self._words[at]
        return not word.quoted and PAIR.match(word.text) is not None

    def _place(self, token: Token) -> None:
        pairs = next((each for each in self._options.values() if each.repeats), None)
        if pairs and self._is_pair(self._at - 1):
            self._give(pairs, token.text, token)
            return
        free = (option for option in self._positional if option.name not in self.raw)
        option = next(free, None)
        if option is None:
            self._fault("arguments", f'"{token.text}" is one too many')
        elif option.rest:
            self._take_text(option, token)
        else:
            self._give(option, token.text, token)

    def _take_text(self, option: Option, first: Token) -> None:
        """Give the words up to the next option, or all of them, to free text."""
        whole = self._literal or takes_all(option, tuple(self._options.values()))
        last = first
        while self._at < len(self._words) and (whole or not self._words[self._at].option):
            last = self._words[self._at]
            self._at += 1
        if not (whole or last.closed) and _HIDDEN_OPTION.search(last.text):
            self._fault(option.name, "the quote is not closed")
        else:
            self._give(option, first.text_to(last))

    def _give(self, option: Option, value: object, token: Token | None = None) -> None:
        if token and not token.closed:
            self._fault(option.name, "the quote is not closed")
        elif option.repeats:
            before = self.raw.get(option.name)
            self.raw[option.name] = f"{before}\n{value}" if before else value
        elif option.name in self.raw:
            self._fault(option.name, "given twice")
        else:
            self.raw[option.name] = value

    def _lookup(self, typed: str) -> tuple[Option | None, bool]:
        name = spelled(typed)
        if name in self._options:
            return self._options[name], False
        option = self._options.get(name.removeprefix("no-")) if name.startswith("no-") else None
        return (option, True) if option and option.type == "boolean" else (None, False)

    def _fault(self, name: str, message: str, near: tuple[str, ...] = ()) -> None:
        self.faults.append(ArgumentFault(name, message, near))


def _token(found: re.Match[str], source: str) -> Token:
    bare = found["bare"]
    if bare is not None:
        return Token(bare, source, found.start(), found.end())
    kind = next(kind for kind in ("double", "single", "curly") if found[kind] is not None)
    inner = re.sub(r'\\(["\\])', r"\1", found[kind]) if kind == "double" else found[kind]
    key = found["key"] or ""
    return Token(
        text=key + inner + found["tail"],
        source=source,
        start=found.start(),
        end=found.end(),
        quoted=not key,
        closed=bool(found["end_" + kind]),
    )


def _longest(typed: Sequence[str], names: Iterable[str]) -> str | None:
    fitting = [
        name for name in names if (words := name.casefold().split()) == [*typed[: len(words)]]
    ]
    return max(fitting, key=lambda name: len(name.split()), default=None)


def value_line(name: str, raw: Mapping[str, object]) -> str:
    """Write a command line that ``parse_line`` and ``bind`` read back, for showing and copying."""
    parts = [f"/{name}"]
    for key, value in raw.items():
        if value is None or value is False:
            continue
        flag = f"--{spelled(key)}"
        parts.append(flag if value is True else f"{flag}={_quoted(str(value))}")
    return " ".join(parts)


def _quoted(value: str) -> str:
    if value and not re.search(r"""[\s"'“”\\]""", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
