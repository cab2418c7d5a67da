"""One mapping of a file, read key by key; what nobody asks for is reported, not ignored."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeVar

from orchestration.playbook import texts
from orchestration.playbook.diagnostics import Edit
from orchestration.playbook.durations import seconds
from orchestration.playbook.expression import parse as parse_expression
from orchestration.playbook.likeness import did_you_mean, slip
from orchestration.playbook.origin import Origin
from orchestration.playbook.sheet import literal, shown

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from orchestration.playbook.expression import Expression
    from orchestration.playbook.origin import Span
    from orchestration.playbook.sheet import Sheet
    from orchestration.playbook.template import Template
    from tgk.yaml_marks import Node

T = TypeVar("T", bound=str)

_CONSTANT = re.compile(r"\$\{\s*(?:variables\.)?([A-Za-z_][A-Za-z0-9_-]*)\s*\}")
_LOOSE = frozenset({"yes", "no", "on", "off"})
_MONTH = 30 * 86400.0


class Fields:
    """The keys of one mapping. ``what`` names it in sentences: ``a step``, ``the playbook``."""

    def __init__(
        self,
        node: Node,
        what: str,
        sheet: Sheet,
        known: Collection[str],
        hints: Mapping[str, str] | None = None,
    ) -> None:
        self.node = node
        self.what = what
        self.sheet = sheet
        self.entries: dict[str, Node] = {}
        self.unknown: set[str] = set()
        self._hints = hints or {}
        if isinstance(node.value, dict):
            self._take(node.value, known)
        else:
            sheet.wrong(
                node, f"{what} is {shown(node)}", "write a mapping, one `key: value` a line"
            )

    def __contains__(self, key: object) -> bool:
        return key in self.entries

    @property
    def span(self) -> Span:
        """Where the mapping begins."""
        return self.sheet.source.span(self.node)

    def key_span(self, key: str) -> Span:
        """Return where a key stands; the whole mapping if it does not."""
        mark = self.node.keys.get(key)
        return self.sheet.source.key(mark, key) if mark else self.span

    def value_span(self, key: str) -> Span:
        """Return where a value stands; its key if it is empty."""
        node = self.entries.get(key)
        if node is None or node.value is None:
            return self.key_span(key)
        return self.sheet.source.span(node)

    def restrict(self, known: Collection[str], what: str) -> None:
        """Report the keys that are known elsewhere, but not to this kind."""
        for key in [key for key in self.entries if key not in known]:
            self.sheet.report.add(
                "E018",
                self.key_span(key),
                f"'{key}' means nothing in {what}",
                help=f"known here: {', '.join(sorted(known))}",
            )
            del self.entries[key]

    def need(self, key: str, example: str) -> None:
        """Report that a key is missing, unless one that nobody knows may be meant by it."""
        if isinstance(self.node.value, dict) and not self.unknown and self.node.style != "*":
            message = f"{self.what} has no '{key}'"
            self.sheet.report.add("E012", self.span, message, help=f"add `{example}`")

    def given(self, key: str) -> Node | None:
        """Return a value that is there, reporting one that is empty."""
        node = self.entries.get(key)
        if node is not None and node.value is None:
            if node.style != "*":
                self._empty(key)
            return None
        return node

    def text(self, key: str, default: str = "") -> str:
        """Return a text; a number is reported, with the quotes it needs."""
        node = self.given(key)
        if node is None:
            return default
        if isinstance(node.value, str):
            if key in ("name", "type") and not node.value:
                self._empty(key)
            return node.value
        if isinstance(node.value, dict | list):
            self.sheet.wrong(node, f"'{key}' is {shown(node)}", "write text")
            return default
        raw = self.sheet.source.text[node.begin : node.end]
        span = self.sheet.source.span(node)
        self.sheet.report.add(
            "E013",
            span,
            f"'{key}' is {shown(node)}, not text",
            help=f'write it in quotes: "{raw}"',
            fix=[Edit(span, f'"{raw}"')],
        )
        return raw

    def boolean(self, key: str, *, default: bool = False) -> bool:
        """Return true or false as written, and nothing that only looks like it."""
        node = self.given(key)
        if node is None:
            return default
        if isinstance(node.value, bool):
            return node.value
        if not node.style and str(node.value).casefold() in _LOOSE:
            return default  # reading the file has reported it
        self.sheet.wrong(node, f"'{key}' is {shown(node)}", "write true or false")
        return default

    def number(self, key: str, *, low: float, high: float, whole: bool = False) -> float | None:
        """Return a number within bounds; a variable of the playbook may stand for it."""
        node = self.given(key)
        if node is None:
            return None
        value = self.constant(node)
        kind = "a whole number" if whole else "a number"
        fits = int if whole else (int, float)
        if isinstance(value, bool) or not isinstance(value, fits):
            self.sheet.wrong(node, f"'{key}' is {shown(node)}", f"write {kind}")
            return None
        if not low <= value <= high:
            help_ = f"write {kind} from {low:g} to {high:g}"
            self.sheet.wrong(node, f"'{key}' is {value:g}", help_, "E014")
            return None
        return value

    def whole(self, key: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number within bounds."""
        found = self.number(key, low=low, high=high, whole=True)
        return default if found is None else int(found)

    def seconds(self, key: str, default: float | None = None) -> float | None:
        """Return a duration of more than nothing and at most thirty days."""
        node = self.given(key)
        if node is None:
            return default
        value = self.constant(node)
        found = seconds(value) if isinstance(value, str | int | float) else None
        if found is None:
            help_ = "write seconds, as in 300, or a duration, as in 5m or 1h30m"
            self.sheet.wrong(node, f"'{key}' is {shown(node)}, not a duration", help_)
            return default
        if not 0 < found <= _MONTH:
            help_ = "write more than nothing and at most 30d"
            self.sheet.wrong(node, f"'{key}' is {found:g} seconds", help_, "E014")
            return default
        return found

    def choice(self, key: str, choices: Mapping[str, T], default: T) -> T:
        """Return one of several words."""
        node = self.given(key)
        if node is None:
            return default
        if isinstance(node.value, str) and node.value in choices:
            return choices[node.value]
        meant = slip(node.value, choices) if isinstance(node.value, str) else None
        listed = f"write one of {', '.join(choices)}"
        span = self.sheet.source.span(node)
        if node.style != "*":
            self.sheet.report.add(
                "E014",
                span,
                f"'{key}' is {shown(node)}",
                help=f"did you mean '{meant}'?" if meant else listed,
                fix=[Edit(span, meant)] if meant and not node.style else (),
            )
        return choices[meant] if meant else default

    def template(self, key: str, path: str, place: str = "") -> Template | None:
        """Return a value that may hold ``${…}``."""
        node = self.given(key)
        return self.sheet.template(node, path, place or key) if node else None

    def expression(self, key: str, path: str, place: str = "") -> Expression | None:
        """Return a condition."""
        node = self.given(key)
        if node is None:
            return None
        if isinstance(node.value, bool):
            self.sheet.places[path, place or key] = Origin.straight(self.sheet.source.span(node))
            return parse_expression(literal(node.value))
        if not isinstance(node.value, str):
            help_ = 'write a condition, as in environment == "production"'
            self.sheet.wrong(node, f"'{key}' is {shown(node)}", help_)
            return None
        origin = self.sheet.places[path, place or key] = self.sheet.source.origin(node, node.value)
        return texts.expression(node.value, origin, self.sheet.report)

    def sequence(self, key: str) -> list[Node] | None:
        """Return the items of a list; None if there is none."""
        node = self.given(key)
        if node is None:
            return None
        if isinstance(node.value, list):
            return node.value
        self.sheet.wrong(node, f"'{key}' is {shown(node)}", "write a list, each entry after `- `")
        return None

    def names(self, key: str) -> tuple[str, ...]:
        """Return a list of words; one word alone counts as a list of it."""
        node = self.given(key)
        if node is None:
            return ()
        listed = node.value if isinstance(node.value, list) else [node]
        for item in listed:
            if not isinstance(item.value, str):
                self.sheet.wrong(item, f"'{key}' holds {shown(item)}", "write words")
        return tuple(item.value for item in listed if isinstance(item.value, str))

    def mapping(self, key: str) -> dict[str, Node]:
        """Return a mapping of free keys."""
        node = self.given(key)
        if node is None:
            return {}
        if isinstance(node.value, dict):
            return node.value
        help_ = "write a mapping, one `name: value` a line"
        self.sheet.wrong(node, f"'{key}' is {shown(node)}", help_)
        return {}

    def templates(self, key: str, path: str, place: str = "") -> dict[str, Template]:
        """Return a mapping of free names to values that may hold ``${…}``."""
        place = place or key
        found: dict[str, Template] = {}
        node = self.entries.get(key)
        for name, child in self.mapping(key).items():
            value = self.sheet.template(child, path, f"{place}.{name}")
            if node is not None:
                span = self.sheet.source.key(node.keys[name], name)
                self.sheet.places[path, f"{place}.{name}:"] = Origin.straight(span)
            if value is not None:
                found[name] = value
        return found

    def constant(self, node: Node) -> object:
        """Return a value, a variable of the playbook put in for a lone ``${name}``."""
        if isinstance(node.value, str) and (found := _CONSTANT.fullmatch(node.value)):
            return self.sheet.constants.get(found[1], node.value)
        return node.value

    def _take(self, value: dict[str, Node], known: Collection[str]) -> None:
        self.entries = {key: child for key, child in value.items() if key in known}
        for key in value:
            if key not in known:
                self._unknown(key, value, known)

    def _unknown(self, key: str, value: dict[str, Node], known: Collection[str]) -> None:
        """Report a key, and read it as the one it is a slip of."""
        if self.sheet.report.full:
            self.unknown.add(key)
            return
        span = self.key_span(key)
        free = [name for name in known if name not in value]
        meant = slip(key, free)
        certain = meant and meant not in self.entries and span.length >= len(key)
        hint = self._hints.get(key.casefold()) or self._hints.get(slip(key, self._hints) or "", "")
        meaning = hint if " " in hint else f"did you mean '{hint}'?"
        help_ = meaning if hint else self._listed(key, known)
        self.sheet.report.add(
            "E010",
            span,
            f"{self.what} has no key '{key}'",
            help=f"did you mean '{meant}'?" if meant else help_,
            fix=[Edit(span, meant)] if meant and certain else (),
        )
        if meant and meant not in self.entries:
            self.entries[meant] = value[key]
            self.node.keys.setdefault(meant, self.node.keys[key])
        else:
            self.unknown.add(key)

    @staticmethod
    def _listed(key: str, known: Iterable[str]) -> str:
        return did_you_mean(key, known, otherwise=f"known here: {', '.join(sorted(known))}")

    def _empty(self, key: str) -> None:
        help_ = "write a value after the colon, or remove the line"
        self.sheet.report.add("E013", self.key_span(key), f"'{key}' is empty", help=help_)


def of_type(
    node: Node, what: str, sheet: Sheet, kinds: Mapping[str, tuple[str, ...]], common: str
) -> tuple[Fields, str] | None:
    """Return the keys of an entry and its ``type``; None, and a report, where it has no known one.

    ``kinds`` are the keys of each type, ``common`` one that every type has.
    """
    every = dict.fromkeys(key for keys in kinds.values() for key in keys)
    fields = Fields(node, what, sheet, ("type", common, *every))
    if "type" not in fields:
        fields.need("type", f"type: {next(iter(kinds))}")
        return None
    kind = fields.choice("type", {name: name for name in kinds}, "")
    if not kind:
        return None
    fields.restrict(("type", common, *kinds[kind]), f"{what} of type {kind}")
    return fields, kind
