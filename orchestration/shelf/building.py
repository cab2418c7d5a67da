"""Steps put into the text of a playbook, one at a time, leaving everything else as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

import yaml

from orchestration.playbook.load import load
from tgk.errors import ArgumentFault, InvalidRequest, Refused

if TYPE_CHECKING:
    from orchestration.playbook.model import Playbook

StepKind = Literal["command", "approval", "wait", "parallel", "conditional", "foreach"]
_COMMAND: Final = "orchestrate build"
_KEY: Final = re.compile(r"[A-Za-z_]")
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


def added(text: str, step: NewStep) -> str:
    """Return the text with a step behind the last one of its body; raises InvalidRequest."""
    written = yaml.safe_dump([_written(step)], sort_keys=False, allow_unicode=True, width=10_000)
    block = [f"  {line}" if line else line for line in written.rstrip("\n").split("\n")]
    before = _read(text)
    lines = text.rstrip("\n").split("\n")  # other separators are part of a text
    at = _end_of_body(lines)
    made = "\n".join([*lines[:at], "", *block, *lines[at:]]) + "\n"
    after = load(made.encode(), f"{before.name}.yml", draft=True).playbook
    if after is None or len(after.steps) != len(before.steps) + 1:
        raise _unbuildable(before)
    return made


def without_last(text: str) -> str:
    """Return the text without the last step of its body; raises Refused for the only one."""
    before = _read(text)
    if len(before.steps) == 1:
        raise Refused("The step stays.", why="A playbook has at least one.", remedy="Add another.")
    lines = text.rstrip("\n").split("\n")
    made = [*lines[: before.steps[-1].span.line - 1], *lines[_end_of_body(lines) :]]
    after = load("\n".join(made).encode(), f"{before.name}.yml", draft=True).playbook
    if after is None or len(after.steps) != len(before.steps) - 1:
        raise _unbuildable(before)
    return "\n".join(made) + "\n"


def _read(text: str) -> Playbook:
    found = load(text.encode(), "draft.yml", draft=True)
    if found.playbook is None or not found.playbook.steps:
        why = "Its text has faults." if found.diagnostics else "It has no steps."
        raise Refused("No step was added.", why=why, remedy="Mend it with /orchestrate import.")
    return found.playbook


def _unbuildable(book: Playbook) -> Refused:
    return Refused(
        f"{book.name} was not changed.",
        why="Its steps are written in a way that no step can be put behind.",
        remedy="Write it by hand with /orchestrate import.",
    )


def _end_of_body(lines: list[str]) -> int:
    """Return the line behind the body's last one: comments above the next key belong to it."""
    begin = next((n for n, line in enumerate(lines) if line.startswith("steps:")), len(lines))
    rest = range(begin + 1, len(lines))
    end = next((number for number in rest if _KEY.match(lines[number])), len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _written(step: NewStep) -> dict[str, Any]:
    """Return a step as it stands in a file; raises InvalidRequest where something is missing."""
    kinds = {
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
    items = what if what.startswith("${") else [each.strip() for each in what.split(",") if each]
    return {"type": "foreach", "items": items, "as": _ITEM, "steps": _commands(step.lines)}


def _commands(lines: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"command": line} for line in lines]


def _missing(option: str, what: str) -> str:
    raise _lacks(option, what)


def _lacks(option: str, what: str) -> InvalidRequest:
    return InvalidRequest(_COMMAND, [ArgumentFault(option, f"needed: {what}")])
