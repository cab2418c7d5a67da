"""The kinds of steps: which keys each one has, and how its own part is read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

from orchestration.playbook import model
from orchestration.playbook.command_line import CommandLine
from orchestration.playbook.expression import parse as parse_expression
from orchestration.playbook.fields import Fields
from orchestration.playbook.names import check_name
from orchestration.playbook.origin import Origin
from orchestration.playbook.sheet import shown
from orchestration.playbook.structured import structured_line
from orchestration.playbook.template import parse as parse_template
from orchestration.playbook.words import read_line

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestration.playbook.origin import Span
    from orchestration.playbook.template import Template
    from tgk.yaml_marks import Node

COMMON = (
    "name", "type", "description", "condition", "retry", "timeout", "total_timeout",
    "continue_on_error", "recover", "on_failure", "on_success", "undo", "undo_failed",
    "locks",
)  # fmt: skip
FAIL_FAST: Mapping[str, model.FailFast] = {"cancel": "cancel", "drain": "drain", "off": "off"}
ON_TIMEOUT: Mapping[str, model.OnTimeout] = {
    "fail": "fail", "approve": "approve", "skip": "skip",
}  # fmt: skip
_Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
METHODS: Mapping[str, _Method] = {
    "GET": "GET", "POST": "POST", "PUT": "PUT", "PATCH": "PATCH", "DELETE": "DELETE",
}  # fmt: skip
MOST_AT_ONCE = 100
_DAY = 86400.0
RESERVED_VALUES = frozenset({"run", "steps", "error", "timestamp", "parameters", "variables"})


class Nested(Protocol):
    """Reads the steps within a step."""

    def steps(self, fields: Fields, key: str, prefix: str) -> tuple[model.Step, ...]:
        """Return the steps under a key, their paths beginning with ``prefix``."""

    def branches(self, nodes: list[Node], path: str) -> tuple[model.Branch, ...]:
        """Return the branches of a parallel step."""

    def nothing(self, fields: Fields, key: str) -> None:
        """Report a list that is there and empty."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of step."""

    name: str
    keys: tuple[str, ...]
    """Its own, besides those that every step may have."""
    read: Callable[[Fields, Common, Nested], model.Step]
    inner: tuple[str, ...] = ()
    """Keys of the short form, in which the kind's name holds a mapping."""
    article: str = "a"

    @property
    def what(self) -> str:
        """What to call such a step."""
        return f"{self.article} {self.name} step"


Common = dict[str, Any]
"""What every step may say, read already, by the names of the model."""


def _command(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    if "run" not in fields:
        return model.CommandStep(**common, command=command_line(fields, "command"))
    if "command" in fields:
        fields.sheet.report.add(
            "E018", fields.key_span("run"), "a step has either 'command' or 'run'",
            help="keep one of them",
        )  # fmt: skip
    line = structured_line(fields) or _nothing(fields.value_span("run"))
    return model.CommandStep(**common, command=line)


def command_line(fields: Fields, key: str) -> CommandLine:
    """Return the command of a step; one that cannot be read is reported."""
    if key not in fields:
        fields.need(key, f"{key}: /infra deploy --component api")
    text = fields.text(key)
    node = fields.entries.get(key)
    line = None
    if node is not None and text:
        origin = fields.sheet.source.origin(node, text)
        line, found = read_line(text, fields.value_span(key), origin)
        fields.sheet.report.extend(found)
    elif node is not None and node.value is not None and node.style != "*":
        fields.sheet.wrong(node, f"'{key}' is empty", "write a command, as in /status")
    return line or _nothing(fields.value_span(key))


def _nothing(span: Span) -> CommandLine:
    """Return a line that stands for one which was reported: it has no words."""
    return CommandLine((), (), span, "", Origin.straight(span), sound=False)


def _parallel(fields: Fields, common: Common, reader: Nested) -> model.Step:
    listed = fields.sequence("branches")
    if "branches" not in fields:
        fields.need("branches", "branches: [{name: one, steps: […]}]")
    branches = reader.branches(listed or [], common["path"])
    if listed == []:
        reader.nothing(fields, "branches")
    most = None
    if "max_parallel" in fields:
        most = fields.whole("max_parallel", 1, low=1, high=MOST_AT_ONCE)
    return model.Parallel(
        **common,
        branches=branches,
        fail_fast=fields.choice("fail_fast", FAIL_FAST, "cancel"),
        max_parallel=most,
    )


def _conditional(fields: Fields, common: Common, reader: Nested) -> model.Step:
    test = common.pop("condition")
    if "condition" not in fields:
        fields.need("condition", 'condition: environment == "production"')
    if "then" not in fields and "else" not in fields:
        fields.need("then", "then: […]")
    path = common["path"]
    return model.Conditional(
        **common,
        test=test or parse_expression("true"),
        then=reader.steps(fields, "then", f"{path}/then"),
        otherwise=reader.steps(fields, "else", f"{path}/else"),
    )


def _foreach(fields: Fields, common: Common, reader: Nested) -> model.Step:
    inside = _inside(fields, "foreach", "items")
    if "items" not in inside:
        inside.need("items", 'items: ["one", "two"]')
    if "as" not in inside:
        inside.need("as", "as: item")
    variable = inside.text("as", "item")
    check_name(
        variable, inside.value_span("as"), "an item", fields.sheet.report, RESERVED_VALUES
    )  # fmt: skip
    holder = inside if "steps" in inside else fields
    if "steps" not in holder:
        fields.need("steps", "steps: […]")
    return model.ForEach(
        **common,
        items=_items(inside, common["path"]),
        variable=variable,
        steps=reader.steps(holder, "steps", common["path"]),
        max_parallel=inside.whole("max_parallel", 1, low=1, high=MOST_AT_ONCE),
        fail_fast=inside.choice("fail_fast", FAIL_FAST, "cancel"),
    )


def _items(fields: Fields, path: str) -> Template | tuple[Template, ...]:
    node = fields.given("items")
    if node is None:
        return ()
    if isinstance(node.value, list):
        fields.sheet.warn_of_slips(node.value)
        read = [
            fields.sheet.template(item, path, f"items[{place}]")
            for place, item in enumerate(node.value)
        ]
        return tuple(item for item in read if item is not None)
    found = fields.template("items", path)
    if found is not None and (found.is_literal or not isinstance(node.value, str)):
        fields.sheet.wrong(node, f"'items' is {shown(node)}", "write a list, or ${…} that is one")
    return found or ()


def _group(fields: Fields, common: Common, reader: Nested) -> model.Step:
    if "steps" not in fields:
        fields.need("steps", "steps: […]")
    return model.Group(**common, steps=reader.steps(fields, "steps", common["path"]))


def _approval(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    inside = _inside(fields, "approval", "prompt")
    if "prompt" not in inside:
        inside.need("prompt", "prompt: Go on?")
    if inside is fields and "expires" not in inside:
        common["timeout"] = None
    expires = inside.seconds("expires" if "expires" in inside else "timeout", 1800.0)
    return model.ApprovalStep(
        **common,
        prompt=inside.template("prompt", common["path"]) or parse_template(""),
        approvers=inside.names("approvers"),
        count=inside.whole("count", 1, low=1, high=20),
        exclude_requester=inside.boolean("exclude_requester", default=True),
        expires=expires or 1800.0,
        on_timeout=inside.choice("on_timeout", ON_TIMEOUT, "fail"),
    )


def _wait(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    inside = _inside(fields, "wait", "for")
    if "for" not in inside and "until" not in inside:
        inside.need("for", "for: 10m")
    limit = inside.seconds("limit" if "limit" in inside else "timeout")
    if inside is fields and "limit" not in inside:
        common["timeout"] = None
    if "for" in inside and "until" in inside:
        inside.sheet.report.add(
            "E018", inside.key_span("for"), "a wait has either 'for' or 'until'",
            help="give 'until' a limit with `timeout`",
        )  # fmt: skip
    if "command" in inside and "until" not in inside:
        inside.sheet.report.add(
            "E018", inside.key_span("command"), "a wait asks its command only for 'until'",
            help="add `until: …`, or wait in a step of its own",
        )  # fmt: skip
    path = common["path"]
    duration = inside.template("for", path, "wait.for")
    if duration is not None and duration.is_literal:
        inside.seconds("for")
    return model.Wait(
        **common,
        seconds=duration,
        until=inside.expression("until", path),
        command=command_line(inside, "command") if "command" in inside else None,
        every=inside.seconds("every", 10.0) or 10.0,
        limit=limit,
    )


def _playbook(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    if "playbook" not in fields:
        fields.need("playbook", "playbook: NAME")
    place = Origin.straight(fields.value_span("playbook"))
    fields.sheet.places[common["path"], "playbook"] = place
    return model.SubPlaybook(
        **common,
        playbook=fields.text("playbook"),
        parameters=fields.templates("parameters", common["path"]),
    )


def _set(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    key = "values" if "values" in fields else "set"
    if key not in fields:
        fields.need("set", "set: {name: value}")
    return model.SetValues(**common, values=fields.templates(key, common["path"], "set"))


def _assert(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    inside = _inside(fields, "assert", "test")
    if "test" not in inside:
        inside.need("test", "test: a condition")
    holder = inside if "message" in inside else fields
    path = common["path"]
    return model.Assert(
        **common,
        test=inside.expression("test", path) or parse_expression("true"),
        message=holder.template("message", path) or parse_template(""),
    )


def _http(fields: Fields, common: Common, reader: Nested) -> model.Step:  # noqa: ARG001
    inside = _inside(fields, "http", "url")
    if "url" not in inside:
        inside.need("url", "url: https://…")
    path = common["path"]
    return model.Http(
        **common,
        method=inside.choice("method", METHODS, "GET"),
        url=inside.template("url", path) or parse_template(""),
        headers=inside.templates("headers", path),
        body=inside.template("body", path),
        expect=_statuses(inside),
    )


def _statuses(fields: Fields) -> tuple[int, ...]:
    node = fields.given("expect")
    listed = node.value if node and isinstance(node.value, list) else [node] if node else []
    found: list[int] = []
    for item in listed:
        value = item.value
        if isinstance(value, int) and not isinstance(value, bool) and 100 <= value <= 599:  # noqa: PLR2004
            found.append(value)
        else:
            fields.sheet.wrong(item, f"'expect' holds {shown(item)}", "write statuses, as in 200")
    return tuple(found)


def _shell(fields: Fields, common: Common, reader: Nested) -> model.Step:
    node = fields.entries.get("shell")
    if node is not None and isinstance(node.value, list):
        if not node.value:
            reader.nothing(fields, "shell")
        return _program(fields, common, next(iter(node.value), None), node.value[1:])
    if node is not None and isinstance(node.value, str):
        help_ = "write a list, the program first: [backup, --full]"
        fields.sheet.wrong(node, "'shell' is a line, and nothing splits it", help_)
        return model.Shell(**common, program="")
    inside = _inside(fields, "shell", "program")
    if "program" not in inside:
        inside.need("program", "program: NAME")
    return _program(fields, common, inside.given("program"), inside.sequence("arguments") or [])


def _program(
    fields: Fields, common: Common, program: Node | None, rest: list[Node]
) -> model.Step:  # fmt: skip
    name = program.value if program and isinstance(program.value, str) else ""
    if program is not None and (not name or "${" in name):
        message = "the program is computed" if "${" in name else f"the program is {shown(program)}"
        fields.sheet.wrong(program, message, "write its name out", "E046" if name else "E013")
    read = [
        fields.sheet.template(item, common["path"], f"arguments[{place}]")
        for place, item in enumerate(rest)
    ]
    arguments = tuple(item for item in read if item is not None)
    return model.Shell(**common, program=name, arguments=arguments)


def _inside(fields: Fields, key: str, primary: str) -> Fields:
    """Return the keys of the short form ``key: {…}``, or the step's own.

    One value alone, as in ``wait: 10m``, stands for the ``primary`` key.
    """
    node = fields.entries.get(key)
    if node is None:
        return fields
    if isinstance(node.value, dict):
        kind = KINDS[key]
        _tell_beside(fields, key, kind)
        return Fields(node, f"'{key}'", fields.sheet, kind.inner or kind.keys)
    fields.entries.setdefault(primary, node)
    if key in fields.node.keys:
        fields.node.keys.setdefault(primary, fields.node.keys[key])
    return fields


def _tell_beside(fields: Fields, key: str, kind: Kind) -> None:
    """Report what stands beside the short form and would be read only inside of it."""
    for name in (*kind.inner, *kind.keys):
        if name in fields and name not in (*COMMON, key, "steps", _KEY):
            fields.sheet.report.add(
                "E018", fields.key_span(name), f"'{name}' is not read beside '{key}: …'",
                help=f"write it inside of '{key}', or as a step of its own",
            )  # fmt: skip


_APPROVAL = ("prompt", "approvers", "count", "exclude_requester", "expires", "on_timeout")
_WAIT = ("for", "until", "every", "command", "limit")
_LOOP = ("items", "as", "steps", "max_parallel", "fail_fast")
_KEY = "idempotency_key"
"""Of what reaches other systems; nothing else has one to tell."""
_HTTP = ("method", "url", "headers", "body", "expect")
_LISTED = (
    Kind("parallel", ("branches", "fail_fast", "max_parallel"), _parallel),
    Kind("conditional", ("then", "else"), _conditional),
    Kind("foreach", ("foreach", *_LOOP), _foreach, inner=_LOOP),
    Kind("approval", ("approval", *_APPROVAL), _approval, (*_APPROVAL, "timeout"), "an"),
    Kind("wait", ("wait", *_WAIT), _wait, inner=(*_WAIT, "timeout")),
    Kind("playbook", ("playbook", "parameters"), _playbook),
    Kind("set", ("set", "values"), _set),
    Kind("assert", ("assert", "test", "message"), _assert, ("test", "message"), "an"),
    Kind("http", ("http", *_HTTP, _KEY), _http, inner=_HTTP, article="an"),
    Kind("shell", ("shell", "program", "arguments", _KEY), _shell, inner=("program", "arguments")),
    Kind("command", ("command", "run", _KEY), _command),
    Kind("group", ("steps",), _group),
)
KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _LISTED}
TELLING: tuple[tuple[str, str], ...] = (
    ("branches", "parallel"), ("then", "conditional"), ("else", "conditional"),
    ("foreach", "foreach"), ("items", "foreach"), ("approval", "approval"), ("wait", "wait"),
    ("playbook", "playbook"), ("set", "set"), ("assert", "assert"), ("http", "http"),
    ("shell", "shell"), ("command", "command"), ("run", "command"), ("steps", "group"),
)  # fmt: skip
"""Keys that tell the kind of a step without a ``type``, the most telling ones first."""
KEYS = tuple(dict.fromkeys([*COMMON, *(key for kind in _LISTED for key in kind.keys)]))
