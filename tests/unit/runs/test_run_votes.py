"""What people say yes to in a run: approvals as steps, and one question for all that is guarded."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from orchestration.runs.wording import votes
from tests.unit.runs.runs_world import BEN, DANA, world
from tgk.caller import Caller
from tgk.context import Invocation
from tgk.errors import ConfigurationInvalid, Denied

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World
    from tgk.ports.runs import RunView

ANA = Caller(person="ana", user_id="7000005", platform="discord", known=True)
CHI = Caller(person="chi", user_id="7000007", platform="telegram", known=True)
PARTS = """
name: story
parameters: [{name: v, default: v1}]
steps:
  - name: fan
    branches:
      - {name: a, steps: [{name: front, command: "/ship front-${v}", undo: "/ship back-${v}"}]}
      - {name: b, steps: [{name: api, command: "/ship api-${v}", timeout: 30}]}
  - {name: free, command: /ship free}
  - {name: last, command: "/ship last-${front.output.name}"}
"""


async def asked(made: World, count: int = 1) -> list[str]:
    """Wait for so many open questions; return their lines of commands."""
    async with asyncio.timeout(20):
        while len(found := await made.approvals.open()) < count:
            await asyncio.sleep(0.005)
    return sorted(value for each in found for _, value in each.facts if value.startswith("/"))


async def test_two_yes_votes_of_different_people_are_needed(tmp_path: Path) -> None:
    """How the vote stands can be read while it goes on; the requester has no voice."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps:
  - {name: ask, type: approval, prompt: Go on, approvers: [ana, ben, dana], count: 2}
  - {name: after, command: "/mark after-${ask.output.needed}"}
""")
        (question,) = await made.pending()
        before = (await made.runs.view(started.id)).steps[0]
        with pytest.raises(Denied):
            await made.approvals.vote(question.id, DANA, approve=True)
        with pytest.raises(Denied):
            await made.approvals.vote(question.id, CHI, approve=True)
        await made.approvals.vote(question.id, ANA, approve=True)
        await made.approvals.vote(question.id, ANA, approve=True)
        half = (await made.runs.view(started.id)).steps[0]
        names = list(made.effects.names)
        await made.approvals.vote(question.id, BEN, approve=True)
        view = await made.end(started.id)

    assert (before.output["votes"], before.output["needed"]) == ([], 2)
    assert [vote["person"] for vote in half.output["votes"]] == ["ana"]
    assert (half.state, names) == ("waiting", [])
    assert (view.state, made.effects.names) == ("succeeded", ["after-2"])
    assert view.consulted


@pytest.mark.parametrize(
    "step", ["{name: ask, type: approval, prompt: Go on, count: 2}", "/ship big-one"]
)
async def test_a_voice_is_seen_at_once_by_whoever_watches_the_run(
    tmp_path: Path, step: str
) -> None:
    """Also where the question is that of a protected command, and before it decides anything."""
    seen: list[str] = []

    async def watch(view: RunView) -> None:
        seen.append(votes(view.steps[0]))

    async with world(tmp_path).open() as made:
        started = await made.start(f"name: story\nsteps: [{step}]\n")
        watching = asyncio.ensure_future(made.runs.ended(started.id, watch))
        (question,) = await made.pending()
        await made.until(lambda: "0 of 2 yes" in seen)
        await made.approvals.vote(question.id, ANA, approve=True)
        await made.until(lambda: "1 of 2 yes" in seen)
        await made.approvals.vote(question.id, BEN, approve=True)
        view = await made.end(started.id)
        await made.until(watching.done)

    (ended,) = view.steps
    assert view.state == "succeeded"
    assert (ended.freed is not None) == (ended.kind == "command")


@pytest.mark.parametrize(
    ("choice", "state", "step", "names"),
    [
        ("fail", "failed", "timed_out", []),
        ("approve", "succeeded", "succeeded", ["after"]),
        ("skip", "succeeded", "skipped", ["after"]),
    ],
)
async def test_the_author_says_what_silence_means(
    tmp_path: Path, choice: str, state: str, step: str, names: list[str]
) -> None:
    """After its time an approval fails, counts as given, or is passed over."""
    async with world(tmp_path).open() as made:
        view = await made.play(f"""
name: story
steps:
  - {{name: ask, approval: {{prompt: Go on, expires: 60, on_timeout: {choice}}}}}
  - /mark after
""")

    assert (view.state, view.steps[0].state, made.effects.names) == (state, step, names)


async def test_a_role_stands_for_those_who_hold_it(tmp_path: Path) -> None:
    """Each of them may vote, by who they are and not by what they call themselves."""
    made = world(tmp_path)
    made.voters = lambda name: {"council": ("ana", "chi")}.get(name, (name,))
    async with made.open():
        started = await made.start("""
name: story
steps: [{name: ask, type: approval, prompt: Go on, approvers: [council, dana]}]
""")
        (question,) = await made.pending()
        await made.approvals.vote(question.id, CHI, approve=True)
        view = await made.end(started.id)

    assert question.members == ("ana", "chi", "dana")
    assert view.state == "succeeded"


async def test_one_question_covers_all_that_is_known_to_be_guarded(tmp_path: Path) -> None:
    """What only the run will tell is asked about later; what needs nobody is not."""
    async with world(tmp_path).open() as made:
        started = await made.start(PARTS)
        first = await asked(made)
        (question,) = await made.approvals.open()
        await made.approvals.vote(question.id, BEN, approve=True)
        await made.seen(lambda: "free" in made.effects.names)
        later = await asked(made)
        (other,) = await made.approvals.open()
        await made.approvals.vote(other.id, ANA, approve=True)
        view = await made.end(started.id)

    assert first == ["/ship --name=api-v1", "/ship --name=back-v1", "/ship --name=front-v1"]
    assert later == ["/ship --name=last-front-v1"]
    assert question.requester == "dana"
    assert view.state == "succeeded"
    assert sorted(made.effects.names) == ["api-v1", "free", "front-v1", "last-front-v1"]
    told = {
        entry.detail for _, entry in made.journal.conclusions if entry.detail.startswith("approval")
    }
    assert told == {f"approval {question.id}", f"approval {other.id}"}


async def test_a_no_stops_every_step_that_it_was_about(tmp_path: Path) -> None:
    """Nothing of it is done, and nobody is asked a second time."""
    async with world(tmp_path).open() as made:
        started = await made.start(PARTS)
        await asked(made)
        (question,) = await made.approvals.open()
        await made.approvals.vote(question.id, BEN, approve=False, reason="not today")
        view = await made.end(started.id)

    assert (view.state, made.effects.names) == ("failed", [])
    assert "Denied by ben" in view.reason


async def test_waiting_for_the_council_uses_up_no_time_of_the_step(tmp_path: Path) -> None:
    """Nine minutes of thinking do not count against thirty seconds of work."""
    async with world(tmp_path).open() as made:
        started = await made.start(
            "name: story\nsteps: [{command: /ship one, timeout: 30}]\n", timeout=60
        )
        await asked(made)
        await made.state(started.id, "waiting")
        (question,) = await made.approvals.open()
        await made.clock.advance(540)
        await made.approvals.vote(question.id, BEN, approve=True)
        view = await made.end(started.id)

    assert (question.title, view.state, made.effects.names) == ("Ship one", "succeeded", ["one"])


async def test_an_approval_step_covers_what_it_showed(tmp_path: Path) -> None:
    """Its card names the lines; they do not ask again, but what needs more voices does."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
steps:
  - {name: ask, type: approval, prompt: All of it}
  - {name: one, command: /ship one}
  - {name: two, command: /ship big-two}
""")
        shown = await asked(made)
        (question,) = await made.approvals.open()
        await made.approvals.vote(question.id, BEN, approve=True)
        await made.seen(lambda: "one" in made.effects.names)
        later = await asked(made)
        (other,) = await made.approvals.open()
        await made.approvals.vote(other.id, ANA, approve=True)
        await made.approvals.vote(other.id, BEN, approve=True)
        view = await made.end(started.id)

    assert (shown, later) == (["/ship --name=one"], ["/ship --name=big-two"])
    assert other.needed == 2
    assert (view.state, made.effects.names) == ("succeeded", ["one", "big-two"])


@pytest.mark.parametrize("how", ["anybody", "requester", "silence"])
async def test_an_approval_that_is_not_the_councils_covers_nothing(
    tmp_path: Path, how: str
) -> None:
    """Neither others' voices, nor one's own, nor silence stand for the council."""
    keys = {
        "anybody": "approvers: [ana, vik]",
        "requester": "exclude_requester: false",
        "silence": "expires: 60, on_timeout: approve",
    }
    async with world(tmp_path).open() as made:
        started = await made.start(f"""
name: story
steps:
  - {{name: ask, approval: {{prompt: All of it, {keys[how]}}}}}
  - {{name: one, command: /ship one}}
""")
        (question,) = await made.pending()
        if how == "silence":
            await made.state(started.id, "waiting")
            await made.clock.advance(61)
        else:
            await made.approvals.vote(question.id, ANA, approve=True)
        async with asyncio.timeout(10):
            while not (left := await made.approvals.open()) or left[0].id == question.id:
                await asyncio.sleep(0.005)
        names = list(made.effects.names)
        await made.runs.complete(started.id, who="dana", reason="seen")
        await made.end(started.id)

    assert (names, left[0].title) == ([], "Ship one")


async def test_people_are_shown_what_will_be_done_and_not_what_is_ruled_out(
    tmp_path: Path,
) -> None:
    """Conditions whose answer is known count; the lines are numbered from one."""
    async with world(tmp_path).open() as made:
        started = await made.start("""
name: story
parameters: [{name: v, default: v1}]
steps:
  - {name: one, condition: v == 'v1', command: /ship one}
  - {name: other, condition: v == 'v2', command: /ship other}
  - {name: after, condition: one.success, command: /ship after}
""")
        (question,) = await made.pending()
        await made.runs.complete(started.id, who="dana", reason="seen")
        await made.end(started.id)

    shown = [(label, line) for label, line in question.facts if line.startswith("/ship")]
    assert shown == [("1", "/ship --name=one"), ("2", "/ship --name=after")]


async def test_a_yes_is_for_this_run_these_words_this_person_and_a_while(tmp_path: Path) -> None:
    """Anything else is not covered: deny by default."""
    async with world(tmp_path).open() as made:
        made.effects.held["hold"] = asyncio.Event()
        started = await made.start("name: story\nsteps: [/ship one, /mark hold]\n")
        await asked(made)
        (question,) = await made.approvals.open()
        await made.approvals.vote(question.id, BEN, approve=True)
        await made.seen(lambda: "hold" in made.effects.running)
        record = await made.runs._ledger.load(started.id)
        digest = record.consents[0].lines[0].digest
        grants, raw = made.runs.grants, {"name": "one"}
        step = Invocation(
            name="ship", raw=raw, caller=DANA, delivery=f"run:{started.id}:#1:1", door="playbook"
        )
        covered = await grants.covering(step, digest)
        others = [
            await grants.covering(step, "0" * 64),
            await grants.covering(replace(step, caller=BEN), digest),
            await grants.covering(replace(step, door="cli"), digest),
            await grants.covering(replace(step, delivery="run:WF-2026-099:#1:1"), digest),
            await grants.covering(replace(step, delivery="cli:1"), digest),
        ]
        made.clock.jump(made.clock.now() + timedelta(hours=1, seconds=1))
        late = await grants.covering(step, digest)
        made.clock.jump(made.clock.now() - timedelta(hours=1, seconds=1))
        made.effects.held.pop("hold").set()
        await made.end(started.id)
        over = await grants.covering(step, digest)

    assert covered == question.id
    assert [*others, late, over] == [""] * 7


async def test_a_question_stands_over_a_restart(tmp_path: Path) -> None:
    """The same one is answered, and nobody is asked twice."""
    first = world(tmp_path)
    async with first.open(grace=0.05):
        started = await first.start(PARTS)
        await asked(first)
        (before,) = await first.approvals.open()

    async with world(tmp_path).open() as second:
        (after,) = await second.approvals.open()
        await second.approvals.vote(after.id, BEN, approve=True)
        await second.seen(lambda: "free" in second.effects.names)
        await asked(second)
        await second.runs.complete(started.id, who="dana", reason="seen")
        await second.end(started.id)

    assert before.id == after.id
    assert sorted(second.effects.names) == ["api-v1", "free", "front-v1"]


@pytest.mark.parametrize(
    ("approval", "told"),
    [
        ("count: 5", "it needs 5 to approve, and only ana, ben, chi could in a run of dana's"),
        ("approvers: [ben, dana], count: 2", "only ben could in a run of dana's; dana asks, and"),
        ("approvers: [nobody]", "'nobody' is neither a person nor a role"),
    ],
)
async def test_what_nobody_could_approve_is_not_begun(
    tmp_path: Path, approval: str, told: str
) -> None:
    """It would wait until its time is over; the line of the step is named."""
    made = world(tmp_path)
    made.voters = lambda name: () if name == "nobody" else (name,)
    text = f"name: story\nsteps:\n  - {{name: ask, type: approval, prompt: Go, {approval}}}\n"
    async with made.open():
        with pytest.raises(ConfigurationInvalid) as refused:
            await made.start(text)

    assert told in str(refused.value.faults)
    assert "story.yaml:3:" in str(refused.value.faults)
    assert "--dependencies" in refused.value.remedy
