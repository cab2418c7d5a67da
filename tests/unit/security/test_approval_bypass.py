"""Ways to get a protected change without a second person, or another one than they approved."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tgk.dispatcher import Dispatcher
from tgk.errors import Conflict, Denied

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World
    from tgk.caller import Caller
    from tgk.outcome import Outcome
    from tgk.ports.council import Approval

LINE = "/deploy production v1.4.0"
GUEST = "999000000000000009"
RELEASE_MGR, VIEWER = "200000000000000002", "200000000000000004"


async def asked(world: World) -> Approval:
    """Return the question to the council, once it was asked."""
    return await nth_asked(world, 1)


async def nth_asked(world: World, count: int) -> Approval:
    """Return the newest question, once there are so many."""
    async with asyncio.timeout(5):
        while len(world.approvals.asked) < count:
            await asyncio.sleep(0)
    return world.approvals.asked[-1]


async def vote(world: World, person: str) -> None:
    """Say yes as somebody of the cast."""
    question = await asked(world)
    await world.approvals.vote(question.id, world.caller(person), approve=True)


def begun(world: World, line: str = LINE, person: str = "dana") -> asyncio.Task[Outcome]:
    """Start a confirmed change beside the test."""
    return asyncio.create_task(world.run(line, person, confirmed=True))  # noqa: TID251 - awaited by every test


async def test_a_lock_taken_while_the_council_thinks_is_kept(world: World) -> None:
    """Approved or not, nobody deploys into an environment that was locked meanwhile."""
    running = begun(world)
    await asked(world)

    locked = await world.run("/lock production incident", "alex")
    await vote(world, "ana")
    outcome = await running

    assert locked.result == "success"
    assert outcome.result == "denied"
    assert [] == world.pipelines.dispatched


async def test_a_role_taken_away_while_the_council_thinks_is_gone(
    world: World, law: Callable[..., None]
) -> None:
    """What was allowed when it was asked is asked again before it is done."""
    running = begun(world)
    await asked(world)

    law(denies=[{"who": "person:dana", "permission": "/deploy"}])
    await vote(world, "ana")
    outcome = await running

    assert outcome.result == "denied"
    assert [] == world.pipelines.dispatched


async def test_any_change_of_the_policy_voids_what_waits(
    world: World, law: Callable[..., None]
) -> None:
    """The council approved under other rules."""
    running = begun(world)
    await asked(world)

    law(everyone=["/help", "/whoami", "/status"])
    await vote(world, "ana")
    outcome = await running

    assert outcome.result == "denied"
    assert "policy" in outcome.reply.data["why"]
    assert [] == world.pipelines.dispatched


async def test_each_argument_is_part_of_what_is_approved(world: World) -> None:
    """Tag, environment and service: another one of any is another question."""
    lines = (LINE, "/deploy production v1.3.0", f"{LINE} event-gateway", f"{LINE} refinory-api")

    digests: set[str] = set()
    for line in lines:
        running = begun(world, line)
        count = len(digests) + 1
        while len(world.approvals.asked) < count:
            await asyncio.sleep(0)
        digests.add(world.approvals.asked[-1].digest)
        await world.approvals.vote(world.approvals.asked[-1].id, world.caller("ana"), approve=False)
        assert (await running).result == "denied"

    assert len(lines) == len(digests)


def elsewhere(world: World, person: str, platform: str, account: str) -> Caller:
    """Return somebody of the cast on another platform."""
    found = world.policy.directory.resolve(
        platform,  # type: ignore[arg-type] # a test's own word
        account,
        name=person,
        channel="#deployments",
    )
    assert found.person == person
    return found


async def test_whoever_asked_cannot_approve_from_another_platform(
    world: World, law: Callable[..., None]
) -> None:
    """One person with three accounts is one person."""
    law(grants=[{"who": "person:ana", "permission": "/deploy"}])
    running = begun(world, person="ana")
    question = await asked(world)

    for caller in (
        world.caller("ana"),
        elsewhere(world, "ana", "discord", "300000000000000005"),
        elsewhere(world, "ana", "cli", "ana"),
    ):
        with pytest.raises(Denied, match="approve"):
            await world.approvals.vote(question.id, caller, approve=True)

    await vote(world, "ben")
    assert (await running).result == "success"


def guest(world: World) -> Caller:
    """Return an account that only Discord vouches for: it has the role of a release manager."""
    world.groups.table[GUEST] = {RELEASE_MGR}
    return world.policy.directory.resolve(
        "discord",
        GUEST,
        name="ana",
        channel="#deployments",
        groups=frozenset({RELEASE_MGR}),
    )


def begun_by(world: World, caller: Caller) -> asyncio.Task[Outcome]:
    """Start the deployment as somebody on Discord, beside the test."""
    raw = {"env": "production", "tag": "v1.4.0"}
    asking = world.asked("deploy", raw, caller, door="discord", confirmed=True)
    return asyncio.create_task(world.dispatcher.run(asking))  # noqa: TID251 - awaited by every test


async def test_an_account_nobody_knows_cannot_approve_its_own_change(world: World) -> None:
    """It may belong to the one who approves, so that one voice more than usual is needed."""
    stranger = guest(world)
    running = begun_by(world, stranger)
    question = await asked(world)

    await vote(world, "ana")
    alone = world.approvals.asked[-1]
    await vote(world, "ben")
    outcome = await running

    assert not stranger.known
    assert 1 == world.discovery.environments["production"].approvals
    assert (2, "open") == (question.needed, alone.state)
    assert outcome.result == "success"


@pytest.mark.parametrize("left", [set(), {VIEWER}], ids=["none", "lesser"])
async def test_a_role_that_discord_took_while_the_council_thinks_is_gone(
    world: World, left: set[str]
) -> None:
    """The yes of the council gives nobody the rights that they lost meanwhile."""
    running = begun_by(world, guest(world))
    await asked(world)

    world.groups.table[GUEST] = left
    await vote(world, "ana")
    await vote(world, "ben")
    outcome = await running

    assert outcome.result == "denied"
    assert outcome.reply.data["error"] == "Denied"
    assert [] == world.pipelines.dispatched


async def test_rights_that_cannot_be_looked_up_again_are_none(world: World) -> None:
    """While Discord is silent, what was approved is refused with the reason."""
    running = begun_by(world, guest(world))
    await asked(world)

    world.groups.broken = "no connection"
    await vote(world, "ana")
    await vote(world, "ben")
    outcome = await running

    assert outcome.result == "denied"
    assert "could not be checked again" in outcome.reply.data["why"]
    assert "no connection" in outcome.reply.data["why"]
    assert [] == world.pipelines.dispatched


async def test_rights_that_no_platform_gave_are_asked_of_none(world: World) -> None:
    """A member of the policy file deploys while Discord is silent."""
    world.groups.broken = "no connection"
    running = begun_by(world, elsewhere(world, "dana", "discord", "300000000000000002"))
    await vote(world, "ana")

    assert (await running).result == "success"
    assert [] == world.groups.asked


async def test_without_a_directory_nothing_that_waited_goes_on(world: World) -> None:
    """A core that nobody told how to look people up refuses, and does not trust what it kept."""
    door = Dispatcher(
        admission=world.dispatcher.admission,
        journal=world.journal,
        operations=world.operations,
        backends=world.dispatcher.backends,
        clock=world.clock,
    )
    world.operations.bind(door.perform)
    running = begun(world)
    await vote(world, "ana")
    outcome = await running

    assert "could not be checked again" in outcome.reply.data["why"]
    assert [] == world.pipelines.dispatched


async def test_one_person_twice_is_one_voice(world: World) -> None:
    """Two accounts do not make two approvals."""
    protected = world.discovery.environments["production"]
    world.discovery.environments["production"] = protected.model_copy(update={"approvals": 2})
    running = begun(world)
    question = await asked(world)

    await vote(world, "ana")
    again = await world.approvals.vote(
        question.id, elsewhere(world, "ana", "discord", "300000000000000005"), approve=True
    )
    assert "open" == again.state
    await vote(world, "chi")

    assert (await running).result == "success"


@pytest.mark.parametrize("person", ["alex", "devi", "vik", "oli", "dana"])
async def test_who_is_not_of_the_council_cannot_approve(world: World, person: str) -> None:
    """Not an administrator either, although every command is theirs."""
    running = begun(world)
    question = await asked(world)

    outcome = await world.run(f"/approve {question.id}", person)

    assert outcome.result == "denied"
    assert "open" == world.approvals.asked[-1].state
    await world.run(f"/deny {question.id} no", "ana")
    assert (await running).result == "denied"


async def test_a_voice_after_the_end_changes_nothing(world: World) -> None:
    """Neither after a no, nor after its time."""
    running = begun(world)
    question = await asked(world)
    await world.run(f"/deny {question.id} no", "ana")
    with pytest.raises(Conflict):
        await world.approvals.vote(question.id, world.caller("ben"), approve=True)

    assert (await running).result == "denied"
    assert [] == world.pipelines.dispatched
    assert question.expires_at - question.asked_at == timedelta(minutes=30)


async def test_without_a_confirmation_nothing_is_asked_and_nothing_done(world: World) -> None:
    """Extra arguments cannot confirm in the asker's place."""
    plain = await world.run(LINE, "dana")
    raw = {"env": "production", "tag": "v1.4.0", "confirmed": True}
    forged = await world.dispatcher.run(world.asked("deploy", raw, world.caller("dana")))

    assert ["pending", "invalid"] == [plain.result, forged.result]
    assert () == world.approvals.asked
