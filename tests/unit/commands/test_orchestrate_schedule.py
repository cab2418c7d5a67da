"""``/orchestrate schedule`` on stored schedules: created, listed, switched, forgotten."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.schedules import StoredSchedules
from orchestration.store import Store

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.conftest import World


@pytest.fixture
async def kept(world: World, tmp_path: Path) -> AsyncIterator[World]:
    """A core whose schedules are stored."""
    async with Store(tmp_path / "tgk.sqlite") as store:
        schedules = StoredSchedules(store, world.clock)
        world.dispatcher.backends = replace(world.dispatcher.backends, schedules=schedules)
        yield world


async def data(world: World, options: str) -> dict[str, Any]:
    """Return what a line gives to programs."""
    outcome = await world.run(f"/orchestrate schedule {options}", "dana")
    assert outcome.result == "success", outcome.reply
    return outcome.reply.data


async def test_every_option_is_kept(kept: World) -> None:
    """The schedule runs as whoever made it, next at its own zone's time."""
    found = await data(
        kept,
        '--playbook daily-backup --cron "0 2 * * *" --name nightly --enabled --missed all '
        '--parameters "label=nightly, environments=staging,production" --environment staging '
        "--timezone Europe/Berlin",
    )

    assert found["name"] == "nightly"
    assert found["parameters"] == {"label": "nightly", "environments": "staging,production"}
    assert (found["environment"], found["timezone"], found["missed"]) == (
        "staging", "Europe/Berlin", "all",
    )  # fmt: skip
    assert found["owner"]["person"] == "dana"
    assert datetime.fromisoformat(found["next"]).hour == 1  # two o'clock there, in winter


@pytest.mark.parametrize(
    ("line", "name", "enabled"),
    [
        ('--playbook daily-backup --cron "0 2 * * *" --enabled', "daily-backup", True),
        ('--playbook maintenance --cron "0 3 * * SUN"', "maintenance", False),
        ('--playbook monthly-audit --cron "0 0 1 * *" --name audit-schedule', "audit-schedule",
         False),
    ],
)  # fmt: skip
async def test_without_a_name_it_is_called_after_its_playbook(
    kept: World, line: str, name: str, *, enabled: bool
) -> None:
    """And only runs once it is switched on."""
    found = await data(kept, line)

    assert (found["name"], found["enabled"]) == (name, enabled)
    assert (found["next"] is not None) == enabled


async def test_schedules_are_listed_the_next_first(kept: World) -> None:
    """Those that are off come last; without any the answer says so."""
    empty = await data(kept, "")
    await data(kept, 'maintenance "0 3 * * SUN"')
    await data(kept, 'daily-backup "0 2 * * *" --enabled')
    listed = await data(kept, "")
    one = await data(kept, "--name maintenance")

    assert empty == {"schedules": []}
    assert [each["name"] for each in listed["schedules"]] == ["daily-backup", "maintenance"]
    assert one["cron"] == "0 3 * * SUN"


async def test_the_next_times_are_told_and_one_can_run_it_now(kept: World) -> None:
    """Three of them, each in the reader's own time; the button has the schedule's parameters."""
    outcome = await kept.run(
        '/orchestrate schedule daily-backup "0 2 * * *" --enabled --parameters "label=by-hand"',
        "dana",
    )

    [facts] = [block for block in outcome.reply.blocks if block.kind == "facts"]
    times = [fact.at for fact in facts.facts if fact.at]
    [_, now] = outcome.reply.actions
    assert [(later - times[0]).days for later in times] == [0, 1, 2]
    assert now.arguments == {"playbook": "daily-backup", "parameters": "label=by-hand"}


async def test_one_is_switched_and_forgotten(kept: World) -> None:
    """What is gone has no button any more."""
    await data(kept, 'daily-backup "0 2 * * *"')
    on = await data(kept, "--name daily-backup --enabled")
    off = await data(kept, "--name daily-backup --disable")
    gone = await kept.run("/orchestrate schedule --name daily-backup --delete", "dana")
    again = await kept.run("/orchestrate schedule --name daily-backup", "dana")

    assert (on["enabled"], off["enabled"]) == (True, False)
    assert (gone.result, gone.reply.actions) == ("success", ())
    assert "switches it on" not in gone.reply.model_dump_json()
    assert again.result == "invalid"


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('daily-backup "0 2 * *"', "five fields"),
        ('daily-backup "61 2 * * *"', "cron"),
        ('daily-backup "0 2 * * *" --timezone Mars/Olympus', "no such time zone"),
        ('--cron "0 2 * * *"', "playbook: needed with cron"),
        ("--delete", "name: needed"),
        ("daily-backup --enabled --disable", "not with disable"),
        ('deploy-web-app "0 2 * * *"', "version: needed"),
        ('daily-bakup "0 2 * * *"', "daily-backup"),
        ('daily-backup "0 2 * * *" --missed never', "once"),
        ("--name nowhere --enabled", "nowhere"),
        ('daily-backup "0 2 * * *" --name "Not A Name"', "name"),
    ],
)
async def test_what_would_never_run_is_refused(kept: World, line: str, told: str) -> None:
    """With what to write instead; nothing is kept."""
    outcome = await kept.run(f"/orchestrate schedule {line}", "dana")

    assert outcome.result == "invalid"
    assert told in f"{outcome.reply.title} {outcome.reply.data}"
    assert await data(kept, "") == {"schedules": []}


NARROW = """
name: narrow
parameters: [{name: n, type: int, max: 5}, {name: who, type: string, required: true}]
steps: [{command: /status}]
"""


def shelved(tmp_path: Path, name: str, text: str) -> None:
    """Publish a playbook of one's own."""
    folder = tmp_path / "playbooks"
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.yml").write_text(text)


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('narrow "0 2 * * *" --parameters "n=99 who=x"', ("parameters: n",)),
        (
            'narrow "61 2 * * *" --timezone Mars/Olympus --parameters "n=99 nn=1"',
            ("cron: ", "timezone: ", "parameters: n: ", "parameters: nn: ", "parameters: who: "),
        ),
        ('broken "0 2 * * *"', ("broken.yml:2", "comand", "set")),
        ('asking "0 2 * * *"', ("/ask", "--dry-run shows every gate")),
    ],
)
async def test_what_no_start_would_take_is_refused_with_every_fault(
    kept: World, tmp_path: Path, line: str, told: tuple[str, ...]
) -> None:
    """Values, times, faults of the playbook, and what its owner may not do; nothing is kept."""
    shelved(tmp_path, "narrow", NARROW)
    shelved(tmp_path, "broken", "name: broken\nsteps: [{comand: /status}, {set: 1}]\n")
    shelved(tmp_path, "asking", "name: asking\nsteps: [{command: /ask why}]\n")
    outcome = await kept.run(f"/orchestrate schedule {line} --enabled", "dana")

    assert outcome.result != "success"
    assert [] == [each for each in told if each not in outcome.reply.model_dump_json()]
    assert await data(kept, "") == {"schedules": []}


async def test_what_could_not_start_any_more_is_not_switched_on(
    kept: World, tmp_path: Path
) -> None:
    """Its playbook changed since it was made: told then, and not at every time."""
    shelved(tmp_path, "narrow", NARROW)
    await data(kept, 'narrow "0 2 * * *" --parameters "n=5 who=x"')
    shelved(tmp_path, "narrow", NARROW.replace("max: 5", "max: 4"))
    outcome = await kept.run("/orchestrate schedule --name narrow --enabled", "dana")

    assert outcome.result == "invalid"
    assert "parameters: n: " in outcome.reply.model_dump_json()
    assert (await data(kept, "--name narrow"))["enabled"] is False


async def test_a_missing_parameter_of_a_schedule_can_be_filled_in(kept: World) -> None:
    """The button asks for it, and then schedules as was typed."""
    outcome = await kept.run("/orchestrate schedule deploy-web-app '0 2 * * *' --enabled", "dana")

    [action] = outcome.reply.actions
    assert (action.command, action.asks) == ("orchestrate schedule", ("parameters.version",))
    assert action.arguments == {
        "playbook": "deploy-web-app", "cron": "0 2 * * *", "enabled": True,
    }  # fmt: skip


async def test_a_schedule_that_is_off_says_so_and_how_to_switch_it_on(kept: World) -> None:
    """In its title, on its card and in a pipe; one that is on says when it runs next."""
    off = await kept.run("/orchestrate schedule maintenance '0 3 * * SUN'", "dana")
    on = await kept.run("/orchestrate schedule --name maintenance --enabled", "dana")
    listed = await kept.run("/orchestrate schedule", "dana")

    assert off.reply.title == "maintenance is kept, but off: nothing runs by itself"
    assert off.reply.plain is not None
    assert "--name maintenance --enabled switches it on" in "\n".join(off.reply.plain.lines)
    assert on.reply.title == "maintenance is on"
    assert on.reply.plain is not None
    assert [line for line in on.reply.plain.lines if line.startswith("Next: 2026-")]
    assert listed.reply.title == "1 schedule"
