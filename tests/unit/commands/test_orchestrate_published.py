"""What a playbook that is sound still lacks: to be published, and to be started by its triggers."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from bot.runtime.playbooks import shelf_of
from tests.conftest import ROOT
from tests.unit.commands.test_orchestrate_shelf import GOOD, imported

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

NOT_LISTED = "not listed under event_gateway.triggers of discovery.yml"
PLAIN = GOOD.replace('triggers:\n  - {type: schedule, cron: "0 2 * * *"}\n', "")
WARNED = PLAIN.replace("name: nightly", "name: nightly\nversion: 1.0")


@pytest.fixture
def world(world: World, tmp_path: Path) -> World:
    """The shelf knows, as in a bot, who the services of triggers are."""
    shelf = shelf_of(ROOT, tmp_path, world.dispatcher.admission, None, world.policy.directory)
    backends = replace(world.dispatcher.backends, playbooks=shelf)
    world.dispatcher.backends = backends
    return world


def words(outcome: Outcome) -> str:
    """Return everything that is shown."""
    return outcome.reply.model_dump_json()


@pytest.mark.parametrize(
    ("text", "title"),
    [(PLAIN, "nightly is in order, but a draft"), (WARNED, "nightly has 0 errors and 1 warning")],
)
async def test_of_a_draft_it_is_said_that_it_cannot_run(
    world: World, text: str, title: str
) -> None:
    """And what lets it run, with warnings and without."""
    await imported(world, text)

    outcome = await world.run("/orchestrate validate nightly", "devi")

    assert outcome.reply.title == title
    assert "/orchestrate publish nightly lets it run" in words(outcome)
    assert "; it can run\n" not in words(outcome)
    assert outcome.reply.data["draft"] is True


async def test_who_publishes_is_told_of_triggers_that_start_nothing(world: World) -> None:
    """And whoever checks it later; of a playbook without triggers nothing is said."""
    await imported(world, GOOD)

    published = await world.run("/orchestrate publish nightly", "dana")
    checked = await world.run("/orchestrate validate nightly", "devi")
    shipped = await world.run("/orchestrate validate canary", "devi")

    assert NOT_LISTED in words(published)
    assert NOT_LISTED in words(checked)
    assert checked.result == "success"
    assert "riggers" not in "".join(str(block) for block in shipped.reply.blocks)


async def test_who_publishes_is_told_what_its_triggers_would_be_refused(world: World) -> None:
    """With what to write where."""
    listed = world.discovery.event_gateway.model_copy(update={"triggers": {"nightly": {}}})
    object.__setattr__(world.discovery, "event_gateway", listed)
    await imported(world, GOOD)

    published = await world.run("/orchestrate publish nightly", "dana")

    told = words(published)
    assert "may not do what the schedule trigger starts" in told
    assert "sources: of rbac/policy.yml" in told
