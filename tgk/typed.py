"""Command lines as people type them: words and options become raw arguments; nothing runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import ArgumentFault, InvalidRequest, Refused, UnknownCommand
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tgk.command import Option

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


@dataclass(frozen=True, slots=True)
class Token:
    """One word of a line. A quoted one is always a value, whatever it looks like."""

    text: str
    source: str
    start: int
    end: int
    quoted: bool = False
    closed: bool = True

    @property
    def remainder(self) -> str:
        """Everything from this word on, as typed; a last word loses its quotes."""
        rest = self.source[self.start :].rstrip()
        alone = self.quoted and self.closed and not self.source[self.end :].strip()
        return self.text if alone else rest


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


def parse_line(text: str, registry_names: Iterable[str]) -> tuple[str, Tokens]:
    """Find the longest command name a line starts with, and the words that follow it.

    A leading slash, ``@bot`` behind the first word and ``_`` for a space in a name are understood.
    Raises UnknownCommand, or Refused for an empty line.
    """
    tokens = tokenise(text.strip().removeprefix("/"))
    if not tokens:
        raise Refused("No command was given.", remedy="See /help.")
    names = tuple(registry_names)
    first = tokens[0].text.partition("@")[0].casefold()
    typed = [first, *(token.text.casefold() for token in tokens[1:])]
    found = _longest(typed, names)
    if found is None:
        underscored = first.split("_")
        found = _longest([*underscored, *typed[1:]], names) if len(underscored) > 1 else None
        if found is None:
            raise _unknown(typed, names)
        return found, Tokens(found, tokens[max(1, len(found.split()) - len(underscored) + 1) :])
    return found, Tokens(found, tokens[len(found.split()) :])


def bind(tokens: Tokens, options: Sequence[Option]) -> dict[str, object]:
    """Give each word to an option: by position, ``--key value``, ``--key=value`` or ``--flag``.

    Values stay text (flags are booleans): the command's own types judge them. Flags have no
    position. Raises InvalidRequest naming every word that fits nowhere.
    """
    binding = _Binding(tokens, options)
    binding.read()
    if binding.faults:
        raise InvalidRequest(tokens.command, binding.faults, usage=_usage(tokens.command, options))
    return binding.raw


class _Binding:
    """One reading of a line, word by word."""

    def __init__(self, tokens: Tokens, options: Sequence[Option]) -> None:
        self.raw: dict[str, object] = {}
        self.faults: list[ArgumentFault] = []
        self._words = tokens.words
        self._at = 0
        self._options = {_spelling(option.name): option for option in options}
        self._positional = [option for option in options if option.type != "boolean"]

    def read(self) -> None:
        """Consume every word."""
        literal = False
        while self._at < len(self._words):
            token = self._words[self._at]
            self._at += 1
            option = None if literal or token.quoted else _OPTION.fullmatch(token.text)
            if token.text == "--" and not token.quoted and not literal:
                literal = True
            elif option:
                self._named(token, option[1], option[2])
            else:
                self._place(token)

    def _named(self, token: Token, spelled: str, value: str | None) -> None:
        option, negated = self._lookup(spelled)
        if option is None:
            near = tuple(f"--{name}" for name in nearest(_spelling(spelled), self._options))
            hint = f"; did you mean {near[0]}?" if near else ""
            self._fault(f"--{spelled}", f"there is no such option{hint}", near)
        elif option.type == "boolean":
            self._give(option, (not negated) if value is None else value, token)
        elif value is not None:
            self._give(option, value, token)
        else:
            self._take_value(option, spelled)

    def _take_value(self, option: Option, spelled: str) -> None:
        following = self._words[self._at] if self._at < len(self._words) else None
        if following is None or (not following.quoted and _OPTION.fullmatch(following.text)):
            self._fault(option.name, f"a value must follow --{spelled}")
            return
        self._at += 1
        if option.rest and not following.quoted:
            self._take_rest(option, following)
        else:
            self._give(option, following.text, following)

    def _place(self, token: Token) -> None:
        free = (option for option in self._positional if option.name not in self.raw)
        option = next(free, None)
        if option is None:
            self._fault("arguments", f'"{token.text}" is one too many')
        elif option.rest:
            self._take_rest(option, token)
        else:
            self._give(option, token.text, token)

    def _take_rest(self, option: Option, first: Token) -> None:
        self.raw[option.name] = first.remainder
        self._at = len(self._words)

    def _give(self, option: Option, value: object, token: Token) -> None:
        if not token.closed:
            self._fault(option.name, "the quote is not closed")
        elif option.name in self.raw:
            self._fault(option.name, "given twice")
        else:
            self.raw[option.name] = value

    def _lookup(self, spelled: str) -> tuple[Option | None, bool]:
        name = _spelling(spelled)
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


def _unknown(typed: Sequence[str], names: Sequence[str]) -> UnknownCommand:
    groups = {name.split()[0] for name in names if " " in name}
    name = " ".join(typed[:2]) if typed[0] in groups else typed[0]
    return UnknownCommand(name[:64], nearest(name, names))


def _spelling(name: str) -> str:
    """An option as it is typed: ``dry_run`` is ``--dry-run``, ``from_`` is ``--from``."""
    return name.strip("_").replace("_", "-").casefold()


def _usage(command: str, options: Sequence[Option]) -> str:
    parts = [f"<{o.name}>" if o.required else f"[{o.name}]" for o in options]
    return " ".join(["/" + command, *parts])


def value_line(name: str, raw: Mapping[str, object]) -> str:
    """Write a command line that ``parse_line`` and ``bind`` read back, for showing and copying."""
    parts = [f"/{name}"]
    for key, value in raw.items():
        if value is None or value is False:
            continue
        flag = f"--{_spelling(key)}"
        parts.append(flag if value is True else f"{flag}={_quoted(str(value))}")
    return " ".join(parts)


def _quoted(value: str) -> str:
    if value and not re.search(r"""[\s"'“”\\]""", value):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
