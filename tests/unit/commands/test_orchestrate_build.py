"""Playbooks put together step by step, by buttons and forms."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestration.shelf.building import added, body_of, moved, removed, rewritten
from orchestration.shelf.forms import NewStep, filled_in, written
from tests.conftest import ROOT
from tgk.asking import answered
from tgk.errors import InvalidRequest, Refused
from tgk.testing.operations import RememberedSteps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome
    from tgk.reply import Reply

TEMPLATES = sorted((ROOT / "playbooks" / "templates").glob("*.yml"))


async def press(world: World, card: Outcome, label: str, **answers: str) -> Outcome:
    """Press a button of a card, and fill in its form."""
    [action] = [each for each in card.reply.actions if each.label == label]
    assert set(answers) <= set(action.asks)
    raw = answered(action, answers)
    return await world.dispatcher.run(world.asked(action.command, raw, world.caller("devi")))


def labels(outcome: Outcome) -> list[str]:
    """Return the words on the buttons."""
    return [action.label for action in outcome.reply.actions]


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

    simulated = await press(world, card, "Simulate")
    pictures = [block for block in card.reply.blocks if block.kind == "picture"]
    assert simulated.reply.data["simulation"]["ends"] in ("succeeds", "depends")
    assert card.reply.data["findings"] == []
    assert [step["name"] for step in steps(card)] == [
        "look-first", "test", "roll", "look", "each", "ask", "rest",
    ]  # fmt: skip
    assert steps(card)[4] == {
        "name": "each", "type": "foreach", "items": ["api", "frontend"], "as": "item",
        "steps": [{"command": "/infra scale --component ${item} --instances 2"}],
    }  # fmt: skip
    assert pictures[0].alt.startswith("mine: plan\n9 steps\n")
    assert all(name in pictures[0].alt for name in ("test", "roll", "each", "rest"))
    assert "· each · foreach\n  · /infra scale" in pictures[0].alt
    assert (tmp_path / "drafts" / "mine.yml").read_text() == card.reply.data["text"]
    assert "finally:" in card.reply.data["text"]


async def test_steps_are_moved_changed_and_removed_by_buttons(world: World) -> None:
    """Each has a card of its own; the picture and the text follow, and all can be taken back."""
    first = await world.run("/orchestrate create --name mine --interactive", "devi")
    card = await press(world, first, "Add a wait…", step="rest", what="5m")
    card = await press(world, await press(world, card, "Change 2: rest"), "Move up")
    moved_up = [step["name"] for step in steps(card)]
    card = await press(world, await press(world, card, "Change 1: rest"), "Edit…", what="7m")
    edited = steps(card)[0]
    typed = await press(world, card, "Change 2: look-first")
    card = await press(world, typed, "Edit as YAML…", text="name: look\ncommand: /monitor health")
    written = steps(card)[1]
    after = await press(world, card, "Change 1: rest")
    card = await press(world, after, "Add after it: a command…", step="t", lines="/test run")
    between = [step["name"] for step in steps(card)]
    card = await press(world, await press(world, card, "Change 1: rest"), "Remove")
    left = [step["name"] for step in steps(card)]
    while "Undo" in labels(card):
        card = await press(world, card, "Undo")

    assert moved_up == ["rest", "look-first"]
    assert edited == {"name": "rest", "wait": {"for": "7m"}}
    assert written == {"name": "look", "command": "/monitor health"}
    assert (between, left) == (["rest", "t", "look"], ["t", "look"])
    assert card.reply.data["text"] == first.reply.data["text"]


async def test_a_step_card_shows_the_step_and_only_what_can_be_done(world: World) -> None:
    """The only step of a draft is neither moved nor removed; its picture is that of the whole."""
    await world.run("/orchestrate create --name mine --interactive", "devi")
    only = await world.run("/orchestrate build mine --at look-first", "devi")
    gone = await world.run("/orchestrate build mine --at look-frist", "devi")

    assert only.reply.title == "mine, step 1 of 1: look-first"
    assert "timeout: 2m" in only.reply.data["text"]
    assert [block.kind for block in only.reply.blocks] == ["facts", "picture", "log"]
    assert {"Move up", "Move down", "Remove", "Edit…"}.isdisjoint(labels(only))
    assert "Edit as YAML…" in labels(only)
    assert "did you mean look-first?" in gone.reply.data["why"]


async def test_a_parameter_is_added_by_a_button(world: World) -> None:
    """Before that, what uses it has a fault; the run then asks for it."""
    card = await world.run("/orchestrate create --name mine --interactive", "devi")
    card = await press(
        world, card, "Add a command…", step="go",
        lines="/infra deploy --component api --version ${version}",
    )  # fmt: skip
    card = await press(world, card, "Add a parameter…", step="version", what="Which one")
    again = await press(world, card, "Add a parameter…", step="version", what="Which one")

    [_, made] = yaml.safe_load(card.reply.data["text"])["parameters"]
    assert made == {"name": "version", "description": "Which one", "required": True}
    assert card.reply.data["findings"] == []
    assert "there is a parameter version" in again.reply.data["why"]


async def test_nothing_is_taken_back_over_somebody_else_s_text(world: World) -> None:
    """Whoever imported it meanwhile finds it as it was."""
    card = await world.run("/orchestrate create --name mine --interactive", "devi")
    card = await press(world, card, "Add a wait…", step="rest", what="5m")
    text = "name: mine\nsteps:\n  - {name: look, command: /monitor health}\n"
    await world.playbooks.save("mine", text, who="alex")
    back = await press(world, card, "Undo")

    assert (back.result, "written anew" in back.reply.data["why"]) == ("denied", True)
    assert (await world.playbooks.source("mine")).text == text


async def test_a_change_is_made_once_whatever_is_killed(world: World) -> None:
    """A second life goes on with the text that the first has worked out."""
    await world.run("/orchestrate create --name mine --interactive", "devi")
    first = await world.run("/orchestrate build mine --add wait --step rest --what 5m", "devi")
    operation = world.operations.ran[-1]
    memory = {k: v for k, v in world.operations.memory[operation.corr].items() if k != "build"}

    async def show(_: Reply) -> None:
        return None

    second = await world.dispatcher.perform(operation, RememberedSteps(memory), show)

    assert steps(first) == steps(second)
    assert second.reply.data["undo"] == 1


async def test_a_draft_keeps_one_step(world: World) -> None:
    """And the first is not moved up, nor the last down."""
    await world.run("/orchestrate create --name mine --interactive", "devi")
    told = [
        (await world.run(f"/orchestrate build mine {more}", "devi")).reply.data["why"]
        for more in ("--remove", "--at look-first --move up", "--at look-first --move down",
                     "--undo", "--move up", "--add wait --undo")
    ]  # fmt: skip

    assert told == [
        "A playbook has at least one.", "It is the first one.", "It is the last one.",
        "No change of mine is remembered.", "at: needed with move: which step",
        "undo: not with add",
    ]  # fmt: skip


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
    assert yaml.safe_load(removed(made)) == before


LIBRARY = sorted((ROOT / "playbooks").glob("*/*.yml"))


@pytest.mark.parametrize("path", LIBRARY, ids=lambda path: path.stem)
def test_every_step_of_every_playbook_is_moved_and_written_and_nothing_is_lost(path: Path) -> None:
    """Down and up again is as before, with its comments; its own text changes nothing."""
    text = path.read_text()
    body = body_of(text)
    comments = sorted(line.strip() for line in text.splitlines() if "#" in line)

    for at, name in enumerate(body.paths):
        own = rewritten(text, name, body.written(name))
        assert yaml.safe_load(own) == yaml.safe_load(text)
        if at + 1 < len(body.paths):
            down = moved(text, name, 1)
            assert moved(down, name, -1) == text
            assert sorted(line.strip() for line in down.splitlines() if "#" in line) == comments
        if len(body.paths) > 1:
            rest = [each for each in body.paths if each != name]
            assert [*body_of(removed(text, name)).paths] == rest


@pytest.mark.parametrize(
    "step",
    [
        NewStep("command", "a", ("/test run",)),
        NewStep("wait", "", what="5m"),
        NewStep("approval", "a", what="Is it well?"),
        NewStep("parallel", "a", ("/test run", "/monitor health")),
        NewStep("conditional", "a", ("/test run",), "x == 1", ("/monitor health",)),
        NewStep("foreach", "a", ("/test run --suite ${item}",), "b, c"),
        NewStep("foreach", "a", ("/test run --suite ${item}",), "${suites}"),
    ],
)
def test_what_a_form_has_made_it_can_change(step: NewStep) -> None:
    """Whatever else stands in a step makes it one for the text."""
    made = written(step)

    assert filled_in(made) == step
    assert filled_in({**made, "timeout": "5m"}) is None
    assert filled_in({"name": "x", "http": {"url": "https://x"}}) is None


@pytest.mark.parametrize(
    "text", ["- name: b\n  command: /test run", "name: b\ncommand: /test run\n",
             "# why\n- {name: b, command: /test run}"],
)  # fmt: skip
def test_a_step_is_typed_with_or_without_its_dash(text: str) -> None:
    """At any margin of the file; dashes at the margin are written as they are."""
    flat = "name: x\nsteps:\n# first\n- name: a\n  command: /monitor health\n- wait: {for: 5m}\n"

    made = rewritten(flat, "a", text)

    assert yaml.safe_load(made)["steps"] == [
        {"name": "b", "command": "/test run"}, {"wait": {"for": "5m"}},
    ]  # fmt: skip
    assert rewritten(flat, "#1", NewStep("wait", "b", what="1m")).count("# first") == 1


@pytest.mark.parametrize(
    "text", ["", "- a\n- b", "name: [", "- {wait: {for: 1m}}\n- {wait: 1}", "x"]
)
def test_what_is_no_step_is_refused_with_the_fault(text: str) -> None:
    """And the draft stays."""
    with pytest.raises(InvalidRequest):
        rewritten("name: x\nsteps:\n  - command: /monitor health\n", "#1", text)


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


async def test_what_is_wrong_with_a_step_is_said_in_a_terminal_too(world: World) -> None:
    """A command that there is not is no silent step; brackets around items are none of theirs."""
    await world.run("/orchestrate create mine --template blank", "dana")

    slip = await world.run('/orchestrate build mine --add command --lines "/infra dploy"', "dana")
    loop = await world.run(
        '/orchestrate build mine --add foreach --what "[a, b]" --lines "/test run --suite ${item}"',
        "dana",
    )

    assert slip.reply.plain is not None
    assert any("/infra dploy" in line and "Line" in line for line in slip.reply.plain.lines)
    assert steps(loop)[-1]["items"] == ["a", "b"]
