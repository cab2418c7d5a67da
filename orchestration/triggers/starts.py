"""Which runs an event or a webhook starts, and what they are given."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from orchestration.playbook.expression import ExpressionError
from tgk.errors import ArgumentFault, InvalidRequest, Missing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Playbook, Trigger
    from orchestration.triggers.events import Event

SERVICE: Final = "trigger:"
_COMMAND: Final = "orchestrate run"
_LONGEST: Final = 48


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """A run that something outside asks for."""

    playbook: str
    cause: str
    """``event:SOURCE/EVENT`` or ``webhook:NAME``."""
    id: str
    """Names what asked: the same id starts one run of a playbook."""
    parameters: Mapping[str, str] = field(default_factory=dict)
    fault: InvalidRequest | None = None
    """Why it cannot be started as it was asked for."""

    @property
    def delivery(self) -> str:
        """What makes a repetition join the first."""
        return f"{self.cause}:{self.playbook}:{self.id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """A time at which a playbook starts by itself."""

    name: str
    """Of the schedule: ``<playbook>.trigger-1``."""
    cron: str
    timezone: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    environment: str | None = None


def service_of(playbook: str) -> str:
    """Return the name of the service that a playbook's own starts are made by."""
    return f"{SERVICE}{playbook}"


def timed(playbook: Playbook) -> tuple[Timed, ...]:
    """Return the times of a playbook's own; of a draft none, and none that cannot be said."""
    times = [each for each in playbook.triggers if each.type == "schedule"]
    found = []
    for number, trigger in enumerate(() if playbook.draft else times, 1):
        values, faults = _texts(trigger.parameters)
        if faults or not trigger.cron:
            continue
        name = playbook.name.casefold().strip("_")[:_LONGEST]
        found.append(
            Timed(
                name=f"{name}.trigger-{number}",
                cron=trigger.cron,
                timezone=trigger.timezone,
                environment=values.pop("environment", None),
                parameters=values,
            )
        )
    return tuple(found)


def started_by(event: Event, playbook: Playbook) -> Start | None:
    """Return the run that an event starts: of the first trigger that wants it, else none.

    An event that lacks what a condition asks for does not start anything.
    """
    if playbook.draft:
        return None
    for trigger in playbook.triggers:
        if _wants(trigger, event):
            return _start(playbook, trigger, event)
    return None


def called(playbook: Playbook, given: Mapping[str, Any], delivery: str) -> Start:
    """Return the run that a call of a playbook's webhook starts.

    Only declared parameters can be given, and none that its author fixed or that is a secret; the
    start names every one that is not so. Raises Missing for a playbook without a webhook.
    """
    trigger = next((each for each in playbook.triggers if each.type == "webhook"), None)
    if trigger is None or playbook.draft:
        raise Missing("webhook", playbook.name)
    declared = {each.name: each for each in playbook.parameters if not each.implied}
    values, faults = _texts(trigger.parameters)
    for name, value in given.items():
        if name not in declared:
            near = nearest(name, declared)
            message = f"{playbook.name} has no such parameter"
            faults.append(ArgumentFault(name[:64], message, near, declared=True))
        elif name in trigger.parameters:
            faults.append(_unfit(name, "the playbook itself says what it is"))
        elif declared[name].type == "secret":
            faults.append(_unfit(name, "a secret is never sent; declare where it is kept"))
        else:
            text, fault = _text(name, value)
            values |= {name: text} if text is not None else {}
            faults += [fault] if fault else []
    return Start(
        playbook=playbook.name,
        cause=f"webhook:{playbook.name}",
        id=delivery,
        parameters=values,
        fault=InvalidRequest(_COMMAND, faults) if faults else None,
    )


def _wants(trigger: Trigger, event: Event) -> bool:
    if trigger.type != "event" or trigger.source != event.source:
        return False
    if not event.answers(trigger.event):
        return False
    try:
        return trigger.condition is None or trigger.condition.test(event.scope())
    except ExpressionError:
        return False


def _start(playbook: Playbook, trigger: Trigger, event: Event) -> Start:
    values, faults = _texts(trigger.parameters)
    for name, template in trigger.filled.items():
        try:
            text, fault = _text(name, template.value(event.scope()))
        except ExpressionError as error:
            text, fault = None, _unfit(name, str(error))
        values |= {name: text} if text is not None else {}
        faults += [fault] if fault else []
    return Start(
        playbook=playbook.name,
        cause=f"event:{event.source}/{event.name}",
        id=event.id,
        parameters=values,
        fault=InvalidRequest(_COMMAND, faults) if faults else None,
    )


def _texts(plain: Mapping[str, Any]) -> tuple[dict[str, str], list[ArgumentFault]]:
    """Return what an author fixed, as a request carries it."""
    read = {name: _text(name, value) for name, value in plain.items()}
    faults = [fault for _, fault in read.values() if fault]
    return {name: text for name, (text, _) in read.items() if text is not None}, faults


def _text(name: str, value: Any) -> tuple[str | None, ArgumentFault | None]:
    """Return a value as a request carries it; null is as good as absent."""
    match value:
        case None:
            return None, None
        case bool():
            return str(value).lower(), None
        case str() | int() | float():
            return str(value), None
        case list() | tuple() if all(_is_item(item) for item in value):
            return ",".join(str(item) for item in value), None
    return None, _unfit(name, "it is one value, or a list of plain words")


def _unfit(name: str, message: str) -> ArgumentFault:
    return ArgumentFault(name, message, declared=True)


def _is_item(item: Any) -> bool:
    """Say whether a value can stand in a list, whose parts are told apart by commas."""
    is_plain = isinstance(item, str | int | float) and not isinstance(item, bool)
    return is_plain and "," not in str(item)
