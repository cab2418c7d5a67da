"""One run for one key, whoever or whatever asks, and the run of a delivery."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import BEN, world
from tgk.errors import InvalidRequest
from tgk.ports.runs import RunRequest
from tgk.recording import correlation
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

KEYED = """
name: release
idempotency_key: ${version}-${where}
variables: {where: eu}
parameters:
  - {name: version, required: true}
  - {name: note, default: none}
steps: [{command: /mark --name one}]
"""


async def test_the_same_key_is_the_same_run_whoever_asks(tmp_path: Path) -> None:
    """Other deliveries, another person, another cause: one run, and its commands once."""
    async with world(tmp_path).open() as here:
        first = await here.play(KEYED, parameters={"version": "v1"})
        again = await here.start(KEYED, parameters={"version": "v1", "note": "other"})
        request = RunRequest(playbook="release", parameters={"version": "v1"})
        theirs = await here.runs.start(request, BEN, delivery="x", cause="webhook:release")
        other = await here.play(KEYED, parameters={"version": "v2"})

    assert first.id == again.id == theirs.id
    assert (theirs.starter.person, theirs.cause) == ("dana", "asked")
    assert other.id != first.id
    assert here.effects.names == ["one", "one"]


async def test_many_starts_of_one_key_at_once_are_one_run(tmp_path: Path) -> None:
    """Whoever comes first; the others get the same id."""
    async with world(tmp_path).open() as here:
        views = await asyncio.gather(
            *(here.start(KEYED, parameters={"version": "v1"}) for _ in range(8))
        )
        await here.end(views[0].id)

    assert len({view.id for view in views}) == 1
    assert here.effects.names == ["one"]


async def test_a_key_holds_over_a_restart(tmp_path: Path) -> None:
    """It is kept with the run."""
    async with world(tmp_path).open() as here:
        first = await here.play(KEYED, parameters={"version": "v1"})
    async with world(tmp_path).open() as after:
        again = await after.start(KEYED, delivery="later", parameters={"version": "v1"})

    assert again.id == first.id


async def test_two_playbooks_never_share_a_key(tmp_path: Path) -> None:
    """The same text under another name is another key; no key at all is none."""
    other = KEYED.replace("name: release", "name: other")
    empty = KEYED.replace("${version}-${where}", "${note}")
    async with world(tmp_path).open() as here:
        first = await here.play(KEYED, parameters={"version": "v1"})
        second = await here.play(other, parameters={"version": "v1"})
        blank = [
            (await here.play(empty, parameters={"version": "v1", "note": ""})).id for _ in "ab"
        ]

    assert len({first.id, second.id, *blank}) == 4


async def test_a_next_generation_is_no_second_start(tmp_path: Path) -> None:
    """Resuming a failed run goes on with it; its key means the newest of them."""
    async with world(tmp_path).open() as here:
        here.effects.failing["one"] = 1
        failed = await here.play(KEYED, parameters={"version": "v1"})
        resumed = await here.runs.resume(failed.id, who=BEN)
        await here.end(resumed.id)
        again = await here.start(KEYED, parameters={"version": "v1"})

    assert (failed.state, resumed.id, again.id) == ("failed", f"{failed.id}.2", resumed.id)


async def test_a_key_that_cannot_be_computed_is_a_fault_of_the_request(tmp_path: Path) -> None:
    """Nothing is started under half a key."""
    text = KEYED.replace("{name: version, required: true}", "{name: version}")
    async with world(tmp_path).open() as here:
        with pytest.raises(InvalidRequest, match="idempotency-key: null is no text"):
            await here.start(text)


async def test_the_run_of_a_delivery_is_found_again(tmp_path: Path) -> None:
    """Over a restart as well; a delivery that started nothing has none."""
    async with world(tmp_path).open() as here:
        view = await here.start(KEYED, delivery="webhook:release:1", parameters={"version": "v1"})
        await here.end(view.id)
    async with world(tmp_path).open() as after:
        found = await after.runs.started("webhook:release:1")
        nothing = await after.runs.started("webhook:release:2")

    assert found is not None
    assert (found.id, found.state, nothing) == (view.id, "succeeded", None)


TOLD = """
name: tell
parameters: [{name: what, default: x}]
steps:
  - {name: keyed, command: /mark --name one, idempotency_key: "note-${what}", retry: 1}
  - {name: plain, command: /mark --name two}
"""


async def test_a_step_s_key_is_handed_on_in_every_run_and_attempt(tmp_path: Path) -> None:
    """Other systems know by it what they did; another value is another key."""

    async def key(run: str, step: str, attempt: int = 1) -> str:
        found = await here.engine._stored(correlation(f"run:{run}:{step}:{attempt}"))
        assert found is not None
        return found.key

    async with world(tmp_path).open() as here:
        here.effects.failing["one"] = 1
        first = (await here.play(TOLD)).id
        again = (await here.play(TOLD)).id
        other = (await here.play(TOLD, parameters={"what": "y"})).id
        renamed = (await here.play(TOLD.replace("name: tell", "name: told"))).id
        keys = [await key(run, "keyed") for run in (first, again, other, renamed)]
        second = await key(first, "keyed", 2)

    assert keys[0] == keys[1] == second
    assert 3 == len(set(keys))


OWN = """
name: own
steps:
  - {name: none, command: /mark --name one}
  - {name: whole, command: /mark --name two, idempotency_key: "pay-${run.id}"}
  - {name: release, command: /mark --name three, idempotency_key: "v1-${run.environment}"}
"""


async def test_other_systems_tell_a_run_from_its_namesake_of_a_lost_store(tmp_path: Path) -> None:
    """Ids begin anew there; what was done under them before is not taken for done."""

    async def told(folder: str, clock: FakeClock) -> tuple[str, str, list[str]]:
        (tmp_path / folder).mkdir()
        async with world(tmp_path / folder, clock=clock).open() as here:
            view = await here.play(OWN)
            ids = [correlation(f"run:{view.id}:{one}:1") for one in ("none", "whole", "release")]
            keys = [getattr(await here.engine._stored(one), "key", "") for one in ids]
        return view.id, view.mark, keys

    late = FakeClock()
    await late.advance(1)
    one, other = await told("lost", FakeClock()), await told("begun-anew", late)

    assert one[0] == other[0] == "WF-2026-001"
    assert one[1] != other[1]
    assert all(one[2])
    assert [mine == theirs for mine, theirs in zip(one[2], other[2], strict=True)] == [
        False, False, True,
    ]  # fmt: skip


async def test_a_key_of_a_step_that_cannot_be_computed_fails_the_step(tmp_path: Path) -> None:
    """Nothing is done under half a key."""
    async with world(tmp_path).open() as here:
        view = await here.play(TOLD.replace("default: x", "required: false"))

    assert view.state == "failed"
    assert here.effects.names == []
