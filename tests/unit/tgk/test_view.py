"""What one caller may see: completion, half-given requests, and calls on their behalf."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from tgk.errors import Refused
from tgk.registry import DuplicateCommand, Registry

if TYPE_CHECKING:
    from tests.conftest import World
    from tgk.view import View


def view_of(world: World, person: str) -> View:
    """Return the view of somebody in Telegram."""
    return world.dispatcher.view(world.asked("help", {}, world.caller(person)))


async def test_only_reads_can_be_called_on_somebodys_behalf(world: World) -> None:
    """A change must be asked by a person."""
    with pytest.raises(Refused):
        await view_of(world, "dana").dispatch("deploy", {"env": "staging", "tag": "v1.4.0"})

    assert [] == world.pipelines.dispatched


async def test_look_ups_for_one_question_are_bounded(world: World) -> None:
    """A model cannot keep asking for ever."""
    view = view_of(world, "devi")

    for _ in range(8):
        await view.dispatch("whoami", {})

    with pytest.raises(Refused):
        await view.dispatch("whoami", {})


@pytest.mark.parametrize(
    ("name", "option", "partial", "expected"),
    [
        ("logs", "level", "e", ("error", "debug")),
        ("logs", "service", "ops", ("discord-ops-bot",)),
        ("logs", "tail", "5", ()),
        ("logs", "nonsense", "", ()),
        ("help", "command", "who", ("whoami",)),
    ],
)
async def test_completion_knows_each_kind_of_option(
    world: World, name: str, option: str, partial: str, expected: tuple[str, ...]
) -> None:
    """Choices, services and commands; nothing for plain numbers."""
    assert expected == await view_of(world, "devi").complete(name, option, partial, {})


async def test_locks_and_open_questions_are_completed(world: World) -> None:
    """What is held can be released, what is open can be answered."""
    await world.run("/lock staging database migration", "dana")
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "dana", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)
    question = world.approvals.asked[0].id

    found = await view_of(world, "ana").complete("approve", "approval", "", {})
    running.cancel()

    assert (question,) == found


async def test_a_decision_can_be_asked_without_running(world: World) -> None:
    """For explanations and dry looks."""
    view = view_of(world, "vik")

    assert not view.decide("scale", {"service": "event-gateway", "replicas": 3}).allowed
    assert view.decide("status", {}).allowed


def test_two_files_cannot_declare_one_command(world: World) -> None:
    """A fault of the program, told at start."""
    entries = [*world.registry, world.registry["status"]]

    with pytest.raises(DuplicateCommand):
        Registry(entries)
    assert len(world.registry) == len(list(world.registry))


async def test_a_command_can_be_kept_to_channels(world: World) -> None:
    """Asked elsewhere, it says where it works."""
    entry = world.discovery.commands["logs"].model_copy(update={"channels": ("#deployments",)})
    world.discovery.commands["logs"] = entry

    outcome = await world.run("/logs event-gateway", "devi")

    assert outcome.result == "denied"
    assert "#deployments" in outcome.reply.data["why"]
