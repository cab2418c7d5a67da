"""What every implementation of Approvals promises."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.approvals import StoredApprovals
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.caller import Caller
from tgk.errors import Conflict, Denied, Missing
from tgk.ports.board import Place
from tgk.ports.council import Approval, Approvals
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock
from tgk.testing.council import FakeApprovals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

COUNCIL = Place(platform="telegram", room="council")


@pytest.fixture
def clock() -> FakeClock:
    """Return the time that approvals expire by."""
    return FakeClock()


@pytest.fixture(params=["fake", *KINDS])
async def approvals(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Approvals]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeApprovals(clock)
        return
    async with Store(place(request.param, request, tmp_path)) as store:
        yield StoredApprovals(store, FakeBoard(), clock, [COUNCIL])


def question(clock: FakeClock, needed: int = 1, requester: str = "dana") -> Approval:
    """Return a question to ana, ben and chi that waits for half an hour."""
    return Approval(
        id="abcdefghij",
        corr="abcdefghijklmnop",
        title="Deploy v1.4.0 to production",
        requester=requester,
        members=("ana", "ben", "chi"),
        needed=needed,
        digest="d1",
        asked_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=30),
    )


def caller(person: str) -> Caller:
    """Return a person on Telegram."""
    return Caller(person=person, user_id="1", platform="telegram", known=True)


async def test_enough_voices_approve(approvals: Approvals, clock: FakeClock) -> None:
    """With two needed, the first yes leaves it open and the second decides."""
    asked = await approvals.ask(question(clock, needed=2))

    first = await approvals.vote(asked.id, caller("ana"), approve=True)
    second = await approvals.vote(asked.id, caller("chi"), approve=True, reason="looks fine")

    assert (first.state, second.state) == ("open", "approved")
    assert [(vote.person, vote.reason) for vote in second.votes] == [
        ("ana", ""),
        ("chi", "looks fine"),
    ]


async def test_one_no_denies(approvals: Approvals, clock: FakeClock) -> None:
    """A single member can stop it, with a reason that is kept."""
    asked = await approvals.ask(question(clock, needed=2))
    await approvals.vote(asked.id, caller("ana"), approve=True)

    denied = await approvals.vote(asked.id, caller("ben"), approve=False, reason="freeze")

    assert denied.state == "denied"
    assert denied.votes[-1].reason == "freeze"


async def test_a_repeated_voice_counts_once(approvals: Approvals, clock: FakeClock) -> None:
    """A double click, from one platform or two, is one vote."""
    asked = await approvals.ask(question(clock, needed=2))
    first = await approvals.vote(asked.id, caller("ana"), approve=True)
    await clock.advance(5)

    again = await approvals.vote(asked.id, caller("ana"), approve=True)

    assert again == first


async def test_a_yes_can_be_taken_back_by_a_no(approvals: Approvals, clock: FakeClock) -> None:
    """While it is open, changing one's mind to the safe side denies."""
    asked = await approvals.ask(question(clock, needed=2))
    await approvals.vote(asked.id, caller("ana"), approve=True)

    denied = await approvals.vote(asked.id, caller("ana"), approve=False)

    assert (denied.state, [vote.approve for vote in denied.votes]) == ("denied", [False])


async def test_whoever_says_otherwise_after_all_hears_what_they_said(
    approvals: Approvals, clock: FakeClock
) -> None:
    """A yes after one's own no is a conflict that names the no, and changes nothing."""
    asked = await approvals.ask(question(clock, needed=2))
    denied = await approvals.vote(asked.id, caller("ana"), approve=False)
    said = denied.votes[0].at

    with pytest.raises(Conflict, match="already decided: denied") as late:
        await approvals.vote(asked.id, caller("ana"), approve=True)

    assert late.value.why == f"You said no at {said:%H:%M} UTC, and that stands."
    assert await approvals.decided(asked.id) == denied


async def test_whoever_asked_is_not_counted(approvals: Approvals, clock: FakeClock) -> None:
    """A requester who sits on the council is refused, a fellow member is not."""
    asked = await approvals.ask(question(clock, requester="ben"))

    with pytest.raises(Denied, match="Whoever asked"):
        await approvals.vote(asked.id, caller("ben"), approve=True)

    assert (await approvals.vote(asked.id, caller("ana"), approve=True)).state == "approved"


async def test_outsiders_are_refused(approvals: Approvals, clock: FakeClock) -> None:
    """Only members vote; the refusal names who may."""
    asked = await approvals.ask(question(clock))

    with pytest.raises(Denied) as refusal:
        await approvals.vote(asked.id, caller("alex"), approve=True)

    assert refusal.value.decision.people == ("ana", "ben", "chi")
    assert [each.votes for each in await approvals.open()] == [()]


async def test_a_decided_question_takes_no_more_voices(
    approvals: Approvals, clock: FakeClock
) -> None:
    """Who comes late is told; who already spoke sees what stands."""
    asked = await approvals.ask(question(clock))
    decided = await approvals.vote(asked.id, caller("ana"), approve=True)

    with pytest.raises(Conflict, match="approved"):
        await approvals.vote(asked.id, caller("ben"), approve=False)

    assert await approvals.vote(asked.id, caller("ana"), approve=True) == decided


async def test_two_voters_at_once_decide_once(approvals: Approvals, clock: FakeClock) -> None:
    """Of a yes and a no in the same moment one decides, the other meets a decided question."""
    asked = await approvals.ask(question(clock))

    answers = await asyncio.gather(
        approvals.vote(asked.id, caller("ana"), approve=True),
        approvals.vote(asked.id, caller("ben"), approve=False),
        return_exceptions=True,
    )

    assert sorted(type(answer).__name__ for answer in answers) == ["Approval", "Conflict"]
    assert len((await approvals.decided(asked.id)).votes) == 1


async def test_the_asker_waits_for_the_decision(approvals: Approvals, clock: FakeClock) -> None:
    """Everyone who waits gets the decision, and so does who asks later."""
    asked = await approvals.ask(question(clock))
    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(approvals.decided(asked.id)) for _ in range(3)]
        decided = await approvals.vote(asked.id, caller("ana"), approve=True)

    assert [decided] * 4 == [
        *(task.result() for task in waiting),
        await approvals.decided("abcdefghij"),
    ]


async def test_a_question_expires_by_the_clock(approvals: Approvals, clock: FakeClock) -> None:
    """After its time it is over for those who wait, for the list and for late voices."""
    asked = await approvals.ask(question(clock))
    clock.jump(asked.expires_at)

    assert (await approvals.decided(asked.id)).state == "expired"
    assert await approvals.open() == ()
    with pytest.raises(Conflict, match="expired"):
        await approvals.vote(asked.id, caller("ana"), approve=True)


async def test_asking_again_returns_what_stands(approvals: Approvals, clock: FakeClock) -> None:
    """An operation that is resumed meets the question with its votes."""
    asked = await approvals.ask(question(clock, needed=2))
    voted = await approvals.vote(asked.id, caller("ana"), approve=True)

    assert voted == await approvals.ask(question(clock, needed=2))


async def test_an_unknown_question_is_missing(approvals: Approvals) -> None:
    """Neither voting on it nor waiting for it hangs."""
    with pytest.raises(Missing):
        await approvals.vote("nothing", caller("ana"), approve=True)
    with pytest.raises(Missing):
        await approvals.decided("nothing")


async def test_open_questions_are_listed_oldest_first(
    approvals: Approvals, clock: FakeClock
) -> None:
    """The list is in the order of asking, without the decided ones."""
    for name in ("b", "a", "c"):
        await approvals.ask(
            question(clock).model_copy(update={"id": name, "asked_at": clock.now()})
        )
        await clock.advance(1)
    await approvals.vote("a", caller("ana"), approve=True)

    assert [each.id for each in await approvals.open()] == ["b", "c"]


async def test_a_withdrawn_question_is_closed_without_a_decision(
    approvals: Approvals, clock: FakeClock
) -> None:
    """Whoever waits goes on, nothing is listed any more, and a late voice is told why."""
    asked = await approvals.ask(question(clock))

    await approvals.withdraw("of somebody else", "nobody waits.")
    before = await approvals.open()
    await approvals.withdraw(asked.corr, "WF-1 was declared over.")

    assert [each.id for each in before] == [asked.id]
    assert await approvals.open() == ()
    verdict = await approvals.decided(asked.id)
    assert (verdict.state, verdict.why) == ("withdrawn", "WF-1 was declared over.")
    with pytest.raises(Conflict, match="no longer needed") as told:
        await approvals.vote(asked.id, caller("ana"), approve=True)
    assert told.value.why == "WF-1 was declared over."


async def test_what_is_decided_is_not_withdrawn(approvals: Approvals, clock: FakeClock) -> None:
    """A yes stands, whatever becomes of the asker."""
    asked = await approvals.ask(question(clock))
    await approvals.vote(asked.id, caller("ana"), approve=True)

    await approvals.withdraw(asked.corr, "WF-1 was declared over.")

    assert (await approvals.decided(asked.id)).state == "approved"
