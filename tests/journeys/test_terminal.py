"""`tgk` beside a real bot, as the bot itself, and as its doctor."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.runtime.settings import without_tokens
from tests.journeys.conftest import free_port, says, until

if TYPE_CHECKING:
    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey
ROOT = Path(__file__).parent.parent.parent


def start(environment: dict[str, str], *words: str, user: str = "dana") -> subprocess.Popen[str]:
    """Start tgk as a process."""
    return subprocess.Popen(
        [sys.executable, "-m", "bot.cli", *words],
        env={**environment, "TGK_USER": user}, cwd=ROOT, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def run(environment: dict[str, str], *words: str, user: str = "dana") -> tuple[int, str, str]:
    """Run tgk to its end."""
    process = start(environment, *words, user=user)
    out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def alone(playground: Playground, **more: str) -> dict[str, str]:
    """Return an environment with the tokens of the playground and no bot."""
    state = {"TGK_STATE": str(playground.folder / "own"), "TGK_HTTP": f"127.0.0.1:{free_port()}"}
    return {**without_tokens(), **playground.announced(), **state, **more}


def test_the_program_finds_its_bot_at_the_end_of_a_long_path(playground: Playground) -> None:
    """A state folder of 200 characters: the bot starts there, and tgk reaches it."""
    bot = playground.bot("x" * 200)
    bot.start()

    code, out, _ = run(bot.environment, "whoami", "--json")

    assert 0 == code
    assert "release_mgr" in out
    assert "/whoami" in [each["command"] for each in bot.records()]


def test_a_change_outlives_the_terminal_that_asked(bot: Bot) -> None:
    """Ctrl-C detaches; the deployment goes on, and is found by the id that was printed."""
    process = start(bot.environment, "deploy", "staging", "v1.4.0")
    assert process.stdout is not None
    assert "staging" in process.stdout.readline()
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=15)

    assert 130 == process.returncode
    corr = err.split("--corr ")[1].split("`")[0]

    def ended() -> bool:
        found = run(bot.environment, "audit", "query", "--corr", corr, "--result", "success")
        return "/deploy" in found[1]

    until("the end of the deployment", ended)
    assert 0 == run(bot.environment, "audit", "verify")[0]
    assert 3 == run(bot.environment, "status", user="oli")[0]


def test_without_a_bot_tgk_is_the_bot_and_reports_before_it_ends(playground: Playground) -> None:
    """Tokens are enough, as in CI: done, reported to the council, recorded, nothing left open."""
    environment = alone(playground)

    code, out, err = run(environment, "deploy", "staging", "v1.4.0")

    assert (0, "") == (code, err)
    assert "Result: done" in out
    assert 1 == says(playground.stage.heard(), "Deploy v1.4.0 → staging: done")
    assert "/deploy" in run(environment, "audit", "query", "--result", "success")[1]


def test_without_a_bot_the_council_is_not_asked_in_vain(playground: Playground) -> None:
    """Nobody would hear its answer, so nothing starts; who may not is still refused as such."""
    environment = alone(playground)

    assert 5 == run(environment, "deploy", "production", "v1.4.0", "--yes")[0]
    assert 3 == run(environment, "deploy", "production", "v1.4.0", "--yes", user="vik")[0]
    words = ("--parameters", "version=v1.4.0", "--yes", "--json")
    code, _, err = run(environment, "orchestrate", "run", "canary", *words)
    assert 5 == code
    assert "python -m bot" in err
    assert "It may be asked" in err
    assert [] == playground.stage.heard()


def test_a_change_left_early_ends_with_the_next_start(playground: Playground) -> None:
    """A time-out of our own core loses nothing: the next run goes on with it, once."""
    environment = alone(playground)

    first = run(environment, "deploy", "staging", "v1.4.0", "--timeout", "2")
    with_bot = playground.bot("own", simulated=False, **playground.announced())
    with_bot.start()

    assert 124 == first[0]
    until("the report", lambda: says(playground.stage.heard(), "→ staging: done") == 1)


def test_the_doctor_finds_a_working_world_in_order(playground: Playground) -> None:
    """Everything outside is looked at; the tokens are not shown."""
    environment = alone(playground)

    code, out, _ = run(environment, "doctor", "--json")

    found = json.loads(out)
    states = {(each["section"], each["name"]): each["state"] for each in found["findings"]}
    assert 0 == code, [each for each in found["findings"] if each["state"] == "bad"]
    for section, name in (
        ("Discord", "token"), ("Discord", "guild"), ("Telegram", "token"), ("Telegram", "topic"),
        ("Kubernetes", "production"), ("logs", "Loki"), ("metrics", "Prometheus"),
        ("model", "gpt-4o-mini"), ("clock", "skew"),
    ):  # fmt: skip
        assert "ok" == states[section, name]
    assert environment["DISCORD_TOKEN"] not in out
    assert environment["TELEGRAM_BOT_TOKEN"] not in out


def test_the_doctor_names_what_is_wrong_and_what_to_do(playground: Playground) -> None:
    """Each rejected token is a fault with a way to mend it; the rest is looked at all the same."""
    broken = {
        "DISCORD_TOKEN": "nope", "TELEGRAM_BOT_TOKEN": "1:nope", "GITHUB_TOKEN": "nope",
        "LOKI_URL": f"http://127.0.0.1:{free_port()}",
    }  # fmt: skip

    code, out, _ = run(alone(playground, **broken), "doctor", "--json")

    bad = [each for each in json.loads(out)["findings"] if each["state"] == "bad"]
    assert 5 == code
    assert ["Discord", "Telegram", "GitHub", "logs"] == [each["section"] for each in bad]
    assert all(each["do"] for each in bad)


def test_the_doctor_says_test_mode(playground: Playground) -> None:
    """Without a token the simulated world is looked at, and said to be one."""
    environment = playground.bot().environment

    code, out, _ = run(environment, "doctor")

    assert 0 == code
    assert out.startswith("TEST MODE")
    assert "✓ topic: 25782 exists" in out
