"""What people type, on every door, never reaches further than an argument."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.journeys.hostile_words import EVERYONE, HIDDEN, SECRETIVE, VALUES
from tests.journeys.hostile_world import STRANGER, hostile_world
from tgk.typed import _quoted

if TYPE_CHECKING:
    from tests.journeys.hostile_world import Hostile

pytestmark = pytest.mark.journey

FIELDS: dict[str, tuple[str, ...]] = {
    "status": ("service", "env"),
    "logs": ("service", "contains", "since", "before", "level", "tail"),
    "deploy": ("env", "tag", "service"),
    "scale": ("service", "replicas"),
    "lock": ("env", "reason"),
    "unlock": ("env",),
    "help": ("command",),
    "approve": ("approval",),
    "deny": ("approval", "reason"),
}
GOOD: dict[str, Any] = {"service": "event-gateway", "env": "staging", "tag": "v1.4.0",
                        "replicas": 2, "approval": "aaaaaaaaaa", "reason": "reason"}  # fmt: skip
NEEDED = {
    "status": ("service",), "logs": ("service",), "deploy": ("env", "tag"),
    "scale": ("service", "replicas"), "lock": ("env", "reason"), "unlock": ("env",),
    "help": (), "approve": ("approval",), "deny": ("approval",),
}  # fmt: skip


def raw(name: str, field: str, value: object) -> dict[str, Any]:
    """Return arguments that are fine but for one."""
    return {**{key: GOOD[key] for key in NEEDED[name]}, field: value}


def replicas(world: Hostile) -> dict[Any, tuple[int, str]]:
    """Return what runs, to see that nothing was changed."""
    return {key: (unit.wanted, unit.version) for key, unit in world.stage.world.units.items()}


async def test_every_hostile_value_in_every_option_of_a_slash_command_is_only_a_value() -> None:
    """Alex may everything, so nothing but the value itself stands between it and an effect."""
    async with hostile_world() as world:
        before = replicas(world)

        for name, fields in FIELDS.items():
            for field in fields:
                for value in VALUES[hash_of(name, field) % 2 :: 2]:
                    if name == "lock" and field == "reason":
                        continue  # a reason is free text, and a lock is no harm: its own test
                    await world.slash("alex", name, raw(name, field, value))
        await world.settled()

        world.assert_sound()
        assert replicas(world) == before
        assert world.stage.world.runs == []


def hash_of(*words: str) -> int:
    """Return a number that is the same in every run."""
    return sum(map(ord, "".join(words)))


async def test_a_hostile_reason_is_shown_to_everybody_and_harms_nobody() -> None:
    """Locks carry free text into both platforms, mirrors included."""
    async with hostile_world() as world:
        for value in (EVERYONE, *VALUES[2:12], "```" * 20):
            await world.slash("dana", "lock", {"env": "staging", "reason": value[:200]})
            await world.slash("dana", "unlock", {"env": "staging"})
        await world.settled()

        world.assert_sound()
        told = [r for r in world.ends() if r["command"] == "/lock" and r["result"] == "success"]
        assert len(told) >= 10


async def test_hostile_lines_typed_to_either_bot_are_answered_and_recorded() -> None:
    """Mentions in Discord and private chats in Telegram, each by somebody who may much."""
    people = ("alex", "dana", "devi", "ana", "ben", STRANGER)
    async with hostile_world() as world:
        for number, value in enumerate(VALUES):
            who = people[number % len(people)]
            quoted = _quoted(value[:1500])
            await world.type(who, f"/status {quoted}")
            await world.mention(who, f"logs event-gateway --contains={quoted}")
            await world.mention(who, value[:1500].replace("@tgk", ""))
        await world.settled()

        world.assert_sound()


async def test_a_stranger_with_a_hostile_name_is_refused_everything_but_answered() -> None:
    """The name is shown escaped; no role comes with it, whatever it says."""
    async with hostile_world() as world:
        for name, fields in FIELDS.items():
            await world.slash(STRANGER, name, raw(name, fields[0], GOOD.get(fields[0], "status")))
            await world.type(STRANGER, f"/{name} " + " ".join(
                str(GOOD[key]) for key in NEEDED[name]
            ))  # fmt: skip
        await world.slash(STRANGER, "whoami", {})
        await world.settled()

        world.assert_sound()
        allowed = [r for r in world.ends() if r["rbac"]["allow"] and r["command"] != "/whoami"]
        assert allowed == []
        assert world.stage.world.runs == []


async def test_secrets_that_people_type_are_masked_wherever_they_could_be_kept() -> None:
    """Neither platform, log, audit nor store holds one, whichever option it was typed into."""
    async with hostile_world(level="DEBUG") as world:
        for value in SECRETIVE:
            await world.slash("alex", "status", {"service": value})
            await world.slash("alex", "logs", {"service": "event-gateway", "contains": value[:200]})
            await world.slash("alex", "ask", {"query": value})
            await world.slash("alex", "help", {"command": value[:64]})
            await world.slash("alex", "lock", {"env": "staging", "reason": value[:200]})
            await world.slash("alex", "unlock", {"env": "staging"})
            await world.type("alex", f"/logs event-gateway --contains={_quoted(value)}")
            await world.mention("alex", f"ask {value}")
        await world.settled()

        world.assert_sound(secrets=HIDDEN.values())


async def test_completion_never_offers_or_runs_what_was_half_typed() -> None:
    """Hostile beginnings of a value get choices within the platform's limits, or none."""
    async with hostile_world() as world:
        for value in VALUES:
            for name, option in (("status", "service"), ("deploy", "tag"), ("help", "command")):
                given = {"env": value} if name == "deploy" else {}
                await world.stage.discord.autocomplete("alex", name, option, value, given)

        world.assert_sound()
        assert [r for r in world.records() if r["command"] != "-" and r["phase"] == "intent"] == []


WORDS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=300)
ARGUMENTS = st.tuples(
    st.sampled_from(["alex", "devi", "vik", STRANGER]),
    st.sampled_from([(n, f) for n, fields in FIELDS.items() for f in fields if n != "lock"]),
    st.one_of(WORDS, st.sampled_from(VALUES), st.integers(), st.booleans()),
)


@settings(max_examples=3, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(ARGUMENTS, min_size=25, max_size=40))
async def test_whatever_is_sent_the_bodies_stay_sound(sent: list[Any]) -> None:
    """Drawn arguments of any type, from people of every right."""
    async with hostile_world() as world:
        before = replicas(world)
        for user, (name, field), value in sent:
            if name == "scale" and field == "replicas" and user == "alex":
                continue  # a number there is a wish, and granted
            await world.slash(user, name, raw(name, field, value))
        await world.settled()

        world.assert_sound()
        assert replicas(world) == before
