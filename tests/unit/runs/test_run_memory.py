"""What a run remembers is in the store before anybody relies on it, and never by halves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.memory import Memory
from orchestration.runs.records import Result
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from orchestration.runs.records import StepRecord


class Written:
    """A ledger that keeps every write, as a kill after it would leave it."""

    def __init__(self) -> None:
        self.steps: list[StepRecord] = []

    async def keep_step(self, run: str, record: StepRecord) -> None:
        """Keep it."""
        self.steps.append(record)

    async def begin_step(self, run: str, record: StepRecord) -> None:
        """Keep it: nobody paused the run."""
        self.steps.append(record)


async def test_a_step_that_is_passed_over_is_never_known_as_begun() -> None:
    """A kill between two writes would let the next life play what the condition forbids."""
    ledger, clock = Written(), FakeClock()
    memory = Memory("WF-2026-001", ledger, clock)  # type: ignore[arg-type]  # the one thing asked

    await memory.decide("never", "1", Result(status="skipped", note="no"), clock=3.0)

    (only,) = ledger.steps
    assert only.result is not None
    assert only.result.status == "skipped"
    assert (only.began, only.ended, only.clock) == (clock.now(), clock.now(), 3.0)
    assert Memory("WF-2026-001", ledger, clock, ledger.steps).get("never", "1") == only  # type: ignore[arg-type]  # as above


async def test_a_step_that_acts_is_known_as_begun_before_it_ends() -> None:
    """So that the next life goes on with it under the same key."""
    ledger = Written()
    memory = Memory("WF-2026-001", ledger, FakeClock())  # type: ignore[arg-type]  # as above

    begun = await memory.begin("go", "1", attempt=1, clock=0.0)
    await memory.end(begun, Result(status="succeeded"))

    assert [step.result is None for step in ledger.steps] == [True, False]
    assert [step.seq for step in ledger.steps] == [1, 1]
