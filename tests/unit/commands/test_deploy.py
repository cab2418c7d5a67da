"""Deploying: what is refused first, what is shown meanwhile, and how it goes on after a stop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from commands.deploy import GIVE_UP_AFTER_SECONDS
from tgk.context import show_nothing
from tgk.errors import Unavailable
from tgk.ports.cluster import Workload
from tgk.ports.operations import Operation
from tgk.ports.pipelines import Job, RunState
from tgk.recording import correlation
from tgk.reply import Progress
from tgk.testing.operations import RememberedSteps
from tgk.testing.pipelines import FAILED

if TYPE_CHECKING:
    from tests.conftest import World


async def test_a_tag_that_does_not_exist_is_refused_before_anybody_is_asked(world: World) -> None:
    """Neither the confirmation nor the council sees it."""
    outcome = await world.run("/deploy production v1.4.O", "dana")

    assert outcome.result == "invalid"
    assert "v1.4.0" in outcome.reply.data["do"]
    assert [] == world.operations.ran


@pytest.mark.parametrize("line", ["/deploy production v1.4.0", "/deploy production v1.4.0 {}"])
async def test_what_runs_already_is_not_asked_about(world: World, line: str) -> None:
    """Neither the asker nor the council is; who means it all the same can say so."""
    names = [*world.discovery.services]
    for name in names:
        world.cluster.put("production", name, Workload("Running", "v1.4.0", 2, 2))
    line = line.format(names[0])

    outcome = await world.run(line, "dana")
    forced = await world.run(f"{line} --force", "dana")
    world.cluster.put("production", names[0], Workload("Degraded", "v1.4.0", 1, 2))
    unwell = await world.run(line, "dana")

    assert outcome.result == "success"
    assert outcome.reply.title.endswith("production already runs v1.4.0; nothing to do.")
    assert "--force" in outcome.reply.data["do"]
    assert world.operations.ran == []
    assert (forced.result, unwell.result) == ("pending", "pending")


async def test_a_part_that_runs_something_else_is_deployed(world: World) -> None:
    """An environment is as asked only when all of it is."""
    for number, name in enumerate(world.discovery.services):
        version = "v1.3.0" if number else "v1.4.0"
        world.cluster.put("staging", name, Workload("Running", version, 2, 2))

    await world.run("/deploy staging v1.4.0", "dana")

    assert len(world.pipelines.dispatched) == 1


async def test_one_service_can_be_deployed_alone(world: World) -> None:
    """The workflow is told which."""
    await world.run("/deploy staging v1.4.0 event-gateway", "dana")

    inputs = world.pipelines.dispatched[0].inputs
    assert inputs["service"] == "event-gateway"


async def test_an_environment_without_a_workflow_says_what_is_missing(world: World) -> None:
    """The key of discovery.yml is named."""
    staging = world.discovery.environments["staging"].model_copy(update={"deploy": None})
    world.discovery.environments["staging"] = staging

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "failure"
    assert "environments.staging.deploy" in outcome.reply.data["why"]


async def test_a_second_deployment_of_an_environment_waits_its_turn(world: World) -> None:
    """The refusal says what runs and for whom."""
    await world.locks.acquire("deploying:staging", "another", "deploys v1.3.0 for ben")

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "denied"
    assert "deploys v1.3.0 for ben" in outcome.reply.data["why"]


async def test_the_turn_is_given_back_at_the_end(world: World) -> None:
    """The next deployment can go."""
    await world.run("/deploy staging v1.4.0", "dana")

    assert () == await world.locks.held()


async def test_an_outage_of_the_build_system_only_delays_the_news(world: World) -> None:
    """The card says so, and the run is followed to its end."""
    real, looks = world.pipelines.state, []

    async def flaky(run: object) -> RunState:
        looks.append(run)
        if len(looks) == 2:
            raise Unavailable("GitHub", "502")
        return await real(run)  # type: ignore[arg-type]

    world.pipelines.state = flaky  # type: ignore[method-assign,assignment]
    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "success"
    assert any("still trying" in reply.model_dump_json() for reply in world.shown)


async def test_a_run_that_never_ends_is_given_up_with_its_address(world: World) -> None:
    """After an hour somebody has to look themselves."""
    world.pipelines.states = (RunState(status="running"),)

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "unavailable"
    assert "https://" in outcome.reply.data["do"]
    assert world.clock.monotonic() >= GIVE_UP_AFTER_SECONDS


async def test_progress_names_every_job(world: World) -> None:
    """What runs, what is done, with seconds."""
    jobs = (Job(name="build", state="done", seconds=3), Job(name="rollout", state="running"))
    world.pipelines.states = (
        RunState(status="running", jobs=jobs),
        RunState(status="done", conclusion="success", jobs=jobs),
    )

    await world.run("/deploy staging v1.4.0", "dana")

    bar = next(b for reply in world.shown for b in reply.blocks if isinstance(b, Progress))
    assert (1, 2) == (bar.done, bar.total)
    assert ["build", "rollout"] == [stage.name for stage in bar.stages]
    assert bar.stages[0].note == "3 s"


def looks(count: int) -> tuple[RunState, ...]:
    """Return states of a run that is looked at so many times before it ends."""
    running = RunState(status="running", jobs=(Job(name="deploy", state="running"),))
    done = RunState(status="done", conclusion="success", jobs=(Job(name="deploy", state="done"),))
    return (*[running] * count, done)


def notes_shown(world: World) -> list[str]:
    """Return what was said of the time, in order, each once."""
    bars = [block for reply in world.shown for block in reply.blocks if isinstance(block, Progress)]
    world.shown.clear()
    return list(dict.fromkeys(bar.note for bar in bars if bar.note))


async def test_a_deployment_says_how_long_it_will_take_from_those_before(world: World) -> None:
    """Nothing the first time; then by the middle of the last ones, of the same place alone."""
    for count in (20, 60, 61):  # three seconds a look
        world.pipelines.states = looks(count)
        await world.run("/deploy staging v1.4.0", "dana")
        if count == 20:
            assert [] == notes_shown(world)
    world.shown.clear()

    world.pipelines.states = looks(80)
    await world.run("/deploy staging v1.3.0", "dana")
    said = notes_shown(world)
    await world.run("/deploy staging v1.4.0 event-gateway", "dana")

    assert said == [
        "about 3 min left, as the last 3 took", "about 2 min left, as the last 3 took",
        "under a minute left, as the last 3 took", "longer than the last 3 took",
    ]  # fmt: skip
    assert [] == notes_shown(world)


async def test_what_failed_teaches_nothing_about_time(world: World) -> None:
    """A failure is quick or endless; only what went well is compared with."""
    world.pipelines.states = FAILED
    await world.run("/deploy staging v1.4.0", "dana")
    world.shown.clear()

    world.pipelines.states = looks(3)
    await world.run("/deploy staging v1.4.0", "dana")

    assert [] == notes_shown(world)


async def test_only_the_last_ten_times_count(world: World) -> None:
    """Whoever made a workflow quicker is believed after a while, whatever a note was before."""
    await world.notes.put("took:deploy:staging:*", "of another version")
    for count in (100, *[10] * 10):
        world.pipelines.states = looks(count)
        await world.run("/deploy staging v1.4.0", "dana")
    world.shown.clear()

    await world.run("/deploy staging v1.4.0", "dana")

    assert notes_shown(world)[0] == "under a minute left, as the last 10 took"


async def test_the_way_back_carries_the_version_before(world: World) -> None:
    """One press reverts, and asks all over again who may."""
    world.cluster.put("staging", "event-gateway", Workload("Running", "v1.3.0", 2, 2))

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    back = outcome.reply.actions[-1]
    assert back.label == "Revert to v1.3.0"
    assert back.arguments == {"env": "staging", "tag": "v1.3.0", "expect": "v1.4.0"}


async def test_a_deployment_cut_off_goes_on_without_a_second_dispatch(world: World) -> None:
    """What was remembered before the stop is not done again after it."""
    memory: dict[str, str] = {}
    caller = world.caller("dana")
    operation = Operation(
        corr=correlation("cut"),
        command="deploy",
        raw={"env": "staging", "tag": "v1.4.0"},
        caller=caller,
        delivery="cut",
    )
    world.pipelines.states = (RunState(status="running"),)
    first = asyncio.ensure_future(
        world.dispatcher.perform(operation, RememberedSteps(memory), show_nothing)
    )
    while not world.pipelines.dispatched or not world.clock.slept:
        await asyncio.sleep(0)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    held = await world.locks.held()
    world.pipelines.states = (RunState(status="done", conclusion="success"),)

    outcome = await world.dispatcher.perform(operation, RememberedSteps(memory), show_nothing)

    assert ["deploying:staging"] == [lock.key for lock in held]
    assert outcome.result == "success"
    assert 1 == len(world.pipelines.dispatched)


async def test_a_long_deployment_ends_with_a_message_that_notifies(world: World) -> None:
    """Edits are silent, so the end is a new one that names who asked."""
    from tgk.ports.board import Place

    world.pipelines.states = (
        *(RunState(status="running") for _ in range(8)),
        RunState(status="done", conclusion="success"),
    )
    origin = Place(platform="discord", room="#cluster-status")

    await world.run("/deploy staging v1.4.0", "dana", origin=origin)

    end = world.board.last(f"op:{correlation('test:1')}:end")
    assert end.mentions == ("dana",)
    assert () == end.blocks


async def test_an_old_way_back_does_nothing_once_something_else_runs(world: World) -> None:
    """A stale button is refused with what runs by now."""
    world.cluster.put("staging", "event-gateway", Workload("Running", "v1.3.0", 2, 2))

    outcome = await world.run("/deploy staging v1.2.3 --expect v1.4.0", "dana")

    assert outcome.result == "denied"
    assert "It runs v1.3.0 by now" in outcome.reply.data["why"]
    assert [] == world.pipelines.dispatched


async def test_a_failed_deployment_says_what_runs_now(world: World) -> None:
    """The only question at three in the morning."""
    world.cluster.put("staging", "event-gateway", Workload("Degraded", "v1.4.0", 1, 2))
    world.pipelines.states = FAILED

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.reply.data["now"] == "v1.4.0"
    assert "Runs now" in outcome.reply.model_dump_json()
