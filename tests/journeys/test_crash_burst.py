"""A burst of three hundred commands, and the bot killed in the middle of it."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # the scene is no package of its own

from crash_world import Scene, scene

if TYPE_CHECKING:
    from sandbox.parts import Unit

BURST = 300
CHANGES = 16
"""Twelve scalings, one deployment, two locks and the one unlocked."""
SCALED = {"event-gateway": 3, "discord-ops-bot": 1, "valoryield-engine": 3, "refinory-api": 3}
READERS = ("alex", "devi", "vik", "ana", "ben", "chi", "oli")

pytestmark = [pytest.mark.journey, pytest.mark.timeout(180)]


def changes(world_environments: list[str]) -> list[str]:
    """Return changes that touch different things, so that each one's effect can be counted."""
    scaling = [
        f"/scale {service} {replicas} {environment}"
        for environment in world_environments
        for service, replicas in SCALED.items()
    ]
    return [
        *scaling,
        "/lock production Freeze over the holidays",
        "/unlock staging",
        "/deploy development v1.3.0 refinory-api",
    ]


def burst(environments: list[str]) -> list[tuple[str, str]]:
    """Return who writes what: mostly reads, some refusals, a change every now and then."""
    wanted = changes(environments)
    lines = []
    for number in range(BURST):
        who = READERS[number % len(READERS)]
        line = "/whoami"
        if number % 10 == 3:
            line = "/status refinory-api staging"
        elif number % 20 == 7:
            who, line = "vik", "/deploy staging v1.4.0"
        elif number % 25 == 11:
            line = "/stauts"
        lines.append((who, line))
    for place, line in enumerate(wanted):
        lines[5 + place * (BURST - 10) // len(wanted)] = ("dana", line)
    return lines


def scalings(unit: Unit) -> int:
    """Return how often a service was told a number of replicas."""
    return sum("scaling from" in line.text for line in unit.lines)


async def until_quiet(played: Scene) -> None:
    """Wait until every change has ended and its message shows that."""

    def ended() -> bool:
        records = played.records()
        begun = {each.corr for each in records if each.phase == "intent"}
        over = {each.corr for each in records if each.phase == "outcome"}
        mirrored = all(len(each) >= CHANGES for each in played.mirrored())
        return len(begun) == CHANGES and begun <= over and mirrored and not played.running()

    await played.until(ended, within=90, every=0.1)


@pytest.mark.parametrize("kill_after", [[30], [100], [200], [40, 120, 230]])
async def test_a_kill_in_a_burst_loses_nothing_and_repeats_nothing(
    tmp_path: Path, kill_after: list[int]
) -> None:
    """Every command is answered exactly once and every change is made exactly once."""
    async with scene(tmp_path) as played:
        await played.started()
        await played.say("dana", "/lock staging Rehearsal")
        await played.until(lambda: len(played.answers()) == 1)

        for who, line in burst(list(played.stage.world.discovery.environments)):
            await played.say(who, line)
        for answered in kill_after:
            await played.until(lambda answered=answered: len(played.answers()) > answered)  # type: ignore[misc]
            await played.kill()
            assert len(played.answers()) <= BURST
            await played.start()
        await played.until(lambda: len(played.answers()) == BURST + 1)
        await until_quiet(played)
        await played.stop()

        assert {} == played.doubled()
        assert set(played.typed) == set(played.answers())
        assert_done_once(played)
        assert played.proved()


def assert_done_once(played: Scene) -> None:
    """Look at the world and at the audit log, which must agree."""
    world = played.stage.world
    assert [1] * 12 == [scalings(unit) for unit in world.units.values()]
    assert SCALED == {u.name: u.wanted for u in world.units.values() if u.environment == "staging"}
    assert [("v1.3.0", "refinory-api")] == [
        (run.inputs["tag"], run.inputs["service"]) for run in world.runs
    ]
    assert [CHANGES, CHANGES] == [len(each) for each in played.mirrored()]
    for command, times in (("/scale", 12), ("/unlock", 1), ("/lock", 2)):
        ends = Counter(
            (each.corr, each.result) for each in played.records()
            if each.command == command and each.phase == "outcome"
        )  # fmt: skip
        assert {1} == set(ends.values()), ends
        assert [("success", times)] == list(Counter(result for _, result in ends).items())
