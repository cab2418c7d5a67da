"""A run as mermaid text, for pages that draw such text themselves."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from orchestration.runs.picture import look
from orchestration.runs.shape import IDLE, parts, stages
from orchestration.runs.wording import STATE_WORDS, attempts, votes

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from orchestration.runs.shape import Column
    from tgk.ports.runs import RunView, StepState, StepView

_SPECIAL = frozenset('#"<>&`;[](){}|\\')
_LONGEST = 80
_LABELS = {"on_failure": "on failure", "on_success": "on success", "undo": "undo"}


def mermaid(view: RunView) -> str:
    """Return a flowchart; names are escaped, so that no word of a playbook is read as syntax."""
    chart = _Chart()
    chart.sequence(stages(view), "  ")
    return "\n".join(
        [
            "flowchart TD",
            f"  %% {_plain(view.playbook)} {_plain(view.id)}: {STATE_WORDS[view.state]}",
            *chart.lines,
            *chart.links,
            *_classes(chart.states),
        ]
    )


class _Chart:
    """Lines, links and states as they are found; nodes are numbered."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.links: list[str] = []
        self.states: dict[str, StepState] = {}
        self._number = count(1)

    def sequence(self, steps: Sequence[StepView], indent: str, name: str = "") -> str:
        """Write steps that follow one another; return the first node."""
        first = before = ""
        for step in steps:
            node = self._step(step, indent, name)
            first = first or node
            self.links += [f"  {before} --> {node}"] if before else []
            before = node
        return first

    def _step(self, step: StepView, indent: str, name: str) -> str:
        inner = parts(step)
        whole = bool(inner.own or inner.columns)
        node = self._group(step, indent) if whole else self._node(step, indent, name)
        for handler in inner.handlers:
            first = self.sequence(handler.steps, indent)
            arrow = "-.->" if handler.state in IDLE else "==>"
            label = _escaped(_LABELS.get(handler.name, handler.name))
            self.links += [f'  {node} {arrow}|"{label}"| {first}'] if first else []
        return node

    def _node(self, step: StepView, indent: str, name: str) -> str:
        node = f"n{next(self._number)}"
        named = f"{name}: {step.name}" if name else step.name
        said = [named, attempts(step) or votes(step) or STATE_WORDS[step.state]]
        self.lines.append(f'{indent}{node}["{"<br/>".join(map(_escaped, said))}"]')
        self.states[node] = step.state
        return node

    def _group(self, step: StepView, indent: str) -> str:
        inner = parts(step)
        node = f"g{next(self._number)}"
        self.lines.append(f'{indent}subgraph {node}["{_escaped(step.name)}"]')
        for column in inner.columns:
            self.sequence(column.steps, indent + "  ", _told(step, column))
        self.sequence(inner.own, indent + "  ")
        self.lines.append(f"{indent}end")
        return node


def _told(step: StepView, column: Column) -> str:
    """Return what tells the steps of one column from those beside it."""
    same = len(column.steps) == 1 and column.steps[0].name == column.name
    return "" if same or step.kind == "parallel" else column.name


def _classes(states: dict[str, StepState]) -> Iterator[str]:
    for state in sorted(set(states.values())):
        sign = look.SIGNS[state]
        dashed = ",stroke-dasharray:5 4" if state == "skipped" else ""
        yield f"  classDef {state} fill:{look.CARD},stroke:{sign.colour},color:{look.INK}{dashed}"
        nodes = ",".join(node for node, each in states.items() if each == state)
        yield f"  class {nodes} {state}"


def _escaped(words: str) -> str:
    """Return words as mermaid takes them within quotes: what could be syntax becomes a number."""
    short = words if len(words) <= _LONGEST else words[: _LONGEST - 1] + "…"
    return "".join(
        f"#{ord(letter)};" if letter in _SPECIAL else letter if letter.isprintable() else " "
        for letter in short
    )


def _plain(words: str) -> str:
    return "".join(letter for letter in words if letter.isalnum() or letter in "-._")
