"""What to call a step in a plan: its command line or question, with the values known by then."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orchestration.playbook import model
from orchestration.playbook.expression import ExpressionError
from orchestration.runs.views import kind_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.expression import Scope
    from orchestration.playbook.model import Step
    from orchestration.playbook.template import Template

_LONGEST: Final = 200
_PLAIN: Final = re.compile(r"[^\s\"']+")


def what(step: Step, scope: Scope) -> str:
    """Return what a step does; what only the run will tell stays as the author wrote it."""
    if isinstance(step, model.CommandStep):
        line = _line(step.command, scope)
        return f"{step.name}: {line}" if step.name else line
    return f"{step.name or step.path} ({kind_of(step)})"


def asks(step: Step, scope: Scope) -> str:
    """Return what people are asked, and whose yes it takes; empty for other steps."""
    if not isinstance(step, model.ApprovalStep):
        return ""
    people = ", ".join(step.approvers) or "the council"
    return f"{_text(step.prompt, scope)} ({step.count} yes of {people})"


def _line(line: CommandLine, scope: Scope) -> str:
    words = " ".join(["/" + line.name, *_words(line, scope)])
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"


def _words(line: CommandLine, scope: Scope) -> Iterator[str]:
    for word in line.arguments:
        value = "" if word.value is True else _quoted(_text(word.value, scope))
        option = f"--{word.option}" if word.option else ""
        yield f"{option}={value}" if word.glued else " ".join(x for x in (option, value) if x)


def _text(text: Template, scope: Scope) -> str:
    """Return a text as far as it is known; one that cannot be computed stays as written."""
    try:
        return text.text(scope)
    except ExpressionError:
        return text.source


def _quoted(value: str) -> str:
    """Return a value as one word."""
    if _PLAIN.fullmatch(value) or value.startswith("${"):
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
