"""Commands of steps written as a mapping: the same tree as a command line, without its quoting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook.command_line import Argument, CommandLine
from orchestration.playbook.diagnostics import Edit
from orchestration.playbook.fields import Fields
from orchestration.playbook.origin import Origin
from orchestration.playbook.sheet import literal
from orchestration.playbook.template import parse as parse_template
from orchestration.playbook.texts import template

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.origin import Span
    from orchestration.playbook.sheet import Sheet
    from tgk.yaml_marks import Node

KEYS = ("command", "with")
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_JOINT = re.compile(r"[ .]")


def structured_line(fields: Fields) -> CommandLine | None:
    """Return what ``run: {command: infra.deploy, with: {component: api}}`` means; None if unread.

    A value is one value, whatever stands in it. ``true`` gives a flag, ``false`` its opposite.
    """
    node = fields.entries["run"]
    if isinstance(node.value, str):
        span = fields.key_span("run")
        fields.sheet.report.add(
            "E010", span, "'run' holds a command line", help="write it under 'command'",
            fix=[Edit(span, "command")],
        )  # fmt: skip
        return None
    inside = Fields(node, "'run'", fields.sheet, KEYS, {"args": "with", "parameters": "with"})
    if "command" not in inside:
        inside.need("command", "command: infra.deploy")
    head = tuple(_head(inside))
    if not head:
        return None
    arguments = tuple(_arguments(inside))
    return CommandLine(head, arguments, inside.value_span("command"), "", head[0].origin)


def _head(inside: Fields) -> Iterator[Argument]:
    """Yield the words of the name; one that cannot be a name is reported."""
    text = inside.text("command")
    node, sheet = inside.entries.get("command"), inside.sheet
    if node is None or not text:
        return
    written = text.removeprefix("/")
    words = _JOINT.split(written)
    if not all(_WORD.fullmatch(word) for word in words):
        code = "E046" if "${" in text else "E013"
        sheet.wrong(node, f"'{text[:40]}' is no command", "write its name out: infra.deploy", code)
        return
    origin, at = sheet.source.origin(node, text), len(text) - len(written)
    for word in words:
        place = origin.part(at, len(word))
        yield Argument("", parse_template(word), place.span, place, at)
        at += len(word) + 1


def _arguments(inside: Fields) -> Iterator[Argument]:
    around = inside.entries.get("with")
    for name, child in inside.mapping("with").items():
        if around is None:
            return
        span = inside.sheet.source.key(around.keys[name], name)
        if not _WORD.fullmatch(name):
            message = f"'{name[:40]}' is no option"
            inside.sheet.report.add("E046", span, message, help="write its name out")
        elif isinstance(child.value, bool):
            option = name if child.value else f"no-{name}"
            yield Argument(option, True, span, Origin.straight(span), 0)
        elif child.value is not None:
            yield from _valued(name, span, child, inside.sheet)


def _valued(name: str, span: Span, node: Node, sheet: Sheet) -> Iterator[Argument]:
    """Yield an option with its value, which is never split."""
    value = node.value
    if isinstance(value, dict | list):
        sheet.wrong(node, f"'{name}' is no single value", "write one value, or ${…}")
        return
    text = value if isinstance(value, str) else literal(value)
    origin = sheet.source.origin(node, text)
    found = template(text, origin, sheet.report)
    yield Argument(name, found, span, origin, 0, quoted=True, glued=True)
