"""What one run has done, at hand while it is played and in the store before anybody relies on it.

A step is remembered by its path and its attempt, never by when it came: branches that run at once
find their own results again after a kill, in whatever order they get on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.records import Result, StepRecord

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestration.runs.ledger import Ledger
    from orchestration.runs.records import RunRecord
    from tgk.ports.time import Clock


class Resting(Exception):
    """Nothing more may begin: the run was paused, or another generation goes on from it."""

    def __init__(self, run: RunRecord) -> None:
        super().__init__(run.id)
        self.run = run


class Memory:
    """The steps of one run."""

    def __init__(
        self, run: str, ledger: Ledger, clock: Clock, steps: Iterable[StepRecord] = ()
    ) -> None:
        self.run = run
        self._ledger = ledger
        self._clock = clock
        self._steps: dict[tuple[str, str], StepRecord] = {}
        self._latest: dict[str, StepRecord] = {}
        self._seq = 0
        self._order = 0
        for step in steps:
            self._take(step)

    def __iter__(self) -> Iterator[StepRecord]:
        return iter(self._steps.values())

    @property
    def order(self) -> int:
        """How many steps have ended."""
        return self._order

    def get(self, path: str, label: str) -> StepRecord | None:
        """Return one attempt, if it has begun in any life."""
        return self._steps.get((path, label))

    def latest(self, path: str) -> StepRecord | None:
        """Return the newest attempt."""
        return self._latest.get(path)

    def kept(self, path: str) -> StepRecord | None:
        """Return what an earlier generation found, where that stands."""
        record = self._latest.get(path)
        return record if record is not None and record.kept else None

    def going(self, inside: str = "") -> tuple[StepRecord, ...]:
        """Return what is under way, or only what is inside of a step."""
        within = (f"{inside}/", f"{inside}[")
        going = (step for step in self if step.result is None)
        return tuple(step for step in going if not inside or step.path.startswith(within))

    async def begin(self, path: str, label: str, *, attempt: int, clock: float) -> StepRecord:
        """Note that an attempt begins, durable on return; raises Resting."""
        record = self._begun(path, label, attempt, clock)
        if resting := await self._ledger.begin_step(self.run, record):
            raise Resting(resting)
        self._take(record)
        return record

    async def end(self, record: StepRecord, result: Result, waits: str = "") -> StepRecord:
        """Note how an attempt ended, and what the next one waits for; durable on return."""
        return await self._keep(self._ended(self._steps[record.path, record.label], result, waits))

    async def decide(self, path: str, label: str, result: Result, *, clock: float) -> StepRecord:
        """Note the end of a step that nothing was done for; durable on return.

        In one write: a step that is known as begun is played after a kill, whatever was decided.
        """
        return await self._keep(self._ended(self._begun(path, label, 1, clock), result))

    async def note(self, record: StepRecord, **facts: object) -> StepRecord:
        """Change a fact of an attempt that is under way, or undone."""
        record = self._steps[record.path, record.label]
        return await self._keep(record.model_copy(update=facts))

    def _begun(self, path: str, label: str, attempt: int, clock: float) -> StepRecord:
        self._seq += 1
        began = self._clock.now()
        return StepRecord(
            path=path, label=label, attempt=attempt, seq=self._seq, began=began, clock=clock
        )

    def _ended(self, record: StepRecord, result: Result, waits: str = "") -> StepRecord:
        self._order += 1
        now = self._clock.now()
        facts = {"ended": now, "order": self._order, "result": result, "waits": waits}
        return record.model_copy(update=facts)

    async def _keep(self, record: StepRecord) -> StepRecord:
        self._take(record)
        await self._ledger.keep_step(self.run, record)
        return record

    def _take(self, record: StepRecord) -> None:
        self._steps[record.path, record.label] = record
        latest = self._latest.get(record.path)
        if latest is None or record.seq >= latest.seq:
            self._latest[record.path] = record
        self._seq = max(self._seq, record.seq)
        self._order = max(self._order, record.order)
