"""YAML read strictly and with its positions: what a file says, and where it says it.

No duplicate keys, tags, merge keys or ``on``/``no`` booleans; aliases only within bounds.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

import yaml

from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

Scalar: TypeAlias = str | int | float | bool | None
Path: TypeAlias = tuple[str | int, ...]
FaultKind = Literal[
    "encoding", "bounds", "syntax", "alias", "tag", "merge", "duplicate", "boolean", "value"
]

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
_INTEGER = re.compile(r"[-+]?(0|[1-9][0-9]{0,30})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)\.[0-9]+([eE][-+]?[0-9]{1,3})?")
_WORDS: dict[str, Scalar] = {"": None, "~": None, "null": None, "true": True, "false": False}
_LOOSE_BOOLEANS = frozenset({"on", "off", "yes", "no", "true", "false"})
_PROBLEMS = (
    ("expected alphabetic or numeric", 'a value that begins with * or & needs quotes, as in "*"'),
    ("mapping values are not allowed", "quote a value that holds ': ', or mend the indentation"),
    ("cannot start any token", "indent with spaces, and quote values that begin with @, % or `"),
    ("end of stream", "close the quotation mark or bracket that is open"),
    ("expected ',' or", "close the bracket, or put a comma between its parts"),
    ("indicator", "indent it like the lines beside it"),
)


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much a file may hold, aliases written out."""

    size: int = 262_144
    depth: int = 24
    nodes: int = 20_000
    aliases: bool = True
    """False refuses anchors and aliases; what an alias stood for is then None, style ``*``."""


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """A position, counted from one."""

    line: int
    column: int


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing to mend: where, what, and what to write instead."""

    mark: Mark
    what: str
    instead: str = ""
    kind: FaultKind = field(default="value", compare=False)
    related: Mark | None = field(default=None, compare=False)
    """Another place that has to do with it: where a key stood first."""

    def text(self, file: str) -> str:
        """Return the line an operator reads."""
        tail = f"; {self.instead}" if self.instead else ""
        return f"{file}:{self.mark.line}:{self.mark.column}: {self.what}{tail}"


@dataclass(slots=True)
class Node:
    """One value with its position; ``keys`` are the positions of a mapping's keys."""

    mark: Mark
    value: Scalar | list[Node] | dict[str, Node]
    keys: dict[str, Mark] = field(default_factory=dict)
    size: int = 1
    begin: int = 0
    end: int = 0
    """Characters of the file from ``begin`` up to ``end`` are this value, quotes included."""
    style: str = ""
    """How text is written: a quotation mark, ``|``, ``>`` or nothing."""

    def plain(self) -> Any:
        """Return the value without positions."""
        if isinstance(self.value, dict):
            return {key: child.plain() for key, child in self.value.items()}
        if isinstance(self.value, list):
            return [child.plain() for child in self.value]
        return self.value


@dataclass(frozen=True, slots=True)
class Document:
    """A file that could be read; ``faults`` are those that did not stop the reading."""

    file: str
    root: Node
    faults: tuple[Fault, ...] = ()

    def node(self, path: Sequence[str | int]) -> Node | None:
        """Return the node at a path, None where the file has nothing."""
        found: Node | None = self.root
        for step in path:
            found = _child(found, step) if found else None
        return found

    def mark(self, path: Sequence[str | int], *, key: bool = False) -> Mark:
        """Return the position of a value, or of its key; of what is around it if it is absent."""
        parent = self.root
        for step in path[:-1]:
            parent = _child(parent, step) or parent
        if not path:
            return parent.mark
        child, named = _child(parent, path[-1]), parent.keys.get(str(path[-1]))
        if named and (key or child is None or child.value is None):
            return named
        return (child or parent).mark

    def where(self, path: Sequence[str | int], *, key: bool = True) -> str:
        """Return ``file:line`` of a value, the file without its folders."""
        return f"{PurePath(self.file).name}:{self.mark(path, key=key).line}"

    def fault(
        self, path: Sequence[str | int], what: str, instead: str = "", *, key: bool = False
    ) -> Fault:
        """Return a fault at a path."""
        return Fault(self.mark(path, key=key), what, instead)


def read(source: bytes, file: str, bounds: Bounds | None = None) -> Document:
    """Read one document; raises ConfigurationInvalid when it cannot be read to its end."""
    document, faults = survey(source, file, bounds)
    if document is None:
        raise refusal(file, faults)
    return document


def survey(
    source: bytes, file: str, bounds: Bounds | None = None
) -> tuple[Document | None, tuple[Fault, ...]]:
    """Return the document, None when it cannot be read to its end, and every fault until there."""
    bounds = bounds or Bounds()
    text, fault = _decoded(source, bounds)
    if fault:
        return None, (fault,)
    reader = _Reader(bounds)
    try:
        root = reader.document(text)
    except yaml.YAMLError as error:
        return None, (*reader.faults, _syntax(error, text))
    except _Stop as stop:
        return None, (*reader.faults, stop.fault)
    document = Document(file, root, tuple(reader.faults))
    return document, document.faults


def _decoded(source: bytes, bounds: Bounds) -> tuple[str, Fault | None]:
    try:
        text = source.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = source.count(b"\n", 0, error.start) + 1
        what = "this is not UTF-8"
        return "", Fault(Mark(line, 1), what, "save the file as UTF-8", "encoding")
    if len(source) > bounds.size:
        what = f"the file is larger than {bounds.size // 1024} KiB"
        return "", Fault(Mark(1, 1), what, "split it or shorten it", "bounds")
    return text, None


def refusal(file: str, faults: Iterable[Fault]) -> ConfigurationInvalid:
    """Return the error that names every fault, in the order of the file."""
    listed = [fault.text(file) for fault in sorted(set(faults))]
    count = "a fault" if len(listed) == 1 else f"{len(listed)} faults"
    return ConfigurationInvalid(
        f"{file} has {count}.", listed, remedy="Mend it and start or reload again."
    )


class _Stop(Exception):
    """Reading further would be dangerous or pointless."""

    def __init__(self, mark: Mark, what: str, instead: str, kind: FaultKind = "bounds") -> None:
        super().__init__(what)
        self.fault = Fault(mark, what, instead, kind)


class _Reader:
    """Builds nodes from the parser's events, counting as it goes."""

    def __init__(self, bounds: Bounds) -> None:
        self.faults: list[Fault] = []
        self._bounds = bounds
        self._anchors: dict[str, Node] = {}
        self._count = 0
        self._events: Iterator[Any] = iter(())

    def document(self, text: str) -> Node:
        self._events = yaml.parse(text, Loader=yaml.CSafeLoader)
        event = self._next()
        while isinstance(event, yaml.StreamStartEvent | yaml.DocumentStartEvent):
            event = self._next()
        if isinstance(event, yaml.StreamEndEvent):
            return Node(Mark(1, 1), None)
        root = self._node(event, 1)
        self._next()
        following = self._next()
        if not isinstance(following, yaml.StreamEndEvent):
            what = "a second document begins here"
            raise _Stop(_mark(following), what, "keep one per file", "syntax")
        return root

    def _next(self) -> Any:
        return next(self._events)

    def _node(self, event: Any, depth: int) -> Node:
        mark = _mark(event)
        if depth > self._bounds.depth:
            limit = self._bounds.depth
            raise _Stop(mark, f"this is nested deeper than {limit} levels", "flatten it")
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, mark)
        self._grow(1, mark)
        self._refuse_tag(event, mark)
        node = self._build(event, mark, depth)
        node.begin, node.end = event.start_mark.index, event.end_mark.index
        if event.anchor:
            self._anchor(event.anchor, node)
        return node

    def _anchor(self, name: str, node: Node) -> None:
        if self._bounds.aliases:
            self._anchors[name] = node
        else:
            self._note(node.mark, f"anchors (&{name}) are not read", "write it out", "alias")

    def _build(self, event: Any, mark: Mark, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent):
            return Node(mark, self._scalar(event, mark), style=event.style or "")
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(mark, depth)
        return self._mapping(mark, depth)

    def _sequence(self, mark: Mark, depth: int) -> Node:
        items: list[Node] = []
        while not isinstance(event := self._next(), yaml.SequenceEndEvent):
            items.append(self._node(event, depth + 1))
        return Node(mark, items, size=1 + sum(item.size for item in items))

    def _mapping(self, mark: Mark, depth: int) -> Node:
        entries: dict[str, Node] = {}
        keys: dict[str, Mark] = {}
        while not isinstance(event := self._next(), yaml.MappingEndEvent):
            key, at = self._key(event, depth), _mark(event)
            value = self._node(self._next(), depth + 1)
            if key in keys:
                self._twice(key, at, keys[key])
            elif key == "<<":
                self._note(at, "merge keys (<<) are not read", "write the keys out", "merge")
            else:
                entries[key], keys[key] = value, at
        return Node(mark, entries, keys, 1 + sum(child.size for child in entries.values()))

    def _twice(self, key: str, at: Mark, first: Mark) -> None:
        what, instead = f'key "{key}" stands here twice', f"it is already on line {first.line}"
        self.faults.append(Fault(at, what, instead, "duplicate", first))

    def _key(self, event: Any, depth: int) -> str:
        if not isinstance(event, yaml.ScalarEvent):
            what = "a list, a mapping or an alias cannot be a key"
            raise _Stop(_mark(event), what, "write a plain name", "syntax")
        self._node(event, depth + 1)
        return str(event.value)

    def _alias(self, event: Any, mark: Mark) -> Node:
        if not self._bounds.aliases:
            self._grow(1, mark)
            self._note(mark, f"aliases (*{event.anchor}) are not read", "write it out", "alias")
            return Node(mark, None, style="*")
        found = self._anchors.get(event.anchor)
        if found is None:
            what = f"*{event.anchor} refers to nothing that ended before it"
            raise _Stop(mark, what, f"put &{event.anchor} on an earlier value", "alias")
        self._grow(found.size, mark)
        return found

    def _grow(self, by: int, mark: Mark) -> None:
        self._count += by
        if self._count > self._bounds.nodes:
            what = f"the file holds more than {self._bounds.nodes} values, aliases written out"
            raise _Stop(mark, what, "shorten it or use fewer aliases")

    def _refuse_tag(self, event: Any, mark: Mark) -> None:
        if event.tag is not None:
            self._note(mark, "tags (!…) are not read", "write the plain value", "tag")

    def _scalar(self, event: Any, mark: Mark) -> Scalar:
        text: str = event.value
        if event.style:
            return text
        if _INTEGER.fullmatch(text):
            return int(text)
        if text in _WORDS:
            return _WORDS[text]
        if text.casefold() in _LOOSE_BOOLEANS:
            what = f'"{text}" could mean a boolean or a word'
            self._note(mark, what, "write true, false or quotes", "boolean")
        if _NUMBER.fullmatch(text):
            return float(text)
        return text

    def _note(self, mark: Mark, what: str, instead: str, kind: FaultKind) -> None:
        self.faults.append(Fault(mark, what, instead, kind))


def _child(node: Node, step: str | int) -> Node | None:
    if isinstance(node.value, dict):
        return node.value.get(str(step))
    if isinstance(node.value, list) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None


def _mark(event: Any) -> Mark:
    start = event.start_mark
    return Mark(start.line + 1, start.column + 1)


def _syntax(error: yaml.YAMLError, text: str) -> Fault:
    """Say what broke the grammar, in words for somebody who does not know it."""
    problem = str(getattr(error, "problem", None) or getattr(error, "reason", error))
    at = getattr(error, "problem_mark", None)
    if at is None:
        before = text[: getattr(error, "position", 0)]
        *ended, line = _BREAK.split(before)
        mark = Mark(len(ended) + 1, len(line) + 1)
    else:
        mark = Mark(at.line + 1, at.column + 1)
    hint = next((words for part, words in _PROBLEMS if part in problem), "mend the line above it")
    return Fault(mark, f"this is not YAML: {problem}", hint, "syntax")
