"""What all parts of one file share while they are read, and how its values are told of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from orchestration.playbook import texts
from orchestration.playbook.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.model import Plain
    from orchestration.playbook.source import Source
    from orchestration.playbook.template import Template
    from tgk.yaml_marks import Node

_SEVERAL = 3


@dataclass(slots=True)
class Sheet:
    """What all parts of one file share while they are read."""

    source: Source
    report: Report
    places: dict[tuple[str, str], Origin] = field(default_factory=dict)
    constants: Mapping[str, Plain] = field(default_factory=dict)
    """The playbook's variables: they may stand where a number must be known at once."""

    def wrong(self, node: Node, message: str, help_: str = "", code: str = "E013") -> None:
        """Report a value, unless reading the file has reported it already."""
        if node.style != "*":
            self.report.add(code, self.source.span(node), message, help=help_)

    def warn_of_slips(self, nodes: Sequence[Node]) -> None:
        """Warn of the one text with digits among numbers."""
        texts_ = [node for node in nodes if type(node.value) not in (int, float)]
        if len(texts_) != 1 or len(nodes) < _SEVERAL or texts_[0].style:
            return
        value = texts_[0].value
        if isinstance(value, str) and "${" not in value and any(map(str.isdigit, value)):
            help_ = "write a number, or quotes if text is meant"
            message = f"{shown(texts_[0])} is text, and the others are numbers"
            self.report.add("W073", self.source.span(texts_[0]), message, help=help_)

    def template(self, node: Node, path: str, key: str) -> Template | None:
        """Return a value with its ``${…}``; numbers, booleans and null keep their type."""
        value = node.value
        if isinstance(value, dict | list):
            self.wrong(node, f"{key} is {shown(node)}", "write one value, or ${…}")
            return None
        if isinstance(value, str):
            origin = self.places[path, key] = self.source.origin(node, value)
            return texts.template(value, origin, self.report)
        origin = self.places[path, key] = Origin.straight(self.source.span(node))
        return texts.constant(literal(value), origin, self.report)


def literal(value: float | bool | None) -> str:
    """Return a plain value as an expression writes it."""
    if value is None:
        return "null"
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(node: Node) -> str:
    """Return what a value is, for a sentence."""
    value = node.value
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "empty"
    if isinstance(value, str):
        return f"'{value[:40]}'"
    return literal(value)
