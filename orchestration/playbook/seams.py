"""Finds where an item of a list lost its first line, so that its keys run on in the one before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from orchestration.playbook.kinds import COMMON, KEYS, KINDS, TELLING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from orchestration.playbook.kinds import Kind
    from orchestration.playbook.source import Source
    from tgk.yaml_marks import Fault, Mark, Node

_STEPS = frozenset(
    {"steps", "then", "else", "finally", "on_failure", "on_success", "undo"}
)  # fmt: skip
_FIRST = ("name", "type", "description", "condition")
"""In this order people begin an item; then comes what it does, and everything else after."""
_KEYS = frozenset(KEYS)
_TELLING = frozenset(key for key, _ in TELLING)


@dataclass(frozen=True, slots=True)
class Seam:
    """Where two items became one."""

    mark: Mark
    """The first key of the one whose beginning is gone."""
    key: str
    before: Mark
    """Where the item begins into which it ran."""


@dataclass(frozen=True, slots=True)
class _Key:
    mark: Mark
    name: str
    gap: int
    """What stands above it: 3 for an empty line, 1 for a comment, 0 for neither."""
    kind: Kind | None
    """The kind of step that it names, if it is a ``type``."""


def seams(root: Node, faults: Iterable[Fault], source: Source) -> list[Seam]:
    """Return the places where `- name: …` or the like seems to be missing."""
    twice = [fault for fault in faults if fault.kind == "duplicate" and fault.related]
    found = []
    for node, is_step in _items(root, "", within=False):
        keys = _keys(node, twice, source)
        cut = _cut(keys, is_step=is_step)
        if cut:
            found.append(Seam(cut.mark, cut.name, node.mark))
    return found


def _items(node: Node, key: str, *, within: bool) -> Iterator[tuple[Node, bool]]:
    """Yield every mapping in a list, and whether it is a step."""
    if isinstance(node.value, dict):
        if within:
            yield node, key in _STEPS
        for name, child in node.value.items():
            yield from _items(child, name, within=False)
    elif isinstance(node.value, list):
        for child in node.value:
            yield from _items(child, key, within=True)


def _keys(node: Node, twice: Sequence[Fault], source: Source) -> list[_Key]:
    """Return the keys of a mapping as they are written, each on a line of its own, or nothing."""
    marks = [(mark, name) for name, mark in node.keys.items()]
    firsts = dict(marks)
    marks += [(fault.mark, firsts[fault.related]) for fault in twice if fault.related in firsts]
    marks.sort()
    if len({mark.line for mark, _ in marks}) < len(marks):
        return []
    kind = _kind(node)
    return [
        _Key(mark, name, _gap(source, mark.line), kind if mark == node.keys.get("type") else None)
        for mark, name in marks
    ]


def _kind(node: Node) -> Kind | None:
    written = node.value.get("type") if isinstance(node.value, dict) else None
    return KINDS.get(str(written.value)) if written else None


def _gap(source: Source, line: int) -> int:
    return {"": 3, "#": 1}.get(source.line(line - 1).strip()[:1], 0)


def _cut(keys: Sequence[_Key], *, is_step: bool) -> _Key | None:
    """Return the key with which a second item begins, if one item cannot hold them all."""
    if not _clash(keys, is_step=is_step):
        return None
    able = [
        place
        for place in range(1, len(keys))
        if keys[place].name != "name"
        and not _clash(keys[:place], is_step=is_step)
        and not _clash(keys[place:], is_step=is_step)
    ]
    likely = max(able, key=lambda place: _signs(keys, place), default=0)
    return keys[likely] if likely and _signs(keys, likely) else None


def _signs(keys: Sequence[_Key], place: int) -> int:
    """Return how much speaks for an item that begins here: what is above, the order of keys."""
    return keys[place].gap + 2 * (_rank(keys[place]) < _rank(keys[place - 1]))


def _clash(keys: Sequence[_Key], *, is_step: bool) -> bool:
    """Return whether no item has these keys, or a step would have nothing to do."""
    names = {key.name for key in keys}
    if len(names) < len(keys):
        return True
    if not is_step or not names <= _KEYS:
        return False
    named = next((key.kind for key in keys if key.kind), None)
    kinds = [named] if named else list(KINDS.values())
    fits = any(names <= {*COMMON, *kind.keys} for kind in kinds)
    return not (fits and names & _TELLING) or {"wait", "command"} <= names


def _rank(key: _Key) -> int:
    if key.name in _FIRST:
        return _FIRST.index(key.name)
    return len(_FIRST) + (key.name not in _TELLING)
