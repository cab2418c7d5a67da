"""Playbooks as they come and go: listed, searched, exported, written, imported, published."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

from bot.runtime.playbooks import folders
from orchestration.shelf.files import MOST_DRAFTS
from orchestration.shelf.reading import Reader
from tests.conftest import ROOT
from tgk.errors import Conflict

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

GOOD = """name: nightly
description: Look every night
triggers:
  - {type: schedule, cron: "0 2 * * *"}
steps:
  - {name: look, command: /monitor health}
"""
REACHING_OUT = """name: out
steps:
  - {name: call, type: http, url: "https://example.org/", method: GET}
  - {name: run, type: shell, program: ls}
"""
BOMB = "a: &a [x, x]\nb: &b [*a, *a]\nc: &c [*b, *b]\nname: bomb\nsteps: *c\n"
DEEP = "name: deep\nsteps: " + "[" * 400 + "]" * 400


async def imported(world: World, text: str, person: str = "devi", **more: Any) -> Outcome:
    """Import a text through the library."""
    raw = {"import_": text, **more}
    asked = world.asked("orchestrate library", raw, world.caller(person))
    return await world.dispatcher.run(asked)


def drafts(tmp_path: Path) -> list[str]:
    """Return every file that lies among the drafts."""
    return sorted(path.name for path in (tmp_path / "drafts").glob("*.yml"))


def files(folder: Path) -> list[Path]:
    """Return every file below a folder, but for who wrote a draft."""
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".by")


def runnable(tmp_path: Path) -> tuple[str, ...]:
    """Return every name that the engine would run, and triggers would start."""
    return tuple(Reader(folders(ROOT, tmp_path)).all())


async def names(world: World, options: str) -> list[str]:
    """Return the names that the library lists."""
    outcome = await world.run(f"/orchestrate library {options}", "devi")
    return [each["name"] for each in outcome.reply.data["playbooks"]]


async def test_the_library_is_listed_and_filtered(world: World) -> None:
    """All of it, one category, or what has every word that is searched for."""
    everything = await names(world, "--list")

    assert len(everything) == 10
    assert await names(world, "") == everything
    assert await names(world, "--list --category deployment") == [
        "blue-green", "canary", "deploy-web-app",
    ]  # fmt: skip
    assert await names(world, '--search "database"') == ["maintenance"]
    assert await names(world, '--search "BACK up" --category maintenance') == [
        "daily-backup", "maintenance",
    ]  # fmt: skip


@pytest.mark.parametrize(("typed", "meant"), [("canaries", "canary"), ("databse", "database")])
async def test_a_search_that_finds_nothing_says_what_was_probably_meant(
    world: World, typed: str, meant: str
) -> None:
    """It is an answer, not a mistake; every word that can be found counts."""
    outcome = await world.run(f"/orchestrate library --search {typed}", "devi")

    assert (outcome.result, outcome.reply.title) == ("success", "No playbooks")
    assert f"Did you mean {meant}?" in outcome.reply.model_dump_json()


async def test_an_exported_playbook_is_the_file_itself(world: World) -> None:
    """To the last byte, as a file and as data, with a way to check it."""
    outcome = await world.run("/orchestrate library --export canary --format yaml", "devi")

    [log] = [block for block in outcome.reply.blocks if block.kind == "log"]
    assert log.filename == "canary.yml"
    assert outcome.reply.data["text"] == (ROOT / "playbooks/library/canary.yml").read_text()
    assert [action.label for action in outcome.reply.actions] == ["Validate", "Dry run", "Run"]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--export canry", "canary"),
        ("--category shipping", "deployment"),
        ("--export canary --format json", "yaml"),
    ],
)
async def test_what_the_library_has_not_is_refused_in_words(
    world: World, line: str, told: str
) -> None:
    """With what there is instead."""
    outcome = await world.run(f"/orchestrate library {line}", "devi")

    assert outcome.result == "invalid"
    assert told in outcome.reply.model_dump_json()


async def test_an_import_is_a_draft_that_starts_nothing(world: World, tmp_path: Path) -> None:
    """It can be looked at, and neither run nor scheduled; its triggers are out of reach."""
    outcome = await imported(world, GOOD)
    run = await world.run("/orchestrate run nightly", "alex")
    scheduled = await world.run("/orchestrate schedule nightly '0 2 * * *'", "alex")
    simulated = await world.run("/orchestrate validate nightly --simulate", "devi")

    assert (outcome.result, outcome.reply.data["origin"]) == ("success", "draft")
    assert "starts nothing by itself" in outcome.reply.model_dump_json()
    assert (run.result, scheduled.result) == ("denied", "denied")
    assert "/orchestrate publish nightly" in run.reply.data["do"]
    assert simulated.result == "success"
    assert drafts(tmp_path) == ["nightly.yml"]
    assert "nightly" not in runnable(tmp_path)
    assert world.runs.requests == []


async def test_only_who_may_publish_lets_a_draft_run(world: World, tmp_path: Path) -> None:
    """Its author may not, as long as the policy says so."""
    card = await imported(world, GOOD)
    button = card.reply.actions[-1]
    press = world.asked(button.command, button.arguments, world.caller("devi"))
    refused = await world.dispatcher.run(press)
    allowed = await world.dispatcher.run(
        world.asked(button.command, button.arguments, world.caller("dana"))
    )

    assert (refused.result, allowed.result) == ("denied", "success")
    assert drafts(tmp_path) == []
    assert "nightly" in runnable(tmp_path)
    assert {"council"} == {each.place.room for each in world.board.shows}


async def test_what_was_changed_meanwhile_is_not_published(world: World, tmp_path: Path) -> None:
    """The button is bound to the text that was read."""
    card = await imported(world, GOOD)
    await imported(world, GOOD.replace("/monitor health", "/infra rollback"), replace=True)
    button = card.reply.actions[-1]

    outcome = await world.dispatcher.run(
        world.asked(button.command, button.arguments, world.caller("dana"))
    )

    assert outcome.result == "denied"
    assert "changed it since" in outcome.reply.data["why"]
    assert "nightly" not in runnable(tmp_path)


async def test_exactly_the_text_that_was_judged_is_published(world: World, tmp_path: Path) -> None:
    """Not what somebody wrote between the look and the act."""
    await imported(world, GOOD)
    shelf = world.dispatcher.backends.playbooks
    read = (await shelf.source("nightly")).text
    await imported(world, GOOD.replace("/monitor health", "/infra rollback"), replace=True)

    with pytest.raises(Conflict, match="not published"):
        await shelf.publish("nightly", read, who="dana")

    assert "nightly" not in runnable(tmp_path)


async def test_a_draft_never_takes_the_file_of_another_playbook(
    world: World, tmp_path: Path
) -> None:
    """A file may be called otherwise than what is in it."""
    own = tmp_path / "playbooks" / "nightly.yml"
    own.parent.mkdir(exist_ok=True)
    own.write_text(GOOD.replace("name: nightly", "name: release-train"))
    await imported(world, GOOD)

    outcome = await world.run("/orchestrate publish nightly", "dana")

    assert outcome.result == "denied"
    assert "under another name" in outcome.reply.data["why"]
    assert "release-train" in own.read_text()


async def test_steps_that_reach_out_are_never_let_run(world: World, tmp_path: Path) -> None:
    """A draft is told of them; publishing it fails, because they are switched off."""
    card = await imported(world, REACHING_OUT, "dana")
    published = await world.run("/orchestrate publish out", "dana")

    assert "W057" in card.reply.model_dump_json()
    assert published.result == "failure"
    assert "http" in published.reply.model_dump_json()
    assert "out" not in runnable(tmp_path)


@pytest.mark.parametrize("text", [BOMB, DEEP, "\x00", "name: x\nsteps: !!python/name:os.system"])
async def test_hostile_texts_are_kept_unread_at_most(
    world: World, tmp_path: Path, text: str
) -> None:
    """With a name they become a draft with errors that nobody can publish; without, nothing."""
    unnamed = await imported(world, text)
    await world.dispatcher.run(
        world.asked("orchestrate import", {"name": "bad", "text": text}, world.caller("devi"))
    )
    published = await world.run("/orchestrate publish bad", "alex")

    assert unnamed.result == "invalid" or unnamed.reply.data["errors"] > 0
    assert published.result != "success"
    assert "bad" not in runnable(tmp_path)


@pytest.mark.parametrize(
    "name",
    ["../../etc/passwd", "..", ".hidden", "/etc/passwd", "a/b", "a\\b", "Nightly", "x" * 64,
     "nul\x00", "a b", ""],
)  # fmt: skip
async def test_no_name_leads_anywhere_else(world: World, tmp_path: Path, name: str) -> None:
    """Neither as an option nor inside the text."""
    before = files(tmp_path)
    text = GOOD.replace("nightly", f'"{name}"') if name.isprintable() else GOOD

    by_text = await imported(world, text.replace("\\", "\\\\"))
    by_name = await world.dispatcher.run(
        world.asked("orchestrate import", {"name": name, "text": GOOD}, world.caller("devi"))
    )

    draft = [tmp_path / "drafts" / "nightly.yml"]
    assert files(tmp_path) in (before, draft)
    assert "success" not in (by_text.result, by_name.result) or files(tmp_path) == draft


async def test_a_text_that_is_too_long_is_refused(world: World, tmp_path: Path) -> None:
    """Before anything of it is read."""
    outcome = await imported(world, GOOD + "#" * 64_001)

    assert outcome.result == "invalid"
    assert not (tmp_path / "drafts").exists()


async def test_an_import_never_takes_a_name_that_something_else_has(world: World) -> None:
    """A shipped playbook cannot be hidden, nor one text pass for another."""
    shipped = await imported(world, GOOD.replace("nightly", "canary"))
    other = await world.dispatcher.run(
        world.asked("orchestrate import", {"name": "mine", "text": GOOD}, world.caller("devi"))
    )

    assert (shipped.result, other.result) == ("denied", "invalid")
    assert "calls itself nightly" in other.reply.data["why"]
    assert other.reply.data["do"] == "Name it nightly, or mend its name: line."


async def test_drafts_have_a_bound(world: World, tmp_path: Path) -> None:
    """Nobody fills the shelf; what is a draft already may still be written anew."""
    (tmp_path / "drafts").mkdir()
    for number in range(MOST_DRAFTS):
        (tmp_path / "drafts" / f"d{number:03}.yml").write_text(
            GOOD.replace("nightly", f"d{number:03}")
        )

    full = await imported(world, GOOD)
    again = await imported(world, GOOD.replace("nightly", "d001"), replace=True)

    assert (full.result, again.result) == ("denied", "success")
    assert f"{MOST_DRAFTS} drafts" in full.reply.data["why"]


@pytest.mark.parametrize(("person", "allowed"), [("devi", True), ("dana", True), ("vik", False)])
async def test_an_import_needs_its_own_right(world: World, person: str, *, allowed: bool) -> None:
    """Whoever may only read the library may not put anything on it; it is journalled as itself."""
    outcome = await imported(world, GOOD, person)

    assert (outcome.result == "success") == allowed
    assert world.journal.results("/orchestrate import") == [outcome.result]


@pytest.mark.parametrize("template", ["blank", "deployment", "maintenance", "recovery"])
async def test_a_playbook_begins_from_a_template(
    world: World, tmp_path: Path, template: str
) -> None:
    """With its name and what it is for; checked at once."""
    outcome = await world.run(
        f"/orchestrate create --name mine --template {template} "
        '--description "Ours: with a colon" --validate',
        "devi",
    )  # fmt: skip

    text = (tmp_path / "drafts" / "mine.yml").read_text()
    assert (outcome.result, outcome.reply.data["errors"]) == ("success", 0)
    assert outcome.reply.plain is not None
    assert "Checked: in order" in outcome.reply.plain.lines
    assert "\nname: mine\n" in text
    assert 'description: "Ours: with a colon"' in text


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("--name canary", "stands in canary.yml"),
        ("--name Mine", "lower-case"),
        ("--name mine --template fancy", "deployment"),
        ("--template blank", "name: needed"),
    ],
)
async def test_what_cannot_be_created_is_refused(world: World, line: str, told: str) -> None:
    """With what to write instead."""
    outcome = await world.run(f"/orchestrate create {line}", "devi")

    assert outcome.result in ("invalid", "denied")
    assert told in outcome.reply.data["why"]


async def test_a_draft_is_not_written_over_unknowingly(world: World, tmp_path: Path) -> None:
    """Who wrote it, and when, is named; the same text again is no change; the text before stays."""
    shelf, other = world.dispatcher.backends.playbooks, GOOD.replace("Look every", "Watch each")
    await shelf.save("nightly", GOOD, who="dana", replace=False)
    await shelf.save("nightly", GOOD, who="dana", replace=False)

    with pytest.raises(Conflict) as refused:
        await shelf.save("nightly", other, who="devi", replace=False)
    standing = (await shelf.source("nightly")).text
    await shelf.save("nightly", other, who="devi", replace=True)

    assert re.fullmatch(
        r"A draft of that name stands, by dana at [0-9-]{10} [0-9:]{5} UTC\.", refused.value.why
    )
    assert "--replace" in refused.value.remedy
    assert standing == GOOD
    assert (await shelf.source("nightly")).text == other
    assert (tmp_path / "drafts" / "nightly.yml.bak").read_text() == GOOD
    assert [each.name for each in await shelf.entries() if each.origin == "draft"] == ["nightly"]
    await shelf.publish("nightly", (await shelf.source("nightly")).text, who="dana")
    assert files(tmp_path / "drafts") == []


async def test_a_name_that_does_not_fit_is_refused_in_words_of_no_command(world: World) -> None:
    """Whoever imports does not read of creating."""
    outcome = await world.dispatcher.run(
        world.asked("orchestrate import", {"name": "mine", "text": GOOD}, world.caller("devi"))
    )

    assert outcome.reply.title == "The draft is not kept."
    assert outcome.reply.data["why"] == "name: the text calls itself nightly"


async def test_who_creates_or_imports_is_told_whose_draft_stands(world: World) -> None:
    """Nothing is written over before they say so; to build on it is no such thing."""
    await world.run("/orchestrate create --name nightly --template deployment", "dana")
    before = (await world.dispatcher.backends.playbooks.source("nightly")).text
    created = await world.run("/orchestrate create --name nightly --template blank", "devi")
    refused = await imported(world, GOOD)
    after = (await world.dispatcher.backends.playbooks.source("nightly")).text
    replaced = await imported(world, GOOD, replace=True)

    assert (created.result, refused.result, replaced.result) == ("denied", "denied", "success")
    assert "A draft of that name stands, by dana at " in created.reply.data["why"]
    assert before == after
