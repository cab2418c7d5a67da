"""Reads what starts runs by itself, and checks that a run so started has what it needs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook import cron, model
from orchestration.playbook.declarations import plain
from orchestration.playbook.fields import of_type
from orchestration.playbook.likeness import did_you_mean
from orchestration.playbook.origin import Origin
from orchestration.playbook.values import typed
from orchestration.playbook.zones import zone_fault

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.expression import Expression
    from orchestration.playbook.fields import Fields
    from orchestration.playbook.model import Plain, Playbook
    from orchestration.playbook.sheet import Sheet
    from orchestration.playbook.template import Template
    from tgk.yaml_marks import Node

KEYS: Mapping[str, tuple[str, ...]] = {
    "schedule": ("cron", "timezone"),
    "event": ("source", "event", "condition"),
    "webhook": ("url",),
}
NEEDED: Mapping[str, tuple[str, ...]] = {
    "schedule": ("cron",), "event": ("source", "event"), "webhook": (),
}  # fmt: skip
EVENT_FIELDS = ("id", "source", "name", "data")
"""What ``event`` holds in the condition and the parameters of a trigger."""
_KINDS: Mapping[str, model.TriggerType] = {
    "schedule": "schedule", "event": "event", "webhook": "webhook",
}  # fmt: skip
_EXAMPLES = {
    "cron": 'cron: "0 2 * * *"', "source": "source: monitoring",
    "event": "event: critical-alert",
}  # fmt: skip


def triggers(fields: Fields) -> tuple[model.Trigger, ...]:
    """Return what starts runs by itself."""
    found = [
        _trigger(item, place, fields.sheet)
        for place, item in enumerate(fields.sequence("triggers") or [])
    ]
    return tuple(each for each in found if each is not None)


def check_triggers(playbook: Playbook, report: Report) -> None:
    """Report triggers of drafts, and those whose runs would lack something or read what is not."""
    known = {each.name for each in playbook.parameters}
    needed = {each.name for each in playbook.parameters if each.required and not each.has_default}
    for place, trigger in enumerate(playbook.triggers):
        if playbook.draft:
            message = "a draft starts nothing by itself"
            report.add("W057", trigger.span, message, help="publish it once somebody has read it")
        given = {*trigger.parameters, *trigger.filled}
        for name in sorted(given - known):
            where = playbook.places.get(("", f"triggers[{place}].parameters.{name}:"))
            span = where.span if where else trigger.span
            help_ = did_you_mean(name, known, otherwise="declare it under `parameters`")
            report.add("E031", span, f"there is no parameter '{name}'", help=help_)
        _check_fixed(playbook, place, trigger, report)
        if missing := sorted(needed - given):
            _check_missing(trigger, missing, report)
        _check_references(playbook, place, trigger, report)


def _check_fixed(
    playbook: Playbook, place: int, trigger: model.Trigger, report: Report
) -> None:  # fmt: skip
    """Report values that no run of this playbook could be given."""
    for parameter in playbook.parameters:
        value = trigger.parameters.get(parameter.name)
        if value is None:
            continue
        try:
            typed(parameter, value)
        except ValueError as error:
            where = playbook.places.get(("", f"triggers[{place}].parameters.{parameter.name}"))
            span = where.span if where else trigger.span
            message = f"'{parameter.name}' does not take this"
            report.add("E042", span, message, help=str(error))


def _check_missing(trigger: model.Trigger, missing: list[str], report: Report) -> None:
    """Whoever calls a webhook can give what is missing; a clock and an event cannot."""
    if trigger.type == "webhook":
        return
    message = f"a run that this starts would lack {', '.join(missing)}"
    help_ = f"add `parameters: {{{missing[0]}: …}}`, or a default"
    report.add("E044", trigger.span, message, help=help_)


def _check_references(
    playbook: Playbook, place: int, trigger: model.Trigger, report: Report
) -> None:
    """Report what is read beside the event: nothing else is known before a run begins."""
    for key, text in _computed(trigger):
        origin = playbook.places.get(("", f"triggers[{place}].{key}"))
        origin = origin or Origin.straight(trigger.span)
        for reference in text.references:
            if reference.path[0] != "event":
                span = origin.at(reference.offset, reference.length)
                message = f"a trigger knows no '{reference.path[0]}'"
                help_ = "it can ask `event`, such as event.data.labels.service"
                report.add("E031", span, message, help=help_)
            elif len(reference.path) > 1 and reference.path[1] not in EVENT_FIELDS:
                listed = f"there are {', '.join(EVENT_FIELDS)}; the rest is in event.data"
                help_ = did_you_mean(reference.path[1], EVENT_FIELDS, otherwise=listed)
                span = origin.at(*reference.places[1])
                report.add("E034", span, f"'event' has no field '{reference.path[1]}'", help=help_)


def _computed(trigger: model.Trigger) -> Iterator[tuple[str, Expression | Template]]:
    if trigger.condition is not None:
        yield "condition", trigger.condition
    for name, template in trigger.filled.items():
        yield f"parameters.{name}", template


def _trigger(node: Node, place: int, sheet: Sheet) -> model.Trigger | None:
    found = of_type(node, "a trigger", sheet, KEYS, "parameters")
    if found is None:
        return None
    fields, kind = found
    for key in NEEDED[kind]:
        if key not in fields:
            fields.need(key, _EXAMPLES[key])
    _check_schedule(fields)
    fixed, filled = _parameters(fields, kind, place)
    return model.Trigger(
        span=fields.span,
        type=_KINDS[kind],
        cron=fields.text("cron"),
        timezone=fields.text("timezone", "UTC"),
        source=fields.text("source"),
        event=fields.text("event"),
        condition=fields.expression("condition", "", f"triggers[{place}].condition"),
        url=fields.text("url"),
        parameters=fixed,
        filled=filled,
    )


def _parameters(
    fields: Fields, kind: str, place: int
) -> tuple[dict[str, Plain], dict[str, Template]]:
    """Return what is fixed, and what is read from the event that starts the run."""
    fixed: dict[str, Plain] = {}
    filled: dict[str, Template] = {}
    around, sheet = fields.entries.get("parameters"), fields.sheet
    for name, child in fields.mapping("parameters").items():
        key = f"triggers[{place}].parameters.{name}"
        sheet.places["", key] = Origin.straight(sheet.source.span(child))
        if around is not None:
            span = sheet.source.key(around.keys[name], name)
            sheet.places["", f"{key}:"] = Origin.straight(span)
        is_computed = isinstance(child.value, str) and "${" in child.value.replace("$${", "")
        if not is_computed:
            fixed[name] = plain(child, sheet, f"'{name}'")
        elif kind != "event":
            help_ = "only an event brings values along; write the value itself"
            sheet.wrong(child, f"'{name}' is computed", help_)
        else:
            template = sheet.template(child, "", key)
            if template is not None:
                filled[name] = template
    return fixed, filled


def _check_schedule(fields: Fields) -> None:
    report = fields.sheet.report
    node = fields.entries.get("cron")
    if node is not None and isinstance(node.value, str):
        origin = fields.sheet.source.origin(node, node.value)
        for fault in cron.faults(node.value):
            span = origin.at(fault.offset, fault.length)
            report.add("E055", span, fault.message, help=fault.help)
    if "timezone" in fields and (zone := fields.text("timezone")):
        unknown = zone_fault(zone)
        if unknown is not None:
            span = fields.value_span("timezone")
            report.add("E056", span, f"there is no time zone '{zone[:64]}'", help=unknown)
