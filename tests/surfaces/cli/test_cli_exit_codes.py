"""Every exit code of `tgk`, as documented in docs/cli.md."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from bot.runtime.settings import DEMO_PID, SOCKET_NAME
from bot.runtime.socket_file import short_name
from tgk.errors import Unavailable
from tgk.ports.pipelines import RunState

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World
    from tests.surfaces.cli.conftest import Ended, ScriptedBot, Terminal, Words


def test_success_is_0(served: Terminal) -> None:
    """What was done as asked ends with 0, in the wording people script against."""
    ended = served("status", "event-gateway")

    assert 0 == ended.code
    assert "Service: event-gateway\nState: Running\nVersion: v1.2.3\nReplicas: 2/2\n" in ended.out


def test_a_change_that_did_not_work_is_1(served: Terminal, world: World) -> None:
    """A deployment whose workflow fails ends with 1, and its end is the answer."""
    world.pipelines.states = (RunState(status="done", conclusion="failure"),)

    ended = served("deploy", "staging", "v1.4.0")

    assert 1 == ended.code
    assert "Result: failure" in ended.out


@pytest.mark.parametrize(
    "line",
    [
        "statsu",
        "status --enviroment x",
        "logs event-gateway many",
        "deploy staging",
        "status a b c",
    ],
)
def test_a_line_without_sense_is_2(tgk: Terminal, line: str) -> None:
    """Nothing is started, and no bot is needed to learn it."""
    ended = tgk(*line.split())

    assert (2, "") == (ended.code, ended.out)
    assert "was not run" in ended.err


@pytest.mark.parametrize(
    ("line", "meant"),
    [
        ("logs event-gateway -5", "--tail 5"),
        ("logs event-gateway -n 5", "--tail"),
        ("status event-gateway -e staging", "--env"),
        ("orchestrate run canary -d", "--dry-run"),
    ],
)
def test_a_short_option_leads_to_the_long_one(tgk: Terminal, line: str, meant: str) -> None:
    """Fingers remember other programs."""
    ended = tgk(*line.split())

    assert ended.code == 2
    assert f"Did you mean {meant}" in ended.err


def test_a_name_that_does_not_exist_is_2(served: Terminal) -> None:
    """The bot knows the estate; its refusal is a matter of the line, too."""
    ended = served("status", "event-gatway")

    assert 2 == ended.code
    assert "Did you mean event-gateway?" in ended.err


def test_denied_is_3(served: Terminal, world: World) -> None:
    """A viewer deploys nothing, reads why, and the refusal is in the audit log."""
    ended = served("deploy", "staging", "v1.4.0", user="vik")

    assert (3, "") == (ended.code, ended.out)
    assert "You have: viewer" in ended.err
    assert [] == world.pipelines.dispatched
    assert "denied" == world.journal.conclusions[-1][1].result


def test_a_question_that_nobody_can_be_asked_is_4(served: Terminal, world: World) -> None:
    """Without a terminal a protected deployment says how to confirm it, and starts nothing."""
    ended = served("deploy", "production", "v1.4.0")

    assert (4, "") == (ended.code, ended.out)
    assert "--yes" in ended.err
    assert [] == world.pipelines.dispatched


def test_no_bot_and_no_token_is_5(tgk: Terminal) -> None:
    """Whoever starts nothing first reads how."""
    ended = tgk("status")

    assert (5, "") == (ended.code, ended.out)
    assert "python -m bot" in ended.err


def test_a_system_that_does_not_answer_is_5(served: Terminal, world: World) -> None:
    """The command could not be done now; the same line may work later."""
    world.cluster.faults.order(Unavailable("Kubernetes", "It cannot be reached."), times=None)

    assert 5 == served("scale", "event-gateway", "3", "staging").code


def test_faults_in_the_files_are_6(tgk: Terminal, tmp_path: Path) -> None:
    """`config check` names every fault with its line."""
    broken = tmp_path / "discovery.yml"
    broken.write_text("org: {name: x}\nenviroments: {}\n")

    ended = tgk("config", "check", "--config", str(broken))

    assert 6 == ended.code
    assert f"{broken}:2:1" in ended.out


def test_an_environment_to_mend_is_78(tgk: Terminal) -> None:
    """A variable that cannot be used is named before anything else happens."""
    tgk.patch.setenv("TGK_HTTP", "nonsense")

    ended = tgk("status")

    assert (78, "") == (ended.code, ended.out)
    assert "TGK_HTTP" in ended.err


def test_a_timeout_is_124(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """The asker leaves with the id of a change that goes on."""
    scripted.says("progress", words.reply())
    scripted.waits()

    ended = tgk("deploy", "staging", "v1.4.0", "--timeout", "0.3")

    assert 124 == ended.code
    assert "It goes on in the bot." in ended.err
    assert "tgk audit query --corr" in ended.err


def test_a_read_that_takes_too_long_changed_nothing(tgk: Terminal, scripted: ScriptedBot) -> None:
    """Nobody looks for a change that never was."""
    scripted.waits()

    ended = tgk("status", "--timeout", "0.2")

    assert 124 == ended.code
    assert "Nothing was changed." in ended.err


def test_an_interrupt_is_130_and_detaches(
    tgk: Terminal,
    scripted: ScriptedBot,
    interrupt: Callable[[subprocess.Popen[bytes], ScriptedBot], Ended],
) -> None:
    """Ctrl-C leaves the change to the bot and says how to find it again."""
    scripted.waits()

    ended = interrupt(tgk.start("deploy", "staging", "v1.4.0"), scripted)

    assert 130 == ended.code
    assert "Detached from /deploy." in ended.err
    assert "Traceback" not in ended.err


def test_a_bot_that_dies_underway_is_5(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """The end of the stream without an end of the command is not a success."""
    scripted.says("progress", words.reply())

    ended = tgk("deploy", "staging", "v1.4.0")

    assert 5 == ended.code
    assert "stopped before the command ended" in ended.err


def test_something_else_on_the_socket_is_5(tgk: Terminal, scripted: ScriptedBot) -> None:
    """Bytes that are no answer of a bot end without a trace of ours."""
    scripted.lines.append(b"<html>not a bot</html>\n")

    ended = tgk("status")

    assert 5 == ended.code
    assert "Traceback" not in ended.err


@pytest.mark.parametrize(
    ("demo", "do"), [(False, "Start it again: TGK_STATE="), (True, "The demo starts it again")]
)
def test_a_bot_that_was_killed_is_said_to_be_so(
    tgk: Terminal,
    demo: bool,
    do: str,
) -> None:
    """Its socket is still there and nobody listens: where, what became of the work, what to do."""
    tgk.state.mkdir(exist_ok=True)
    with socket.socket(socket.AF_UNIX) as left, short_name(tgk.state / SOCKET_NAME) as name:
        left.bind(name)
    if demo:
        (tgk.state / DEMO_PID).write_text("4711")
    tgk.patch.setenv("TGK_STATE", str(tgk.state))

    ended = tgk("status")

    assert 5 == ended.code
    assert f"Nobody answers at {tgk.state / SOCKET_NAME}" in ended.err
    assert "What was under way is kept" in ended.err
    assert do in ended.err
