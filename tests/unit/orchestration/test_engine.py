"""Changes outlive their askers and the process; refusals are remembered as such."""

from __future__ import annotations

import asyncio
import logging
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import BaseModel

from orchestration import faults
from orchestration.dbos_import import dbos
from orchestration.engine import Engine
from orchestration.remembered import Parked
from orchestration.store_postgres import Fenced, Unsure
from tgk.caller import Caller
from tgk.errors import (
    ArgumentFault,
    ConfigurationInvalid,
    Declined,
    InvalidRequest,
    Locked,
    Missing,
    TgkError,
    Unavailable,
)
from tgk.outcome import Outcome
from tgk.ports.operations import Operation
from tgk.refusal import refused
from tgk.reply import Action, Reply
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.context import Show
    from tgk.ports.operations import Steps


class Nothing(BaseModel):
    """A step without a result."""


def operation(corr: str) -> Operation:
    """Return an operation to tell apart."""
    caller = Caller(person="dana", user_id="7000002", platform="telegram")
    return Operation(corr=corr, command="scale", raw={}, caller=caller, delivery=corr)


def outcome(title: str) -> Outcome:
    """Return an end to tell apart."""
    return Outcome(result="success", reply=Reply(topic="scale", title=title))


async def ignore(reply: Reply) -> None:
    """Watch nothing."""


class Gate:
    """A performer that waits until it is let through."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.through = asyncio.Event()
        self.lives = 0

    async def perform(self, operation: Operation, steps: Steps, show: Show) -> Outcome:
        """Wait, then end."""
        self.lives += 1
        self.entered.set()
        await self.through.wait()
        return outcome(operation.corr)


async def test_an_operation_in_flight_at_the_stop_goes_on_after_the_start(tmp_path: Path) -> None:
    """Stopping ends nothing: the asker is cancelled, the next process takes the operation up."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    await engine.stop(grace=0.05)
    with pytest.raises(asyncio.CancelledError):
        await asker

    gate.through.set()
    again = Engine(tmp_path, FakeClock())
    await again.start(gate.perform)
    left = await again.pending()
    end = await again.run(operation("one"), ignore)
    await again.stop()

    assert (left, end, gate.lives) == (frozenset({"one"}), outcome("one"), 2)


async def test_joining_what_a_former_life_began_is_nothing_to_warn_of(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """An operation that is known is waited for, not begun again; the library has nothing to say."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    await engine.stop(grace=0.05)
    await asyncio.wait({asker})

    gate.through.set()
    again = Engine(tmp_path, FakeClock())
    await again.start(gate.perform)
    known = await again.known(operation("one"))
    end = await again.run(operation("one"), ignore)
    await again.stop()

    assert (known, end) == (True, outcome("one"))
    assert [] == [record.getMessage() for record in caplog.records if record.name == "dbos"]


async def test_what_the_library_says_goes_where_everything_is_logged(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """It writes nothing to standard error by itself, where nobody masks it."""
    engine = Engine(tmp_path, FakeClock())
    await engine.start(Gate().perform)
    logging.getLogger("dbos").warning("heard")
    await engine.stop()

    assert "heard" in caplog.messages
    assert "heard" not in capsys.readouterr().err


async def test_an_operation_that_nobody_asks_for_is_taken_up_at_the_start(tmp_path: Path) -> None:
    """Recovery needs no repeated delivery."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    await engine.stop(grace=0.05)
    asker.cancel()

    gate.entered.clear()
    gate.through.set()
    again = Engine(tmp_path, FakeClock())
    await again.start(gate.perform)
    async with asyncio.timeout(10):
        await gate.entered.wait()
    await again.stop(grace=5)
    last = Engine(tmp_path, FakeClock())
    await last.start(gate.perform)
    left = await last.pending()
    await last.stop()

    assert (left, gate.lives) == (frozenset(), 2)


async def test_an_operation_withdrawn_while_it_only_begins_is_never_done(tmp_path: Path) -> None:
    """Neither by this process nor by the next."""
    gate = Gate()
    gate.through.set()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await asyncio.sleep(0)
    asker.cancel()
    await engine.withdraw("one", "nobody wants it")
    left = await engine.pending()
    with pytest.raises(Declined):
        await engine.run(operation("one"), ignore)
    await engine.stop()

    assert (left, gate.lives) == (frozenset(), 0)


@pytest.mark.parametrize("cut", [asyncio.CancelledError, Parked])
async def test_whoever_waits_hears_of_a_withdrawal_wherever_it_cut_the_change_off(
    tmp_path: Path, cut: type[BaseException]
) -> None:
    """Also while the library notes its end, and however late it says so; nothing is left behind."""
    gate, late = Gate(), asyncio.Event()
    engine = Engine(tmp_path, FakeClock())
    begin = engine._handle

    async def held(asked: Operation) -> Any:
        handle = await begin(asked)

        async def result(**_: Any) -> str:
            await late.wait()
            raise cut

        return SimpleNamespace(get_result=result, workflow_id=handle.workflow_id)

    engine._handle = held  # type: ignore[method-assign] # the library's own moment
    await engine.start(gate.perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    await engine.withdraw("one", "nobody wants it")
    late.set()
    with pytest.raises(Declined):
        await asker
    left = dict(engine._awaited)
    await engine.stop()

    assert left == {}


def test_what_a_stop_or_a_recovery_brings_with_it_is_no_fault_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """People wanted it; a fault of the library still is one."""
    library = dbos(sqlite=True)
    log = logging.getLogger("dbos")
    stopped = library.error.DBOSAwaitedWorkflowCancelledError("one")

    log.error("Exception encountered in asynchronous workflow:", exc_info=stopped)
    log.warning("Workflow already exists in queue: a, but the provided queue name is: None.")
    log.error("A disk is full:", exc_info=OSError("disk full"))

    levels = [(each.levelname, bool(each.exc_info)) for each in caplog.records]
    assert levels == [("DEBUG", False), ("DEBUG", False), ("ERROR", True)]


async def test_a_short_operation_ends_within_the_grace(tmp_path: Path) -> None:
    """Stopping waits a moment for what is nearly done, and takes nothing new."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    async with asyncio.TaskGroup() as group:
        asker = group.create_task(engine.run(operation("one"), ignore))
        await gate.entered.wait()
        stopping = group.create_task(engine.stop(grace=5))
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="stopping"):
            await engine.run(operation("two"), ignore)
        gate.through.set()
        await stopping

    assert asker.result() == outcome("one")


async def test_an_operation_outlives_its_asker(tmp_path: Path) -> None:
    """A surface that stops waiting does not stop the change; its repetition gets the end."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock())
    await engine.start(gate.perform)
    hasty = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    hasty.cancel()
    gate.through.set()
    end = await engine.run(operation("one"), ignore)
    await engine.stop()

    assert (end, gate.lives) == (outcome("one"), 1)


async def test_too_many_operations_at_once_are_refused(tmp_path: Path) -> None:
    """The bound holds for new ones; one more for a running operation only joins it."""
    gate = Gate()
    engine = Engine(tmp_path, FakeClock(), most_at_once=1)
    await engine.start(gate.perform)
    async with asyncio.TaskGroup() as group:
        group.create_task(engine.run(operation("one"), ignore))
        await gate.entered.wait()
        with pytest.raises(Unavailable, match="1 changes run"):
            await engine.run(operation("two"), ignore)
        joined = group.create_task(engine.run(operation("one"), ignore))
        gate.through.set()
    await engine.stop()

    assert joined.result() == outcome("one")


async def test_a_refused_step_is_remembered_as_refused(tmp_path: Path) -> None:
    """The handler meets the same refusal after a restart, and the act is not tried again."""
    tried: list[str] = []
    met: list[str] = []
    gate = Gate()

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        async def act() -> Nothing:
            tried.append("tag")
            raise Missing("tag", "v9", ("v1", "v2"))

        try:
            await steps.once("tag", act, Nothing)
        except Missing as error:
            met.append(f"{error} {error.near}")
        return await gate.perform(operation, steps, show)

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    asker = asyncio.ensure_future(engine.run(operation("one"), ignore))
    await gate.entered.wait()
    await engine.stop(grace=0.05)
    asker.cancel()
    gate.through.set()
    again = Engine(tmp_path, FakeClock())
    await again.start(perform)
    await again.run(operation("one"), ignore)
    await again.stop()

    assert tried == ["tag"]
    assert met == ["There is no tag \"v9\". Did you mean v1? ('v1', 'v2')"] * 2


async def test_a_step_whose_last_write_is_in_doubt_is_done_again(tmp_path: Path) -> None:
    """As after a kill: no fault is remembered of what nobody knows the end of."""
    tries = 0

    async def act() -> Nothing:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise Unsure
        return Nothing()

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        await steps.once("write", act, Nothing)
        return outcome("written")

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    end = await engine.run(operation("one"), ignore)
    await engine.stop()

    assert (outcome("written"), 2) == (end, tries)


async def test_a_step_of_a_process_that_was_taken_over_is_left_to_others(tmp_path: Path) -> None:
    """Nothing is remembered of it but that it began; whoever has it next does it."""
    fenced = True

    async def act() -> Nothing:
        if fenced:
            raise Fenced
        return Nothing()

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        await steps.once("write", act, Nothing)
        return outcome("written")

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    with pytest.raises(asyncio.CancelledError):
        await engine.run(operation("one"), ignore)
    left = await engine.pending()
    await engine.stop()

    fenced = False
    other = Engine(tmp_path, FakeClock())
    await other.start(perform)
    await other.known(operation("one"))
    end = await other.run(operation("one"), ignore)
    await other.stop()
    assert (frozenset({"one"}), outcome("written")) == (left, end)


async def test_a_watcher_that_fails_does_not_stop_the_change(tmp_path: Path) -> None:
    """Progress that cannot be shown is missed by that watcher alone."""
    seen: list[str] = []

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        await show(Reply(topic="scale", title="scaling"))
        return outcome("scaled")

    async def broken(reply: Reply) -> None:
        raise ZeroDivisionError

    async def watch(reply: Reply) -> None:
        seen.append(reply.title)

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    both = await asyncio.gather(
        engine.run(operation("one"), broken), engine.run(operation("one"), watch)
    )
    await engine.stop()

    assert both == [outcome("scaled")] * 2
    assert seen == ["scaling"]


async def test_a_fault_of_ours_reaches_the_asker(tmp_path: Path) -> None:
    """A crash of the performer is raised to who waits, not swallowed."""

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        raise ZeroDivisionError("ours")

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    with pytest.raises(ZeroDivisionError):
        await engine.run(operation("one"), ignore)
    left = await engine.pending()
    await engine.stop()

    assert left == frozenset()


async def test_old_operations_are_forgotten_and_recent_ones_kept(tmp_path: Path) -> None:
    """Purging removes what ended long ago."""
    gate = Gate()
    gate.through.set()
    clock = FakeClock(datetime.now(UTC))
    engine = Engine(tmp_path, clock)
    await engine.start(gate.perform)
    await engine.run(operation("one"), ignore)
    recent = await engine.purge()
    clock.jump(clock.now() + timedelta(days=31))
    old = await engine.purge()
    await engine.stop()

    assert (recent, old) == (0, 1)


async def test_an_asker_before_the_start_is_served_after_it(tmp_path: Path) -> None:
    """A command that comes while the engine is starting waits a moment instead of failing."""
    gate = Gate()
    gate.through.set()
    engine = Engine(tmp_path, FakeClock())
    async with asyncio.TaskGroup() as group:
        asker = group.create_task(engine.run(operation("one"), ignore))
        await asyncio.sleep(0)
        await engine.start(gate.perform)
    await engine.stop()

    assert asker.result() == outcome("one")


async def test_stopping_before_the_start_refuses_what_comes(tmp_path: Path) -> None:
    """A process that ends while starting leaves nobody waiting."""
    engine = Engine(tmp_path, FakeClock())
    await engine.stop()

    with pytest.raises(Unavailable, match="stopping"):
        await engine.run(operation("one"), ignore)


async def test_two_hundred_operations_at_once_end_each_once(tmp_path: Path) -> None:
    """A burst is worked off side by side, every one to its own end."""
    performed: list[str] = []

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        async def act() -> Nothing:
            performed.append(operation.corr)
            return Nothing()

        await steps.once("act", act, Nothing)
        return outcome(operation.corr)

    engine = Engine(tmp_path, FakeClock())
    await engine.start(perform)
    names = [f"c{number}" for number in range(200)]
    ends = await asyncio.gather(*(engine.run(operation(name), ignore) for name in names))
    await engine.stop()

    assert [end.reply.title for end in ends] == names
    assert sorted(performed) == sorted(names)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (Unavailable("github", "down", retry_after=3.0), Unavailable),
        (Missing("tag", "v9", ("v1",)), Missing),
        (Locked("deploy", "dana", "freeze", datetime(2026, 1, 1, tzinfo=UTC)), TgkError),
        (ConfigurationInvalid("mine is not published.", ["mine.yml:3: x"]), ConfigurationInvalid),
    ],
)
def test_a_remembered_error_reads_the_same(error: TgkError, kind: type[TgkError]) -> None:
    """What, why and what to do survive, with every plain attribute."""
    text = faults.fault(error).model_dump_json()
    again = faults.error(faults.Fault.model_validate_json(text))

    assert isinstance(again, kind)
    assert str(again) == str(error)
    assert {name: value for name, value in vars(error).items() if name != "since"} == vars(again)


def test_a_remembered_fault_of_arguments_is_still_one() -> None:
    """It ends as invalid as it would have without a step in between, not as a refusal."""
    error = InvalidRequest("ship", [ArgumentFault("tag", "needed")], ways_out=[Action(label="x")])

    again = faults.error(faults.Fault.model_validate_json(faults.fault(error).model_dump_json()))

    assert (type(again), str(again)) == (InvalidRequest, str(error))
    assert refused(again, command="ship", reference="abc").result == "invalid"
