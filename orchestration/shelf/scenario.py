"""What is known of a run before it runs: values, and the ends of steps that somebody assumes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from orchestration.playbook.expression import UNKNOWN, ExpressionError
from orchestration.runs.authority import every
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from orchestration.playbook.expression import Expression
    from orchestration.playbook.model import Playbook, Step

Fate = Literal["runs", "depends", "skipped", "unreached"]
"""``unreached``: something before it ends the list."""
_ENDS = {"ok": True, "fail": False}


class Scope(dict[str, Any]):
    """Knows values and results; everything else is unknown."""

    def __missing__(self, key: str) -> object:
        return UNKNOWN

    def __contains__(self, key: object) -> bool:
        return True


@dataclass(slots=True)
class Scenario:
    """Answers conditions, and says how a step ends where that is assumed."""

    scope: Scope
    assumed: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)

    def ends(self, step: Step) -> tuple[bool, int] | None:
        """Return whether a step is assumed to succeed, and after how many attempts."""
        ends = self.assumed.get(step.path) or self.assumed.get(step.name)
        if not ends:
            return None
        tries = [ends[min(number, len(ends) - 1)] for number in range(step.retry.more + 1)]
        return (True, tries.index(True) + 1) if True in tries else (False, len(tries))

    def learn(self, step: Step, status: str, output: object = UNKNOWN) -> None:
        """Let later conditions see how a step ended."""
        if step.name:
            good = status == "succeeded"
            self.scope[step.name] = {"success": good, "status": status, "output": output}

    def fate(self, condition: Expression | None, above: Fate) -> tuple[Fate, str]:
        """Return what becomes of a step in a list of that fate, and why."""
        if condition is None or above in ("skipped", "unreached"):
            return above, ""
        try:
            verdict = condition.verdict(self.scope)
        except ExpressionError as error:
            return "depends", f"{condition.source}: {error.message}"
        if verdict is UNKNOWN:
            return "depends", f"if {condition.source}"
        return (above, "") if verdict else ("skipped", f"{condition.source} is false")


def scenario(
    book: Playbook, values: Mapping[str, object], outcomes: str, inside: Iterable[str] = ()
) -> Scenario:
    """Return a scenario from a table such as ``deploy-api: fail,fail,ok; verify: ok``.

    Each word is one attempt; the last one counts for all that follow. ``inside`` are paths of
    steps in playbooks that it plays. Raises InvalidRequest.
    """
    steps = list(every((*book.steps, *book.finally_)))
    known = {each.path for each in steps} | {each.name for each in steps if each.name}
    return Scenario(Scope({**book.variables, **values}), _read(outcomes, known.union(inside)))


def _read(outcomes: str, known: set[str]) -> dict[str, tuple[bool, ...]]:
    found: dict[str, tuple[bool, ...]] = {}
    faults: list[ArgumentFault] = []
    for piece in outcomes.replace("\n", ";").split(";"):
        name, _, said = (part.strip() for part in piece.partition(":"))
        words = [word.strip() for word in said.split(",")]
        if name and name not in known:
            near = nearest(name, known)
            hint = f"; did you mean {near[0]}?" if near else ""
            faults.append(ArgumentFault("outcomes", f"there is no step {name[:60]}{hint}", near))
        elif name and not set(words) <= _ENDS.keys():
            what = f'{name}: write "ok" or "fail" for each attempt, as in "{name}: fail,ok"'
            faults.append(ArgumentFault("outcomes", what))
        elif name:
            found[name] = tuple(_ENDS[word] for word in words)
    if faults:
        raise InvalidRequest("orchestrate validate", faults)
    return found
