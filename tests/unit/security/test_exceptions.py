"""Somebody without the right asks the council: a yes lets exactly that be done, once, in time."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.unit.security.test_approval_bypass import asked, nth_asked, vote
from tgk.admission import EXCUSED
from tgk.approval import EXCEPTION_SECONDS
from tgk.errors import Denied
from tgk.ports.cluster import Workload

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tgk.outcome import Outcome
    from tgk.reply import Action

LINE = "/scale event-gateway 4 --env production"
OFFER = "Ask for approval"


@pytest.fixture
def running(world: World) -> World:
    """A world in which there is something to scale."""
    world.cluster.put(
        "production", "event-gateway", Workload("Running", "v1.2.3", 2, 2, world.clock.now())
    )
    return world


def offer(outcome: Outcome) -> Action | None:
    """Return the button that asks the council, if there is one."""
    return next((each for each in outcome.reply.actions if each.label == OFFER), None)


async def refused(world: World, line: str = LINE, person: str = "devi") -> Action:
    """Be denied, and return the offer."""
    found = offer(await world.run(line, person))
    assert found is not None
    return found


def pressed(world: World, action: Action, person: str = "devi") -> asyncio.Task[Outcome]:
    """Press a button as surfaces do, beside the test."""
    invocation = replace(
        world.asked(
            action.command, action.arguments, world.caller(person),
            confirmed=action.confirms, delivery=f"press:{action.command}:{person}",
        ),
        pleads=action.pleads,
    )  # fmt: skip
    return asyncio.create_task(world.dispatcher.run(invocation))  # noqa: TID251 - awaited by every test


async def test_a_yes_lets_exactly_that_be_done_once(running: World) -> None:
    """The council sees the whole line; afterwards the right is missing as before."""
    going = pressed(running, await refused(running))
    question = await asked(running)
    await vote(running, "ana")
    outcome = await going

    again = await running.run(LINE, "devi")

    assert "Exception for devi: /scale" == question.title
    assert ("Command", "/scale --service=event-gateway --replicas=4 --env=production") in (
        question.facts
    )
    assert "success" == outcome.result
    assert [("production", "event-gateway", 4)] == running.cluster.scaled
    assert "denied" == again.result
    assert ["denied", "success", "denied"] == running.journal.results("/scale")
    rules = [told.rule for attempt, told in running.journal.conclusions]
    assert ["no rule", EXCUSED, "no rule"] == rules


async def test_a_second_press_is_the_first_one(running: World) -> None:
    """Two presses of one button are one question, and one change."""
    action = await refused(running)
    first = pressed(running, action)
    await vote(running, "ana")
    ends = [await first, await pressed(running, action)]

    assert ["success", "success"] == [each.result for each in ends]
    assert 1 == len(running.approvals.asked) == len(running.cluster.scaled)


async def test_a_no_and_silence_change_nothing(running: World) -> None:
    """Denied is denied; after an hour without an answer it is denied as well."""
    action = await refused(running)
    going = pressed(running, action)
    question = await asked(running)
    within = (question.expires_at - question.asked_at).total_seconds()
    await running.approvals.vote(question.id, running.caller("ana"), approve=False)

    assert "denied" == (await going).result
    assert EXCEPTION_SECONDS == within
    assert [] == running.cluster.scaled


async def test_whoever_asks_has_no_voice(running: World) -> None:
    """A member of the council who asks for himself needs another one."""
    going = pressed(running, await refused(running, person="ben"), "ben")
    with pytest.raises(Denied):
        await vote(running, "ben")
    await vote(running, "chi")

    assert "success" == (await going).result


async def test_what_the_command_asks_the_council_anyway_is_one_question(world: World) -> None:
    """A deployment to production by a developer: the exception and the release together."""
    going = pressed(world, await refused(world, "/deploy production v1.4.0"))
    question = await asked(world)
    await vote(world, "ana")

    assert "success" == (await going).result
    assert 1 == len(world.approvals.asked)
    assert {"Command", "Missing", "Workflow"} <= {label for label, _ in question.facts}
    assert ["v1.4.0"] == [each.inputs["tag"] for each in world.pipelines.dispatched]


async def test_a_policy_that_changes_meanwhile_voids_the_yes(
    running: World, law: Callable[..., None]
) -> None:
    """The council said yes under other rules."""
    going = pressed(running, await refused(running))
    await asked(running)

    law(everyone=["/help", "/whoami", "/status"])
    await vote(running, "ana")

    assert "denied" == (await going).result
    assert [] == running.cluster.scaled


async def test_no_exception_is_made_from_a_rule_against_somebody(
    running: World, law: Callable[..., None]
) -> None:
    """A deny wins over everything: nothing is offered, and a forged press is refused."""
    action = await refused(running)
    law(denies=[{"who": "person:devi", "permission": "/scale"}])

    outcome = await running.run(LINE, "devi")
    forged = await pressed(running, action)

    assert offer(outcome) is None
    assert "denied" == forged.result
    assert () == running.approvals.asked


async def test_strangers_and_other_commands_are_offered_nothing(running: World) -> None:
    """Whom the policy does not know may not ask, nor may anybody about every command."""
    action = await refused(running)
    stranger = await running.run(LINE, "oli")
    lock = await running.run("/lock production incident", "vik")

    forged = await pressed(running, action, "oli")

    assert ["denied", "denied"] == [stranger.result, lock.result]
    assert (None, None) == (offer(stranger), offer(lock))
    assert "denied" == forged.result
    assert () == running.approvals.asked


async def test_an_exception_is_for_its_arguments_alone(running: World) -> None:
    """Another number is another question: what was approved for one does nothing for it."""
    action = await refused(running)
    first = pressed(running, action)
    await vote(running, "ana")
    await first

    more = action.model_copy(update={"arguments": {**action.arguments, "replicas": 5}})
    going = pressed(running, more.model_copy(update={"confirms": True}), "ben")
    question = await nth_asked(running, 2)
    await running.approvals.vote(question.id, running.caller("ana"), approve=False)

    assert "denied" == (await going).result
    assert [4] == [replicas for *_, replicas in running.cluster.scaled]
