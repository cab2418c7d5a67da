"""Values that a run is given: typed by the playbook once, every fault at once."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from orchestration.playbook.expression import ExpressionError
from orchestration.playbook.secret_places import placed
from orchestration.playbook.values import TEXTS, typed
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestration.playbook.model import Parameter, Playbook
    from tgk.ports.runs import RunRequest

RUN = "orchestrate run"
"""What refuses values: the command that they were given to."""
_WORDS = {"yes": True, "on": True, "1": True, "no": False, "off": False, "0": False}


class _Unfit(Exception):
    """A value that a parameter does not take."""


def wanted(playbook: Playbook, request: RunRequest) -> dict[str, Any]:
    """Return the typed parameters of a request; raises like ``given``.

    The environment asked for is one of them, where the playbook has it.
    """
    raw: dict[str, Any] = dict(request.parameters)
    named = any(each.name == "environment" for each in playbook.parameters)
    if request.environment and named:
        if raw.get("environment", request.environment) != request.environment:
            fault = ArgumentFault("environment", "it is given twice, with two values")
            raise InvalidRequest(RUN, [fault])
        raw["environment"] = request.environment
    return given(playbook, raw)


def target_of(environment: str | None, values: Mapping[str, Any]) -> str:
    """Return where a run is aimed: what was asked for, or its parameter of that name, if any."""
    named = values.get("environment")
    return environment or (named if isinstance(named, str) else "")


def given(playbook: Playbook, raw: Mapping[str, Any], *, trusted: bool = False) -> dict[str, Any]:
    """Return every parameter with its type; raises InvalidRequest naming every fault.

    A parameter that is absent has its default, or null: absent is not empty. One of type secret is
    the place where it is kept; ``trusted`` are places that an author wrote.
    """
    known = {parameter.name: parameter for parameter in playbook.parameters}
    faults = [stranger(playbook.name, name, known) for name in raw if name not in known]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        try:
            if parameter.type == "secret":
                values[name] = _placed(parameter, playbook, raw, trusted=trusted)
                continue
            values[name] = _value(parameter, raw)
        except _Unfit as error:
            near = () if parameter.type == "secret" else _near(parameter, raw)
            faults.append(ArgumentFault(name, str(error), near, declared=True))
    if faults:
        raise InvalidRequest(RUN, faults)
    return values


def stranger(playbook: str, name: str, known: Iterable[str]) -> ArgumentFault:
    """Return the fault of a name that is no parameter, with what was probably meant."""
    near = nearest(name, known)
    hint = f"; did you mean {near[0]}?" if near else ""
    message = f"{playbook} has no such parameter{hint}"
    return ArgumentFault(name, message, near, declared=True)


def key_of(playbook: Playbook, values: Mapping[str, Any]) -> str:
    """Return what the playbook's ``idempotency_key`` comes to, digested; empty without one.

    Two playbooks never share a key. Raises InvalidRequest for one that cannot be computed.
    """
    if playbook.idempotency_key is None:
        return ""
    try:
        constants = {name: _plain(each) for name, each in playbook.variables.items()}
        text = playbook.idempotency_key.text({**constants, **values})
    except ExpressionError as error:
        raise InvalidRequest(RUN, [ArgumentFault("idempotency_key", str(error))]) from error
    return hashlib.sha256(f"{playbook.name}\0{text}".encode()).hexdigest() if text else ""


def _near(parameter: Parameter, raw: Mapping[str, Any]) -> tuple[str, ...]:
    return nearest(str(raw.get(parameter.name, "")), map(str, parameter.choices))


def _placed(
    parameter: Parameter, playbook: Playbook, raw: Mapping[str, Any], *, trusted: bool
) -> str | None:
    value = _value(replace(parameter, type="string", choices=(), pattern=""), raw)
    if value is None:
        return None
    own = parameter.name not in raw
    try:
        return placed(parameter, playbook, value, trusted=trusted or own)
    except ValueError as error:
        raise _Unfit(str(error)) from None


def _value(parameter: Parameter, raw: Mapping[str, Any]) -> Any:
    if parameter.name not in raw:
        if parameter.has_default:
            return _plain(parameter.default)
        if parameter.required:
            raise _Unfit("it is required")
        return None
    try:
        return _plain(typed(parameter, _as_written(parameter, raw[parameter.name])))
    except ValueError as error:
        raise _Unfit(str(error)) from None


def _as_written(parameter: Parameter, value: Any) -> Any:
    """Return what somebody typed, or a step computed, as an author would have written it."""
    if parameter.type == "bool" and isinstance(value, str):
        return _WORDS.get(value.strip().lower(), value)
    if parameter.type in TEXTS and isinstance(value, bool):
        return str(value).lower()
    if parameter.type in TEXTS and isinstance(value, int | float):
        return str(value)
    if parameter.type == "int" and isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
