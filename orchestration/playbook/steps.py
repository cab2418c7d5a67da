"""Reads steps: what every step may say, its kind, and the steps inside it."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any

from orchestration.playbook import model
from orchestration.playbook.diagnostics import Edit, Related
from orchestration.playbook.fields import Fields
from orchestration.playbook.kinds import COMMON, KEYS, KINDS, TELLING
from orchestration.playbook.likeness import slip
from orchestration.playbook.names import check_name, tell_twice
from orchestration.playbook.sheet import shown
from orchestration.playbook.words import read_line

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.kinds import Kind
    from orchestration.playbook.origin import Span
    from orchestration.playbook.sheet import Sheet
    from orchestration.playbook.template import Template
    from tgk.yaml_marks import Node

RESERVED_NAMES = frozenset(
    {"run", "steps", "error", "timestamp", "parameters", "variables", "secrets",
     "on_failure", "on_success", "undo", "finally", "then", "else"}
)  # fmt: skip
_HINTS: Mapping[str, str] = {
    "if": "condition", "when": "condition", "cmd": "command",
    "exec": "command", "uses": "playbook", "loop": "items", "with_items": "items",
    "with": "parameters", "rescue": "on_failure", "catch": "on_failure", "ignore_errors":
    "continue_on_error", "allow_failure": "continue_on_error", "compensate": "undo",
    "rollback": "undo", "retries": "retry", "id": "name", "needs": "steps",
    "parallel": "write `branches: [{name: one, steps: […]}]`",
}  # fmt: skip
RETRY_KEYS = ("max", "delay", "backoff", "max_delay", "jitter", "max_elapsed", "when")
MOST_TRIES = 50


class StepReader:
    """Reads the steps of one file."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet = sheet

    def steps(self, fields: Fields, key: str, prefix: str) -> tuple[model.Step, ...]:
        """Return the steps under a key, their paths beginning with ``prefix``."""
        listed = fields.sequence(key)
        if listed == []:
            self.nothing(fields, key)
        return self._sequence(listed or [], prefix)

    def handler(self, fields: Fields, key: str, path: str) -> tuple[model.Step, ...]:
        """Return steps that may be written as one command line alone."""
        node = fields.given(key)
        if node is None or isinstance(node.value, list):
            return self.steps(fields, key, f"{path}/{key}")
        return self._sequence([node], f"{path}/{key}")

    def branches(self, nodes: list[Node], path: str) -> tuple[model.Branch, ...]:
        """Return the branches of a parallel step."""
        names = _Names(self.sheet, path, "branch")
        found: list[model.Branch] = []
        for node in nodes:
            fields = Fields(node, "a branch", self.sheet, ("name", "steps"), {"command": "steps"})
            name = self._name(fields, "a branch")
            own = names.path(name, fields.value_span("name"))
            if "steps" not in fields:
                fields.need("steps", "steps: […]")
            steps = self.steps(fields, "steps", own)
            found.append(model.Branch(name=name, path=own, span=fields.span, steps=steps))
        return tuple(found)

    def nothing(self, fields: Fields, key: str) -> None:
        """Report a list that is there and empty."""
        span = fields.value_span(key)
        help_ = "add a step, or remove the line"
        self.sheet.report.add("E019", span, f"'{key}' holds nothing", help=help_)

    def _sequence(self, nodes: list[Node], prefix: str) -> tuple[model.Step, ...]:
        names = _Names(self.sheet, prefix, "step")
        for before, node in pairwise(nodes):
            self._warn_of_copy(before, node)
        read = [self._step(node, names) for node in nodes]
        return tuple(step for step in read if step is not None)

    def _warn_of_copy(self, before: Node, node: Node) -> None:
        """Warn of a step without a name that says just what the one before it says."""
        named = isinstance(node.value, dict) and "name" in node.value
        if named or not node.value or node.plain() != before.plain():
            return
        self.sheet.report.add(
            "W074",
            self.sheet.source.span(node),
            "this step does once more what the one before it did",
            help="remove it, or give it a name if it is meant",
            related=[Related(self.sheet.source.span(before), "the same")],
        )

    def _step(self, node: Node, names: _Names) -> model.Step | None:
        if isinstance(node.value, str):
            return self._line(node, names)
        fields = Fields(node, "a step", self.sheet, KEYS, _HINTS)
        if not isinstance(node.value, dict):
            return None
        name = self._name(fields, "a step")
        path = names.path(name, fields.value_span("name"))
        kind, label = self._kind(fields)
        if kind is None:
            return None
        if len(fields.unknown) == 0 or kind.name != "group":
            fields.restrict((*COMMON, *kind.keys), kind.what)
        common = self._common(fields, path) | {"name": name, "label": label, "span": fields.span}
        return kind.read(fields, common, self)

    def _line(self, node: Node, names: _Names) -> model.Step | None:
        """Return the step that a command line alone stands for."""
        text = str(node.value)
        span = self.sheet.source.span(node)
        line, found = read_line(text, span, self.sheet.source.origin(node, text))
        self.sheet.report.extend(found)
        if line is None:
            return None
        return model.CommandStep(path=names.path("", span), name="", span=span, command=line)

    def _name(self, fields: Fields, what: str) -> str:
        name = fields.text("name")
        if name and not check_name(
            name, fields.value_span("name"), what, self.sheet.report, RESERVED_NAMES
        ):
            return name.replace("/", "-").replace("#", "-").replace("[", "-")
        return name

    def _kind(self, fields: Fields) -> tuple[Kind | None, str]:
        """Return the kind of a step and its free label."""
        written = fields.text("type")
        telling = next((kind for key, kind in TELLING if key in fields), None)
        if written in KINDS:
            return KINDS[written], ""
        meant = slip(written, KINDS) if written else None
        if meant is None and (telling == "command" or not written):
            return self._told(fields, telling), written
        self._unknown_type(fields, written, meant)
        return KINDS[meant or telling or "group"], ""

    @staticmethod
    def _told(fields: Fields, telling: str | None) -> Kind | None:
        if telling is None:
            fields.need("command", "command: /infra deploy --component api")
            return None
        return KINDS[telling]

    def _unknown_type(self, fields: Fields, written: str, meant: str | None) -> None:
        listed = ", ".join(KINDS)
        label = "a free label needs a `command` beside it"
        span = fields.value_span("type")
        self.sheet.report.add(
            "E017",
            span,
            f"there is no type of step '{written}'",
            help=f"did you mean '{meant}'?" if meant else f"there are {listed}; {label}",
            fix=[Edit(span, meant)] if meant and not fields.entries["type"].style else (),
        )

    def _common(self, fields: Fields, path: str) -> dict[str, Any]:
        return {
            "path": path,
            "description": fields.text("description"),
            "condition": fields.expression("condition", path),
            "retry": self._retry(fields, path),
            "timeout": fields.seconds("timeout"),
            "total_timeout": fields.seconds("total_timeout"),
            "continue_on_error": fields.boolean("continue_on_error"),
            "recover": fields.boolean("recover"),
            "on_failure": self.handler(fields, "on_failure", path),
            "on_success": self.handler(fields, "on_success", path),
            "undo": self.handler(fields, "undo", path),
            "undo_failed": fields.boolean("undo_failed"),
            "locks": locks(fields, path),
            "idempotency_key": fields.template("idempotency_key", path),
        }

    def _retry(self, fields: Fields, path: str) -> model.Retry:
        node = fields.given("retry")
        if node is None:
            return model.Retry()
        if not isinstance(node.value, dict):
            return model.Retry(more=fields.whole("retry", 0, low=0, high=MOST_TRIES))
        inside = Fields(
            node, "'retry'", self.sheet, RETRY_KEYS, {"attempts": "max", "times": "max"}
        )
        if "max" not in inside:
            inside.need("max", "max: 3")
        usual = model.Retry()
        backoff = inside.number("backoff", low=1, high=10)
        return model.Retry(
            more=inside.whole("max", 0, low=0, high=MOST_TRIES),
            delay=inside.seconds("delay", usual.delay) or usual.delay,
            backoff=usual.backoff if backoff is None else float(backoff),
            max_delay=inside.seconds("max_delay", usual.max_delay) or usual.max_delay,
            jitter=_jitter(inside),
            max_elapsed=inside.seconds("max_elapsed"),
            when=inside.expression("when", path, "retry.when"),
        )


def _jitter(fields: Fields) -> bool:
    node = fields.entries.get("jitter")
    if node is not None and node.value in ("full", "none"):
        return node.value == "full"
    return fields.boolean("jitter", default=True)


def locks(fields: Fields, path: str) -> tuple[Template, ...]:
    """Return the locks of a step or of the playbook; one alone needs no list."""
    node = fields.given("locks")
    if node is None:
        return ()
    listed = node.value if isinstance(node.value, list) else [node]
    read = [
        fields.sheet.template(item, path, f"locks[{place}]") for place, item in enumerate(listed)
    ]
    for item in listed:
        if not isinstance(item.value, str | dict | list):
            fields.sheet.wrong(item, f"'locks' holds {shown(item)}", "write text")
    return tuple(item for item in read if item is not None)


class _Names:
    """The names in one list of steps: each once, and a number for those without one."""

    def __init__(self, sheet: Sheet, prefix: str, what: str) -> None:
        self._sheet = sheet
        self._prefix = f"{prefix}/" if prefix else ""
        self._what = what
        self._seen: dict[str, Span] = {}
        self._unnamed = 0

    def path(self, name: str, span: Span) -> str:
        if not name:
            self._unnamed += 1
            return f"{self._prefix}#{self._unnamed}"
        if name not in self._seen:
            self._seen[name] = span
            return f"{self._prefix}{name}"
        beside = "steps beside each other" if self._what == "step" else "branches"
        tell_twice(f"two {beside} are called '{name}'", self._seen[name], span, self._sheet.report)
        self._unnamed += 1
        return f"{self._prefix}{name}#{self._unnamed}"
