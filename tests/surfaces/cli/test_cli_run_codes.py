"""``tgk orchestrate run``: progress to the end, what leaving early means, and every exit code."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tgk.errors import Unavailable
from tgk.ports.runs import RunRequest
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.surfaces.cli.conftest import ScriptedBot, Terminal, Words

RUN = ("orchestrate", "run", "--playbook", "daily-backup")


def runs_of(world: World, state: str = "succeeded") -> FakeRuns:
    """Let every run end the moment it is started."""
    made = FakeRuns(world.clock, ends_as=state)
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=made)
    return made


def going(words: Words, state: str = "running", kind: str = "command") -> dict[str, Any]:
    """Return the card of a run that goes on, one step of it in the same state."""
    step = {"kind": kind, "state": state, "name": "a", "steps": []}
    group = {"kind": "group", "state": state, "name": "g", "steps": [step]}
    data = {"id": "WF-2026-007", "state": state, "steps": [group],
            "links": {"workflow": "WF-2026-007"}}  # fmt: skip
    data |= {"waits_for": "approval 015821b64b (g.a)"} if kind == "approval" else {}
    return words.reply(f"daily-backup is {state}", topic="orchestrate", data=data)


def test_a_run_that_ends_well_is_0(served: Terminal, world: World) -> None:
    """Its end is the answer."""
    runs_of(world)

    assert served(*RUN).code == 0


def test_a_run_that_fails_is_1(served: Terminal, world: World) -> None:
    """Pipelines stop there."""
    runs_of(world, "failed")

    assert served(*RUN).code == 1


def test_a_run_without_what_it_needs_is_2(served: Terminal, world: World) -> None:
    """Nothing is started, and no form is waited for where nobody sits."""
    runs = runs_of(world)

    ended = served("orchestrate", "run", "--playbook", "deploy-web-app")

    assert (ended.code, runs.requests) == (2, [])
    assert "version: needed" in ended.err


def test_a_run_that_is_not_theirs_is_3(served: Terminal, world: World) -> None:
    """Whoever may run nothing reads why."""
    runs = runs_of(world)

    ended = served(*RUN, user="vik")

    assert (ended.code, ended.out, runs.requests) == (3, "", [])
    assert "You have: viewer" in ended.err


def test_a_run_that_waits_for_people_is_4(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Once the time of whoever waits is over; the run waits on."""
    scripted.says("progress", going(words, "waiting", "approval"))
    scripted.waits()

    ended = tgk(*RUN, "--wait-timeout", "0.3", "--json")

    assert ended.code == 4
    assert "Left WF-2026-007; it waits for an approval." in ended.err
    told = json.loads(ended.out)
    assert (told["code"], told["workflow"]) == (4, "WF-2026-007")
    assert told["why"] == "approval 015821b64b (g.a)"


def test_a_run_in_an_engine_that_is_away_is_5(served: Terminal, world: World) -> None:
    """The same line may work later."""
    runs_of(world).faults.order(Unavailable("The engine", "It is not up."), times=None)

    assert served(*RUN).code == 5


def test_a_playbook_with_faults_is_6(served: Terminal, tmp_path: Any) -> None:
    """Told apart from a run that failed, by whoever checks it first."""
    (tmp_path / "playbooks").mkdir(exist_ok=True)
    (tmp_path / "playbooks" / "mine.yml").write_text("name: mine\nsteps:\n  - {comand: x}\n")

    assert served("orchestrate", "validate", "mine").code == 6


@pytest.mark.parametrize(("stands", "kind"), [("running", "command"), ("waiting", "wait")])
def test_no_more_patience_is_124(
    tgk: Terminal, scripted: ScriptedBot, words: Words, stands: str, kind: str
) -> None:
    """The limit of whoever waits is not that of the run, which is passed on as it is."""
    scripted.says("progress", going(words, stands, kind))
    scripted.waits()

    ended = tgk(*RUN, "--wait-timeout", "0.3", "--timeout", "90")

    assert ended.code == 124
    assert scripted.asked[0]["raw"]["timeout"] == 90.0
    assert "Left WF-2026-007; the run goes on." in ended.err
    assert "`tgk orchestrate status WF-2026-007` shows it" in ended.err


def test_an_interrupt_is_130_and_says_how_to_look(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """The run goes on in the bot."""
    scripted.says("progress", going(words))
    scripted.waits()

    process = tgk.start(*RUN)
    assert process.stdout
    first = process.stdout.readline().decode()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)

    assert process.returncode == 130
    assert "daily-backup is running" in first
    assert "Left WF-2026-007; the run goes on." in err.decode()
    assert "`tgk orchestrate pause WF-2026-007` holds it." in err.decode()


def test_an_interrupt_of_a_run_that_waits_says_for_whom(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """It does not go on before they have said so."""
    scripted.says("progress", going(words, "waiting", "approval"))
    scripted.waits()

    process = tgk.start(*RUN)
    assert process.stdout
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)

    assert process.returncode == 130
    assert "Left WF-2026-007; it waits for an approval." in err.decode()
    assert "Why: approval 015821b64b (g.a)" in err.decode()


def test_progress_is_told_to_the_end(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """One line for each change where nobody looks, then the end."""
    scripted.says("progress", going(words))
    scripted.says("progress", going(words, "waiting", "approval"))
    scripted.says("progress", going(words))
    scripted.says("outcome", words.outcome(title="daily-backup succeeded"))

    ended = tgk(*RUN)

    told = [line.partition(" (")[0] for line in ended.out.splitlines()]
    assert [line for line in told if "daily-backup" in line] == [
        "WF-2026-007 daily-backup is running",
        "WF-2026-007 daily-backup is waiting; approval 015821b64b",
        "WF-2026-007 daily-backup is running",
        "🚀 daily-backup succeeded",
    ]


def test_a_run_that_is_lost_with_its_bot_is_named(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Whoever waited for it reads which run it is, that it goes on, and how to look."""
    scripted.says("progress", going(words, "waiting", "approval"))  # and then nothing: a kill -9

    ended = tgk(*RUN, "--json")

    told = json.loads(ended.out)
    assert (ended.code, told["code"], told["workflow"]) == (5, 5, "WF-2026-007")
    assert "WF-2026-007" in told["what"]
    assert "goes on once the bot is back" in told["what"]
    assert "Do: `tgk orchestrate status WF-2026-007` shows it" in ended.err


def test_the_id_of_a_run_is_typed_to_force_its_end(served: Terminal, world: World) -> None:
    """It is asked for at a terminal, and told how to give elsewhere; a plain yes is none."""
    runs = runs_of(world, "")
    line = ("orchestrate", "complete", "WF-2026-001", "--force")
    start = RunRequest(playbook="daily-backup")
    asyncio.run(runs.start(start, world.caller("dana"), delivery="test"))

    piped = served(*line)
    waved = served(*line, "--yes")
    seen = served.sit_at(*line, typing="WF-2026-001\r", until="to confirm):")

    assert (piped.code, "add --typed WF-2026-001" in piped.err) == (4, True)
    assert (waved.code, "Do: Add --typed WF-2026-001." in waved.err) == (2, True)
    assert seen.code == 0
    assert "was ended by hand" in seen.out


def test_pairs_need_no_option_name(served: Terminal, world: World) -> None:
    """As in chat: what looks like one is one."""
    runs = runs_of(world)

    ended = served("orchestrate", "run", "deploy-web-app", "version=v1.4.0", "staging", "watch=60")

    assert ended.code == 0
    assert runs.requests[0].parameters == {"version": "v1.4.0", "watch": "60"}
    assert runs.requests[0].environment == "staging"
