"""What a run waits for, in words: a lock and who has it, people, a time, its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.runs.deadlocks import inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from orchestration.runs.ledger import Ledger
    from orchestration.runs.records import RunRecord, StepRecord
    from tgk.ports.council import Locks

_WAITING = ("queued", "waiting", "running", "undoing")


async def waits_for(
    run: RunRecord, steps: Iterable[StepRecord], ledger: Ledger, locks: Locks
) -> str:
    """Return it in a line; empty where it waits for nothing, or is paused or over."""
    if run.state not in _WAITING:
        return ""
    told = list(_steps(steps))
    if run.state in ("queued", "waiting"):
        told += await _locks(run, ledger, locks)
    if not told and run.state == "queued":
        return "its turn: as many runs work as may at once"
    return "; ".join(dict.fromkeys(told))


def _steps(steps: Iterable[StepRecord]) -> Iterator[str]:
    """Yield what says that it waits: ``until …``, ``approval …``, ``another try at …``."""
    for step in {step.path: step for step in steps}.values():
        if step.waits.startswith(("approval ", "until ", "another try ")):
            yield f"{step.waits} ({step.path})"


async def _locks(run: RunRecord, ledger: Ledger, locks: Locks) -> list[str]:
    rows = await ledger.rows()
    wanted = [(key, who) for key, who in rows if inside(who, run.id)]
    if not wanted:
        return []
    held = {lock.key: lock for lock in await locks.held()}
    told = []
    for key, who in wanted:
        lock = held.get(key)
        if lock is not None and inside(who, lock.holder):
            continue  # it has it, and keeps its place in the row meanwhile
        if lock is not None:
            told.append(f"lock {key}: {lock.holder.partition(':')[0]} has it ({lock.reason})")
            continue
        first = next(each for what, each in rows if what == key)
        if first != who:
            told.append(f"lock {key}: {first.partition(':')[0]} is before it")
    return told
