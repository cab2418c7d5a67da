"""Reads what a playbook declares: parameters, variables, secrets and integrations."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook import model, patterns
from orchestration.playbook.fields import Fields, of_type
from orchestration.playbook.names import check_name, tell_twice
from orchestration.playbook.sheet import shown
from orchestration.playbook.steps import RESERVED_NAMES
from orchestration.playbook.values import typed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Plain
    from orchestration.playbook.origin import Span
    from orchestration.playbook.sheet import Sheet
    from tgk.yaml_marks import Node

TYPES: Mapping[str, model.ParameterType] = {
    "string": "string", "int": "int", "number": "number", "bool": "bool",
    "duration": "duration", "list": "list", "secret": "secret", "user": "user",
    "component": "component", "environment": "environment", "service": "service",
}  # fmt: skip
PARAMETER_KEYS = (
    "name", "type", "description", "required", "default", "enum", "choices", "pattern", "min",
    "max",
)  # fmt: skip
_PARAMETER_HINTS = {
    "minimum": "min", "maximum": "max", "options": "enum", "regex": "pattern", "value": "default",
}  # fmt: skip
_HUGE = 1e15
_SECRET_SOURCES: Mapping[str, str] = {"environment": "environment", "vault": "vault"}
SETTINGS: Mapping[str, tuple[str, ...]] = {
    "slack": ("webhook", "channel", "mention"),
    "jira": ("url", "project", "user", "token", "issue_type", "labels",
             "create_issue_on_failure"),
    "datadog": ("api_key", "site", "track_metrics", "tags"),
}  # fmt: skip
FLAGS = frozenset({"create_issue_on_failure", "track_metrics"})
"""Settings that are true or false."""


def plain(node: Node, sheet: Sheet, what: str) -> Plain:
    """Return a value without expressions; lists may hold lists."""
    if isinstance(node.value, list):
        sheet.warn_of_slips(node.value)
        return tuple(plain(item, sheet, what) for item in node.value)
    if isinstance(node.value, dict):
        sheet.wrong(node, f"{what} is a mapping", "write a plain value or a list")
        return None
    return node.value


def parameters(fields: Fields) -> tuple[model.Parameter, ...]:
    """Return the parameters: a list of mappings, or a mapping by name."""
    node = fields.given("parameters")
    if node is None:
        return ()
    if isinstance(node.value, dict):
        _warn_of_parts(node, node.value, fields.sheet)
        return tuple(_named(name, child, node, fields.sheet) for name, child in node.value.items())
    found: list[model.Parameter] = []
    for item in fields.sequence("parameters") or []:
        if isinstance(item.value, str):
            span = fields.sheet.source.span(item)
            check_name(item.value, span, "a parameter", fields.sheet.report, RESERVED_NAMES)
            found.append(model.Parameter(name=item.value, span=span, required=True))
            continue
        inside = Fields(item, "a parameter", fields.sheet, PARAMETER_KEYS, _PARAMETER_HINTS)
        if "name" not in inside:
            inside.need("name", "name: version")
        name = inside.text("name")
        if name:
            span = inside.value_span("name")
            check_name(name, span, "a parameter", fields.sheet.report, RESERVED_NAMES)
            found.append(_parameter(name, inside))
    _check_once([(each.name, each.span) for each in found], "parameters", fields.sheet)
    return tuple(found)


def _warn_of_parts(node: Node, entries: Mapping[str, Node], sheet: Sheet) -> None:
    """Warn of a mapping by name whose names are those of a single parameter's keys."""
    typed_ = "type" in entries and entries["type"].value in TYPES
    if len(entries) > 1 and entries.keys() <= {*PARAMETER_KEYS} and (
        typed_ or "description" in entries
    ):  # fmt: skip
        first = next(iter(entries))
        span = sheet.source.key(node.keys[first], first)
        listed = ", ".join(entries)
        sheet.report.add(
            "W069", span, f"these parameters are called {listed}",
            help="if they describe one, a line such as `- name: …` is missing before it",
        )  # fmt: skip


def _named(name: str, node: Node, around: Node, sheet: Sheet) -> model.Parameter:
    """Return ``name: {…}``, ``name: default`` or ``name:`` for one that must be given."""
    span = sheet.source.key(around.keys[name], name)
    check_name(name, span, "a parameter", sheet.report, RESERVED_NAMES)
    if isinstance(node.value, dict):
        known = [key for key in PARAMETER_KEYS if key != "name"]
        return _parameter(name, Fields(node, f"'{name}'", sheet, known, _PARAMETER_HINTS))
    if node.value is None:
        return model.Parameter(name=name, span=span, required=True)
    default = plain(node, sheet, f"'{name}'")
    return model.Parameter(
        name=name, span=span, type=_inferred(default), default=default, has_default=True
    )


def _parameter(name: str, fields: Fields) -> model.Parameter:
    node = fields.entries.get("default")
    default = plain(node, fields.sheet, "'default'") if node else None
    has_default = node is not None
    choices = _choices(fields)
    guess = _inferred(default if default is not None else next(iter(choices), None))
    kind = fields.choice("type", TYPES, guess)
    whole = kind not in ("number", "duration")
    parameter = model.Parameter(
        name=name,
        span=fields.value_span("name") if "name" in fields else fields.span,
        type=kind,
        description=fields.text("description"),
        required=fields.boolean("required"),
        default=default,
        has_default=has_default,
        choices=choices,
        pattern=_pattern(fields),
        minimum=fields.number("min", low=-_HUGE, high=_HUGE, whole=whole),
        maximum=fields.number("max", low=-_HUGE, high=_HUGE, whole=whole),
    )
    if node is not None and default is not None:
        _check_default(parameter, node, fields)
    if parameter.required and has_default:
        _required_with_default(parameter, fields)
    return parameter


def _check_default(parameter: model.Parameter, node: Node, fields: Fields) -> None:
    try:
        typed(parameter, parameter.default)
    except ValueError as error:
        message = f"the default of '{parameter.name}' is {shown(node)}"
        fields.sheet.wrong(node, message, str(error), "E014")


def _required_with_default(parameter: model.Parameter, fields: Fields) -> None:
    fields.sheet.report.add(
        "W062",
        fields.key_span("required"),
        f"'{parameter.name}' is required and has a default, which is used when nothing is given",
        help="remove `required: true`, or the default if somebody must choose",
    )


def _choices(fields: Fields) -> tuple[Plain, ...]:
    key = "enum" if "enum" in fields else "choices"
    listed = fields.sequence(key)
    if listed == []:
        fields.sheet.wrong(fields.entries[key], f"'{key}' is empty", "name at least one", "E014")
    return tuple(plain(item, fields.sheet, f"'{key}'") for item in listed or [])


def _pattern(fields: Fields) -> str:
    pattern = fields.text("pattern")
    node = fields.entries.get("pattern")
    if not pattern or node is None:
        return ""
    if wrong := patterns.fault(pattern):
        fields.sheet.wrong(node, f"'pattern' cannot be read: {wrong}", "mend it", "E014")
        return ""
    return pattern


def _inferred(value: Plain) -> model.ParameterType:
    """Return the type of a parameter that names none."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int):
        return "int"
    if isinstance(value, float):
        return "number"
    return "list" if isinstance(value, tuple) else "string"


def variables(fields: Fields) -> dict[str, Plain]:
    """Return the constants of the playbook."""
    node = fields.entries.get("variables")
    found: dict[str, Plain] = {}
    for name, child in fields.mapping("variables").items():
        if node is not None:
            span = fields.sheet.source.key(node.keys[name], name)
            check_name(name, span, "a variable", fields.sheet.report, RESERVED_NAMES)
        if isinstance(child.value, str) and "${" in child.value.replace("$${", ""):
            help_ = "variables are constants; compute values in a step of type set"
            fields.sheet.wrong(child, f"'{name}' is computed", help_)
        found[name] = plain(child, fields.sheet, f"'{name}'")
    return found


def secrets(fields: Fields) -> tuple[model.Secret, ...]:
    """Return where the secrets are kept.

    A mapping by name is no list; its names count as declared, so that this is all there is to mend.
    """
    node = fields.given("secrets")
    if node is not None and isinstance(node.value, dict):
        return _as_mapping(node, node.value, fields.sheet)
    found = [_secret(item, fields.sheet) for item in fields.sequence("secrets") or []]
    _check_once([(each.name, each.span) for each in found if each.name], "secrets", fields.sheet)
    return tuple(secret for secret in found if secret.name)


def _as_mapping(node: Node, entries: Mapping[str, Node], sheet: Sheet) -> tuple[model.Secret, ...]:
    first = next(iter(entries), "api_key")
    example = f"{{name: {first}, source: environment, variable: {first.upper()}}}"
    sheet.wrong(node, "'secrets' is a mapping", f"write a list: `secrets: [{example}]`")
    return tuple(
        model.Secret(name=name, span=sheet.source.key(node.keys[name], name), source="environment")
        for name in entries
    )


def _secret(node: Node, sheet: Sheet) -> model.Secret:
    known = ("name", "source", "variable", "path", "key")
    fields = Fields(node, "a secret", sheet, known)
    for key, example in (("name", "name: api_key"), ("source", "source: environment")):
        if key not in fields:
            fields.need(key, example)
    name, span = fields.text("name"), fields.value_span("name")
    if name:
        check_name(name, span, "a secret", sheet.report, RESERVED_NAMES)
    source = fields.choice("source", _SECRET_SOURCES, "environment")
    if source == "vault" and "path" not in fields:
        fields.need("path", "path: /secrets/prod/db")
    variable = fields.text("variable", name if source == "environment" else "")
    return model.Secret(
        name=name,
        span=span,
        source="vault" if source == "vault" else "environment",
        variable=variable,
        path=fields.text("path"),
        key=fields.text("key"),
    )


def integrations(fields: Fields) -> tuple[model.Integration, ...]:
    """Return who else hears of a run."""
    found = [
        _integration(item, place, fields.sheet)
        for place, item in enumerate(fields.sequence("integrations") or [])
    ]
    return tuple(each for each in found if each is not None)


def _integration(node: Node, place: int, sheet: Sheet) -> model.Integration | None:
    found = of_type(node, "an integration", sheet, SETTINGS, "events")
    if found is None:
        return None
    fields, kind = found
    for key in FLAGS & fields.entries.keys():
        if "${" not in str(fields.entries[key].value):
            fields.boolean(key)
    settings = {
        key: fields.template(key, "", f"integrations[{place}].{key}")
        for key in fields.entries
        if key not in ("type", "events")
    }
    return model.Integration(
        span=fields.span,
        type="slack" if kind == "slack" else "jira" if kind == "jira" else "datadog",
        events=_events(fields),
        settings={key: value for key, value in settings.items() if value is not None},
    )


def _events(fields: Fields) -> tuple[model.RunEvent, ...]:
    if "events" not in fields:
        return ("start", "failure", "success")
    known: dict[str, model.RunEvent] = {
        "start": "start", "failure": "failure", "success": "success",
    }  # fmt: skip
    listed = fields.names("events")
    for item in fields.sequence("events") or []:
        if isinstance(item.value, str) and item.value not in known:
            help_ = f"write some of {', '.join(known)}"
            fields.sheet.wrong(item, f"there is no event '{item.value}'", help_, "E014")
    return tuple(known[name] for name in listed if name in known)


def _check_once(found: list[tuple[str, Span]], what: str, sheet: Sheet) -> None:
    seen: dict[str, Span] = {}
    for name, span in found:
        if name in seen:
            tell_twice(f"two {what} are called '{name}'", seen[name], span, sheet.report)
        seen.setdefault(name, span)
