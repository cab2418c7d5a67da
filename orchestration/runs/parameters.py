"""Values that a run is given: typed by the playbook once, every fault at once."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, Any, NoReturn

from orchestration.playbook.durations import seconds
from orchestration.playbook.expression import ExpressionError
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Parameter, Playbook
    from tgk.ports.runs import RunRequest

_COMMAND = "orchestrate run"
_TRUE, _FALSE = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off", "0"})
_WORD = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/#@:+-]{0,127}")
_WORDS = frozenset({"user", "component", "environment", "service"})
_MOST_CHARACTERS = 10_000


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
            raise InvalidRequest(_COMMAND, [fault])
        raw["environment"] = request.environment
    return given(playbook, raw)


def given(playbook: Playbook, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return every parameter with its type; raises InvalidRequest naming every fault.

    A parameter that is absent has its default, or null: absent is not empty.
    """
    known = {parameter.name: parameter for parameter in playbook.parameters}
    faults = [
        ArgumentFault(name, f"{playbook.name} has no such parameter", nearest(name, known))
        for name in raw
        if name not in known
    ]
    values: dict[str, Any] = {}
    for name, parameter in known.items():
        try:
            values[name] = _value(parameter, raw)
        except _Unfit as error:
            near = nearest(str(raw.get(name, "")), map(str, parameter.choices))
            faults.append(ArgumentFault(name, str(error), near))
    if faults:
        raise InvalidRequest(_COMMAND, faults)
    return values


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
        raise InvalidRequest(_COMMAND, [ArgumentFault("idempotency_key", str(error))]) from error
    return hashlib.sha256(f"{playbook.name}\0{text}".encode()).hexdigest() if text else ""


def _value(parameter: Parameter, raw: Mapping[str, Any]) -> Any:
    if parameter.name not in raw:
        if parameter.has_default:
            return _plain(parameter.default)
        if parameter.required:
            raise _Unfit("it is required")
        return None
    value = _typed(parameter, raw[parameter.name])
    choices = [_plain(choice) for choice in parameter.choices]
    if choices and value not in choices:
        raise _Unfit(f"it is one of {', '.join(map(str, choices))}")
    if parameter.pattern and not re.fullmatch(parameter.pattern, str(value)):
        raise _Unfit(f"it must match {parameter.pattern}")
    _bounded(parameter, value)
    return value


def _typed(parameter: Parameter, value: Any) -> Any:
    if isinstance(value, str) and len(value) > _MOST_CHARACTERS:
        raise _Unfit(f"it is longer than {_MOST_CHARACTERS} characters")
    match parameter.type:
        case "int":
            return _number(value, int, "a whole number")
        case "number":
            return _number(value, float, "a number")
        case "bool":
            return _boolean(value)
        case "duration":
            found = seconds(value) if isinstance(value, str | int | float) else None
            return found if found is not None else _unfit("it is a duration, such as 300 or 5m")
        case "list":
            return value if isinstance(value, list) else _listed(str(value))
        case _:
            return _text(parameter, value)


def _text(parameter: Parameter, value: Any) -> str:
    if isinstance(value, list | dict):
        _unfit("it is one value")
    text = str(value).lower() if isinstance(value, bool) else str(value)
    if parameter.type in _WORDS and not _WORD.fullmatch(text):
        _unfit("it is one word of letters, digits and . _ / # @ : + -")
    return text


def _number(value: Any, kind: type[int | float], what: str) -> int | float:
    if isinstance(value, bool):
        _unfit(f"it is {what}")
    try:
        return kind(value)
    except (ValueError, TypeError, OverflowError):
        raise _Unfit(f"it is {what}") from None


def _boolean(value: Any) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower()
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    raise _Unfit("it is true or false")


def _listed(text: str) -> list[Any]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _bounded(parameter: Parameter, value: Any) -> None:
    size = len(value) if isinstance(value, str | list) else value
    if parameter.minimum is not None and size < parameter.minimum:
        _unfit(f"it is at least {parameter.minimum:g}")
    if parameter.maximum is not None and size > parameter.maximum:
        _unfit(f"it is at most {parameter.maximum:g}")


def _plain(value: Any) -> Any:
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _unfit(message: str) -> NoReturn:
    raise _Unfit(message)
