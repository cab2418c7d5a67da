"""Plans and simulations: a playbook walked through with what is known of a run."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from orchestration.playbook.expression import UNKNOWN
from orchestration.runs.authority import reached
from orchestration.runs.neighbours import beside
from orchestration.runs.parameters import RUN, given, target_of
from orchestration.runs.wording import took
from orchestration.shelf.calls import calls
from orchestration.shelf.gates import KnownTrees
from orchestration.shelf.limits import Clockwork
from orchestration.shelf.nested import paths
from orchestration.shelf.scenario import scenario
from orchestration.shelf.simulation import End
from orchestration.shelf.simulation import Simulation as Walked
from tgk.errors import TgkError
from tgk.ports.playbooks import Gate, OutcomeRow, Plan, PlanRow, Simulation

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Playbook
    from orchestration.runs.estate import Estate
    from orchestration.runs.ports import Trees
    from orchestration.shelf.gates import Gates
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.ports.runs import RunRequest

_ENDS: dict[End, Literal["succeeds", "fails", "depends"]] = {
    "on": "succeeds", "perhaps": "depends", "stop": "fails",
}  # fmt: skip
_MOST_PATHS = 10_000


class Planner:
    """Walks playbooks of one look at the shelf; ``books`` are all that can be read."""

    def __init__(
        self, admission: Admission, gates: Gates, books: Mapping[str, Playbook], estate: Estate
    ) -> None:
        self._admission = admission
        self._estate = estate
        self._gates = gates
        self._books = books

    async def plan(
        self, book: Playbook, request: RunRequest, caller: Caller, *, first: Gate
    ) -> Plan:
        """Ask every gate that can be asked here, and walk; raises InvalidRequest."""
        trees = KnownTrees(self._books)
        if request.parallel:
            book = beside(book, self._admission.registry)
        raw = dict(request.parameters)
        if request.environment and any(each.name == "environment" for each in book.parameters):
            raw.setdefault("environment", request.environment)
        values = given(book, raw)
        values = self._estate.named(book, values, RUN)
        run = self._run(book, request.environment, values)
        known = {**values, "run": run}
        walked, _ = self._walked(book, known, "")
        named = Gate(name="parameters", passed=True, note=f"{len(values)} given or by default")
        return Plan(
            playbook=book.name,
            digest=book.digest,
            parameters=values,
            gates=(
                first,
                named,
                *await self._gates.of(book, trees, known, caller),
            ),
            rows=tuple(_plain(row) for row in walked.rows),
            calls=tuple(calls(_reached(book, trees), walked, self._admission)),
            questions=tuple(
                f"{row.path}: {row.asks}"
                for row in walked.rows
                if row.asks and row.state in ("runs", "depends")
            ),
            locks=tuple(lock.text(walked.scenario.scope) for lock in book.locks),
            longest=walked.clockwork.run(book).within(request.timeout).whole,
        )

    def simulate(self, book: Playbook, environment: str, outcomes: str) -> Simulation:
        """Walk with an environment and assumed ends; raises InvalidRequest."""
        values, unknown = assumed(book, environment)
        run = self._run(book, environment, values)
        walked, end = self._walked(book, {**values, "run": run}, outcomes)
        longest = walked.clockwork.run(book)
        rows = tuple(walked.rows)
        return Simulation(
            playbook=book.name,
            digest=book.digest,
            parameters={key: value for key, value in values.items() if key not in unknown},
            unknown=unknown,
            assumed=outcomes,
            rows=rows,
            ends=_ENDS[end],
            longest=longest.whole,
            waiting=longest.people,
            unlimited=tuple(row.path for row in rows if row.path and row.longest is None),
            unreached=tuple(
                row.path for row in rows if row.path and row.state in ("skipped", "unreached")
            ),
        )

    @staticmethod
    def _run(book: Playbook, environment: str | None, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return what is known of a run before there is one."""
        where = target_of(environment, values)
        return {"id": UNKNOWN, "user": UNKNOWN, "playbook": book.name, "environment": where}

    def _walked(
        self, book: Playbook, values: Mapping[str, object], outcomes: str
    ) -> tuple[Walked, End]:
        inside = islice(paths(book, self._books), _MOST_PATHS) if outcomes else ()
        found = scenario(book, {"timestamp": UNKNOWN, **values}, outcomes, inside)
        clockwork = Clockwork({**book.variables, **values}, self._books)
        walked = Walked(book, found, clockwork)
        return walked, walked.run()


def _reached(book: Playbook, trees: Trees) -> tuple[Playbook, ...]:
    """Return the playbook as it is walked, and those that it plays."""
    try:
        others = [each for name, each in reached(book, trees).items() if name != book.name]
    except TgkError:
        others = []
    return (book, *others)


def assumed(book: Playbook, environment: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what is known without being given anything, and what is required and not known."""
    named = any(each.name == "environment" for each in book.parameters)
    raw = {"environment": environment} if environment and named else {}
    unknown = tuple(
        each.name
        for each in book.parameters
        if each.required and not each.has_default and each.name not in raw
    )
    optional = replace(
        book, parameters=tuple(each for each in book.parameters if each.name not in unknown)
    )
    return {**given(optional, raw), **dict.fromkeys(unknown, UNKNOWN)}, unknown


def _plain(row: OutcomeRow) -> PlanRow:
    """Return a row of a simulation for a plan."""
    notes = [row.note] if row.note else []
    if row.attempts > 1:
        notes.append(f"up to {row.attempts} attempts")
    if row.longest:
        notes.append(f"at most {took(row.longest)}")
    state = "skipped" if row.state == "unreached" else row.state
    return PlanRow(
        path=row.path, depth=row.depth, what=row.what, state=state, note=" · ".join(notes)
    )
