"""What discovery.yml switches on: a whole family, or one verb of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.runtime.assemble import registry_of
from bot.runtime.discovery import parse_discovery
from tests.conftest import ROOT
from tgk.discovery import CommandEntry
from tgk.errors import ConfigurationInvalid, RateLimited
from tgk.limits import RateLimiter
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from tests.conftest import World
    from tgk.discovery import Discovery


def with_commands(discovery: Discovery, **entries: CommandEntry) -> Discovery:
    """Return the estate with other commands; ``__`` stands for the space of a name."""
    named = {name.replace("__", " "): entry for name, entry in entries.items()}
    return discovery.model_copy(update={"commands": named})


def test_a_family_switches_all_its_verbs_on(discovery: Discovery) -> None:
    """Nothing else is offered."""
    names = [entry.name for entry in registry_of(with_commands(discovery, infra=CommandEntry()))]

    assert {"infra deploy", "infra scale"} <= set(names)
    assert {name.split()[0] for name in names} == {"infra"}


def test_one_verb_can_be_switched_on_alone(discovery: Discovery) -> None:
    """The others of its family are not offered."""
    estate = with_commands(discovery, infra__scale=CommandEntry(), status=CommandEntry())

    assert [entry.name for entry in registry_of(estate)] == ["infra scale", "status"]


def test_the_entry_of_a_verb_goes_before_that_of_its_family(discovery: Discovery) -> None:
    """What is not said of a verb is said of the family."""
    estate = with_commands(discovery, infra__scale=CommandEntry(), infra=CommandEntry())

    assert estate.switched_on("infra scale") == "infra scale"
    assert estate.switched_on("infra deploy") == "infra"
    assert estate.switched_on("status") is None


async def test_a_bound_on_a_family_counts_all_its_verbs_together(world: World) -> None:
    """Whoever used it up with one verb waits with the others too."""
    admission, clock = world.dispatcher.admission, FakeClock()
    estate = with_commands(world.discovery, infra=CommandEntry(per_minute=1))
    admission.discovery = estate
    admission._limiter = RateLimiter(estate.limits, clock)
    alex = world.caller("alex")

    admission.admit(world.asked("infra switch", {"from_": "blue", "to": "green"}, alex))

    with pytest.raises(RateLimited):
        admission.admit(world.asked("infra failover", {"to": "green"}, alex))


def test_a_verb_that_there_is_not_is_a_fault() -> None:
    """The nearest is named."""
    source = (ROOT / "discovery.yml").read_text().replace("  infra: {}", "  infra deply: {}")
    with pytest.raises(ConfigurationInvalid) as refusal:
        parse_discovery(source.encode(), "d.yml", commands={"infra", "infra deploy", "status"})

    told = " ".join(refusal.value.faults)
    assert 'there is no command infra deply; did you mean "infra deploy"?' in told
