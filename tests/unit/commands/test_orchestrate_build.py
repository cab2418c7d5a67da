"""Playbooks put together step by step, by buttons and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestration.shelf.building import NewStep, added, without_last
from tests.conftest import ROOT
from tgk.asking import answered
from tgk.errors import InvalidRequest, Refused

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

TEMPLATES = sorted((ROOT / "playbooks" / "templates").glob("*.yml"))


async def press(world: World, card: Outcome, label: str, **answers: str) -> Outcome:
    """Press a button of a card, and fill in its form."""
    [action] = [each for each in card.reply.actions if each.label == label]
    assert set(answers) <= set(action.asks)
    raw = answered(action, answers)
    return await world.dispatcher.run(world.asked(action.command, raw, world.caller("devi")))


def steps(outcome: Outcome) -> list[dict[str, Any]]:
    """Return the steps of the draft that a card shows."""
    found: list[dict[str, Any]] = yaml.safe_load(outcome.reply.data["text"])["steps"]
    return found


async def test_a_playbook_is_built_by_buttons_alone(world: World, tmp_path: Path) -> None:
    """Every kind of step by its form; after each one the picture has it, and no fault is left."""
    card = await world.run("/orchestrate create --name mine --interactive", "devi")
    card = await press(world, card, "Add a command…", step="test", lines="/test run --suite smoke")
    card = await press(
        world, card, "Add steps at once…", step="roll",
        lines="/infra deploy --component api\n/infra deploy --component frontend",
    )  # fmt: skip
    card = await press(
        world, card, "Add a condition…", step="look", what="test.success",
        lines="/monitor health --environment ${environment}",
    )  # fmt: skip
    card = await press(
        world, card, "Add a loop…", step="each", what="api, frontend",
        lines="/infra scale --component ${item} --instances 2",
    )  # fmt: skip
    card = await press(world, card, "Add a question…", step="ask", what="Is it well?")
    card = await press(world, card, "Add a wait…", step="rest", what="5m")

    pictures = [block for block in card.reply.blocks if block.kind == "picture"]
    assert card.reply.data["findings"] == []
    assert [step["name"] for step in steps(card)] == [
        "look-first", "test", "roll", "look", "each", "ask", "rest",
    ]  # fmt: skip
    assert steps(card)[4] == {
        "name": "each", "type": "foreach", "items": ["api", "frontend"], "as": "item",
        "steps": [{"command": "/infra scale --component ${item} --instances 2"}],
    }  # fmt: skip
    assert all(name in pictures[0].alt for name in ("test", "roll", "each", "rest"))
    assert (tmp_path / "drafts" / "mine.yml").read_text() == card.reply.data["text"]
    assert "finally:" in card.reply.data["text"]


async def test_the_last_step_is_taken_away_again(world: World) -> None:
    """The text is what it was before, comments included; the only step stays."""
    first = await world.run("/orchestrate create --name mine --interactive", "devi")
    more = await press(world, first, "Add a wait…", step="rest", what="5m")
    back = await press(world, more, "Take the last away")
    stays = await press(world, back, "Take the last away")

    assert len(steps(more)) == len(steps(first)) + 1
    assert back.reply.data["text"].split() == first.reply.data["text"].split()
    assert (stays.result, "at least one" in stays.reply.data["why"]) == ("denied", True)


async def test_a_fault_is_shown_on_its_line_and_keeps_it_from_being_published(
    world: World,
) -> None:
    """The draft is kept as it is, to be mended."""
    card = await world.run("/orchestrate create --name mine --interactive", "devi")
    card = await press(world, card, "Add a command…", step="a", lines="/infra deply --component x")

    assert card.reply.tone == "warning"
    assert "did you mean" in card.reply.model_dump_json()
    assert "Publish" not in [action.label for action in card.reply.actions]


async def test_only_drafts_are_built_on(world: World) -> None:
    """What runs is changed by importing and publishing."""
    outcome = await world.run("/orchestrate build canary --remove", "devi")

    assert outcome.result == "denied"
    assert "Only drafts" in outcome.reply.data["why"]


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ("--add command --step a", "lines: needed: one command"),
        ("--add parallel --lines '/test run'", "two commands or more"),
        ("--add conditional --lines '/test run --suite x'", "what: needed: a condition"),
        ("--add foreach --what a,b", "commands to run for each"),
        ("--add wait", "what: needed: how long"),
        ("--add approval", "the question to the council"),
        ("--add teleport", "foreach"),
    ],
)
async def test_what_a_step_lacks_is_said(world: World, options: str, told: str) -> None:
    """With an example of what to write; the draft stays as it was."""
    first = await world.run("/orchestrate create --name mine --interactive", "devi")
    outcome = await world.run(f"/orchestrate build mine {options}", "devi")
    after = await world.run("/orchestrate build mine", "devi")

    assert outcome.result == "invalid"
    assert told in outcome.reply.data["why"]
    assert after.reply.data["text"] == first.reply.data["text"]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.stem)
def test_a_step_is_put_behind_the_body_of_every_template(path: Path) -> None:
    """Nothing else of the text changes."""
    text = path.read_text()

    made = added(text, NewStep("command", "more", ("/monitor health",)))

    before, after = yaml.safe_load(text), yaml.safe_load(made)
    assert after["steps"] == [*before["steps"], {"name": "more", "command": "/monitor health"}]
    assert {**after, "steps": 0} == {**before, "steps": 0}
    assert [line for line in text.splitlines() if line not in made.splitlines()] == []
    assert yaml.safe_load(without_last(made)) == before


@pytest.mark.parametrize(
    "line",
    ['/notify team --message "a: b # c"', "/infra deploy --version ${version}", "/x\u2028y",
     "- {a: b}", "&anchor", "!!python/name:os", "'", "${a} == ${b}: |"],
)  # fmt: skip
def test_a_line_never_becomes_anything_else(line: str) -> None:
    """Whatever is typed stands in the file as one text."""
    text = "name: x\nsteps:\n  - command: /monitor health\n"

    try:
        made = added(text, NewStep("command", "more", (line,)))
    except Refused:
        return
    assert yaml.safe_load(made)["steps"][1] == {"name": "more", "command": line}


@pytest.mark.parametrize(
    "text", ["name: x\nsteps: [{command: /monitor health}]\n", "name: x\n", "[", ""]
)
def test_a_text_that_cannot_be_built_on_is_left_alone(text: str) -> None:
    """With the way to write it by hand."""
    with pytest.raises(Refused, match="import"):
        added(text, NewStep("command", "more", ("/monitor health",)))


def test_a_step_without_a_name_is_allowed() -> None:
    """A wrong one is not guessed at."""
    text = "name: x\nsteps:\n  - command: /monitor health\n"

    assert "name" not in yaml.safe_load(added(text, NewStep("wait", "", what="5m")))["steps"][1]
    with pytest.raises(InvalidRequest):
        added(text, NewStep("wait", "a"))
