"""What somebody fills in for a step, as it stands in a playbook, and back again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from tgk.errors import ArgumentFault, InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

StepKind = Literal["command", "approval", "wait", "parallel", "conditional", "foreach"]
COMMAND: Final = "orchestrate build"
_ITEM: Final = "item"


@dataclass(frozen=True, slots=True)
class NewStep:
    """What somebody filled in."""

    kind: StepKind
    name: str
    lines: tuple[str, ...] = ()
    """Commands, one each."""
    what: str = ""
    """The question, the time, the condition or the items, by the kind."""
    otherwise: tuple[str, ...] = ()


def written(step: NewStep) -> dict[str, Any]:
    """Return a step as it stands in a file; raises InvalidRequest where something is missing."""
    kinds: Mapping[StepKind, Callable[[NewStep], dict[str, Any]]] = {
        "command": _command, "approval": _approval, "wait": _wait, "parallel": _parallel,
        "conditional": _conditional, "foreach": _foreach,
    }  # fmt: skip
    named = {"name": step.name} if step.name else {}
    return named | kinds[step.kind](step)


def _command(step: NewStep) -> dict[str, Any]:
    if len(step.lines) != 1:
        raise _lacks("lines", "one command, such as /infra deploy --component api")
    return {"command": step.lines[0]}


def _approval(step: NewStep) -> dict[str, Any]:
    prompt = step.what or _missing("what", "the question to the council")
    return {"approval": {"prompt": prompt, "timeout": "1h", "on_timeout": "fail"}}


def _wait(step: NewStep) -> dict[str, Any]:
    return {"wait": {"for": step.what or _missing("what", "how long, such as 5m")}}


def _parallel(step: NewStep) -> dict[str, Any]:
    if len(step.lines) < 2:  # noqa: PLR2004 - of one nothing is beside
        raise _lacks("lines", "two commands or more, one a line: each becomes a branch")
    branches = [
        {"name": f"{step.name or 'branch'}-{number}", "steps": [{"command": line}]}
        for number, line in enumerate(step.lines, 1)
    ]
    return {"type": "parallel", "branches": branches}


def _conditional(step: NewStep) -> dict[str, Any]:
    condition = step.what or _missing("what", 'a condition, such as environment == "production"')
    if not step.lines:
        raise _lacks("lines", "the commands that run if it holds, one a line")
    found = {"type": "conditional", "condition": condition, "then": _commands(step.lines)}
    return found | ({"else": _commands(step.otherwise)} if step.otherwise else {})


def _foreach(step: NewStep) -> dict[str, Any]:
    what = step.what or _missing("what", "items, such as eu-west-1, us-east-1, or ${components}")
    if not step.lines:
        raise _lacks("lines", f"the commands to run for each ${{{_ITEM}}}, one a line")
    listed = what.removeprefix("[").removesuffix("]").split(",")  # brackets are no part of an item
    items = what if what.startswith("${") else [each.strip() for each in listed if each.strip()]
    return {"type": "foreach", "items": items, "as": _ITEM, "steps": _commands(step.lines)}


def _commands(lines: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"command": line} for line in lines]


def _missing(option: str, what: str) -> str:
    raise _lacks(option, what)


def _lacks(option: str, what: str) -> InvalidRequest:
    return InvalidRequest(COMMAND, [ArgumentFault(option, f"needed: {what}")])


def filled_in(step: Mapping[str, Any]) -> NewStep | None:
    """Return the form that makes exactly this step, None where no form does."""
    guess = _guessed(step)
    try:
        return guess if guess is not None and written(guess) == dict(step) else None
    except InvalidRequest:
        return None


def _guessed(step: Mapping[str, Any]) -> NewStep | None:
    """Return what it looks like; that it says all of it is not known yet."""
    name = str(step.get("name", ""))
    if "command" in step:
        return NewStep("command", name, (str(step["command"]),))
    approval, wait = step.get("approval"), step.get("wait")
    if isinstance(approval, dict):
        return NewStep("approval", name, what=str(approval.get("prompt", "")))
    if isinstance(wait, dict):
        return NewStep("wait", name, what=str(wait.get("for", "")))
    return _guessed_group(step, name)


def _guessed_group(step: Mapping[str, Any], name: str) -> NewStep | None:
    kind = step.get("type")
    if kind == "parallel":
        inner = [each for branch in _listed(step, "branches") for each in _listed(branch, "steps")]
        return NewStep("parallel", name, _typed(inner))
    if kind == "conditional":
        then, other = _typed(_listed(step, "then")), _typed(_listed(step, "else"))
        return NewStep("conditional", name, then, str(step.get("condition", "")), other)
    if kind == "foreach":
        items = step.get("items")
        what = ", ".join(str(each) for each in items) if isinstance(items, list) else str(items)
        return NewStep("foreach", name, _typed(_listed(step, "steps")), what)
    return None


def _listed(holder: Mapping[str, Any], key: str) -> list[Any]:
    found = holder.get(key) if isinstance(holder, dict) else None
    return found if isinstance(found, list) else []


def _typed(steps: list[Any]) -> tuple[str, ...]:
    return tuple(str(each.get("command", "")) for each in steps if isinstance(each, dict))
