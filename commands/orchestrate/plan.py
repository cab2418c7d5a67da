"""A plan as a card: every gate, every step, and what depends on what is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.spelling import written
from orchestration.runs.wording import took
from tgk.plain import in_words
from tgk.reply import Fact, Facts, Log, Plain, Reply, Table

if TYPE_CHECKING:
    from tgk.ports.playbooks import Gate, Plan, PlanRow
    from tgk.reply import Action, Picture

_STATES = {"runs": "", "skipped": "skipped", "depends": "depends"}
_MOST_QUESTIONS = 6


def planned(plan: Plan, *, picture: Picture | None = None, again: Action | None = None) -> Reply:
    """Return what a run would do; it is an answer, so a closed gate is shown, not raised.

    ``again`` is the button that does it, shown where no gate is closed.
    """
    lines = tuple(_line(row) for row in plan.rows) or ("no steps",)
    gates = tuple(_asking(gate, plan.questions) for gate in plan.gates)
    closed = [gate for gate in gates if gate.passed is False]
    given = ", ".join(f"{name}={written(value)}" for name, value in plan.parameters.items())
    listed = (
        Fact(label="Parameters", value=given),
        Fact(label="At most", value=took(plan.longest) if plan.longest else "without a limit"),
        Fact(label="Nothing was done", value="this is a plan"),
    )
    facts = Facts(facts=tuple(fact for fact in listed if fact.value))
    table = _table(gates)
    others = _table(tuple(gate for gate in gates if gate not in closed))
    title = f"{plan.playbook} {'would be refused' if closed else 'would run'}"
    return Reply(
        topic="orchestrate",
        title=title,
        tone="bad" if closed else "ok",
        blocks=(
            facts,
            *((picture,) if picture else ()),
            table,
            Log(lines=lines, filename=f"{plan.playbook}-plan.txt"),
        ),
        actions=(again,) if again and not closed else (),
        failed=bool(closed),
        mirrored=False,
        plain=Plain(headline=title, lines=(*_refusals(closed), *in_words((facts, others)), *lines)),
        data=plan.model_copy(update={"gates": gates}).model_dump(mode="json"),
    )


def _asking(gate: Gate, questions: tuple[str, ...]) -> Gate:
    """Return the gate of approvals with what the playbook's own steps would ask."""
    if gate.name != "approvals" or not questions:
        return gate
    notes = [*questions[:_MOST_QUESTIONS], *([gate.note] if gate.passed is None else [])]
    more = len(questions) - _MOST_QUESTIONS
    notes += [f"… and {more} more"] if more > 0 else []
    return gate.model_copy(update={"passed": None, "note": "; ".join(notes)})


def _table(gates: tuple[Gate, ...]) -> Table:
    return Table(columns=("Gate", "", "Note"), rows=tuple(_gate(gate) for gate in gates))


def _gate(gate: Gate) -> tuple[str, str, str]:
    verdict = {True: "passed", False: "closed", None: "not known"}[gate.passed]
    asked = gate.name == "approvals" and gate.passed is None
    return gate.name, "asked" if asked else verdict, gate.note


def _refusals(closed: list[Gate]) -> tuple[str, ...]:
    return tuple(f"closed: {gate.name}: {gate.note}" for gate in closed)


def _line(row: PlanRow) -> str:
    notes = " · ".join(part for part in (_STATES[row.state], row.note) if part)
    return "  " * row.depth + row.what + (f"  ({notes})" if notes else "")
