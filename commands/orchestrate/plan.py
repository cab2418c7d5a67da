"""A plan as a card: every gate, every step, and what depends on what is not known yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.spelling import spell
from tgk.reply import Fact, Facts, Log, Plain, Reply, Table

if TYPE_CHECKING:
    from tgk.ports.playbooks import Gate, Plan, PlanRow
    from tgk.reply import Action, Picture

_STATES = {"runs": "", "skipped": "skipped", "depends": "depends"}
_SHOWN = 40


def planned(plan: Plan, *, picture: Picture | None = None, again: Action | None = None) -> Reply:
    """Return what a run would do; it is an answer, so a closed gate is shown, not raised.

    ``again`` is the button that does it, shown where no gate is closed.
    """
    lines = tuple(_line(row) for row in plan.rows)
    closed = [gate for gate in plan.gates if gate.passed is False]
    facts = (
        Fact(label="Parameters", value=", ".join(f"{k}={v}" for k, v in plan.parameters.items())),
        Fact(label="At most", value=spell(plan.longest) if plan.longest else "without a limit"),
        Fact(label="Nothing was done", value="this is a plan"),
    )
    title = f"{plan.playbook} {'would be refused' if closed else 'would run'}"
    return Reply(
        topic="orchestrate",
        title=title,
        tone="bad" if closed else "ok",
        blocks=(
            Facts(facts=tuple(fact for fact in facts if fact.value)),
            *((picture,) if picture else ()),
            Table(columns=("Gate", "", "Note"), rows=tuple(_gate(gate) for gate in plan.gates)),
            Log(lines=lines or ("no steps",), filename=f"{plan.playbook}-plan.txt"),
        ),
        actions=(again,) if again and not closed else (),
        failed=bool(closed),
        mirrored=False,
        plain=Plain(headline=title, lines=(*_refusals(closed), *lines[:_SHOWN])),
        data=plan.model_dump(mode="json"),
    )


def _gate(gate: Gate) -> tuple[str, str, str]:
    verdict = {True: "open", False: "closed", None: "not known"}[gate.passed]
    return gate.name, verdict, gate.note


def _refusals(closed: list[Gate]) -> tuple[str, ...]:
    return tuple(f"closed: {gate.name}: {gate.note}" for gate in closed)


def _line(row: PlanRow) -> str:
    notes = " · ".join(part for part in (_STATES[row.state], row.note) if part)
    return "  " * row.depth + row.what + (f"  ({notes})" if notes else "")
