"""Names of two words: the first is the family, the second the verb. Works on names alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import UnknownCommand, VerbWanted
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONGEST_SHOWN = 64
_MOST_NEAR = 3
_MORE = ", …"


def family_of(name: str) -> str:
    """Return the first of two words; empty for a command of one word."""
    family, space, _ = name.partition(" ")
    return family if space else ""


def verb_of(name: str) -> str:
    """Return the second of two words; empty for a command of one word."""
    return name.partition(" ")[2]


def families(names: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return every family with its verbs, in the order of the names."""
    found: dict[str, list[str]] = {}
    for name in names:
        if family := family_of(name):
            found.setdefault(family, []).append(verb_of(name))
    return {family: tuple(verbs) for family, verbs in found.items()}


def heads(names: Iterable[str]) -> tuple[str, ...]:
    """Return what stands first in a line: commands of one word, and each family once."""
    return tuple(dict.fromkeys(family_of(name) or name for name in names))


def listing(verbs: Iterable[str], longest: int) -> str:
    """Return the verbs in a row, as many as fit; a mark stands for the others."""
    told = ""
    for verb in verbs:
        longer = f"{told}, {verb}" if told else verb
        if len(longer) > longest - len(_MORE):
            return told + _MORE
        told = longer
    return told


def unknown(typed: str, names: Iterable[str]) -> UnknownCommand:
    """Return the error for a name that no command has, with those that were probably meant."""
    known = tuple(names)
    groups = families(known)
    first, _, rest = typed.partition(" ")
    if first in groups:
        return VerbWanted(first, rest[:_LONGEST_SHOWN], groups[first])
    near = [name for name in known if verb_of(name) == first]
    for head in nearest(first, heads(known)):
        near += [f"{head} {verb}" for verb in nearest(rest, groups.get(head, ()))] or [head]
    return UnknownCommand(first[:_LONGEST_SHOWN], near[:_MOST_NEAR])
