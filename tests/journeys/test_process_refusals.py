"""What a bot that cannot start says: one clear message, the right exit code, nothing touched."""

from __future__ import annotations

import contextlib
import shutil
import socket
import sqlite3
from typing import TYPE_CHECKING

import pytest

from tests.journeys.conftest import ROOT, says, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey

CONFIGURATION, UNAVAILABLE = 78, 69


def _expect_refusal(bot: Bot, code: int, *words: str) -> str:
    """Launch, require the exit code and a short message with these words, and return it."""
    bot.launch()
    assert bot.exit_code() == code, bot.said()
    said = bot.said()
    assert "Traceback" not in said
    assert len(said) < 2000
    for word in words:
        assert word in said
    return said


def _nothing_sent(playground: Playground) -> None:
    assert [] == playground.stage.council()
    assert [] == playground.stage.discord("#deployments")


@pytest.fixture
def estate(tmp_path: Path) -> Path:
    """A copy of the shipped files, to be spoiled."""
    folder = tmp_path / "estate"
    (folder / "rbac").mkdir(parents=True)
    shutil.copy(ROOT / "discovery.yml", folder)
    shutil.copy(ROOT / "rbac/policy.yml", folder / "rbac")
    return folder


def _spoil(path: Path, old: str, new: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def test_faults_of_both_files_are_named_at_once(playground: Playground, estate: Path) -> None:
    """Each with file and line; exit 78; no state folder, no message."""
    _spoil(estate / "discovery.yml", "thread: 25782", "thread: somewhere")
    _spoil(estate / "rbac/policy.yml", "roles: [viewer]", "roles: [veiwer]")
    bot = playground.bot()
    bot.config = estate / "discovery.yml"

    said = _expect_refusal(
        bot, CONFIGURATION, "discovery.yml:", "policy.yml:", "2 faults", "veiwer"
    )

    assert "viewer" in said.replace("veiwer", "")
    assert not bot.state.exists()
    _nothing_sent(playground)


def test_a_file_that_is_not_yaml_is_named_with_its_line(
    playground: Playground, estate: Path
) -> None:
    """A stray tab is told like any other fault."""
    _spoil(estate / "discovery.yml", "discord:\n", "discord: [\n")
    bot = playground.bot()
    bot.config = estate / "discovery.yml"

    _expect_refusal(bot, CONFIGURATION, "discovery.yml:")


def test_every_fault_of_the_environment_is_named_at_once(playground: Playground) -> None:
    """Variable by variable; the values, which may be secrets, are not repeated."""
    bot = playground.bot(LOG_LEVEL="LOUD-secret", TGK_HTTP="nonsense", TELEGRAM_API_URL="ftp://x")

    said = _expect_refusal(bot, CONFIGURATION, "LOG_LEVEL", "TGK_HTTP", "TELEGRAM_API_URL")

    assert "LOUD-secret" not in said
    assert not bot.state.exists()


def test_an_occupied_port_is_named_before_anything_starts(playground: Playground) -> None:
    """Exit 78 with the address; no platform was entered and no store was made."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        bot = playground.bot(TGK_HTTP=address)
        _expect_refusal(bot, CONFIGURATION, address, "in use", "TGK_HTTP")

    assert not (bot.state / "tgk.sqlite").exists()
    assert not (bot.state / "audit.jsonl").exists()
    _nothing_sent(playground)


def test_a_second_bot_on_the_same_state_leaves_the_first_alone(
    playground: Playground, bot: Bot
) -> None:
    """Exit 69 names what is taken; the first one goes on to answer, also on its socket."""
    second = playground.bot(TGK_HTTP="127.0.0.1:0")

    _expect_refusal(second, UNAVAILABLE, "audit.jsonl")

    assert bot.is_ready()
    assert (bot.state / "tgk.sock").exists()
    stage = playground.stage
    stage.slash("vik", "#cluster-status", "whoami")
    until("an answer", lambda: says(stage.seen("#cluster-status", "vik"), "viewer") > 0)
    assert bot.stop() == 0


@pytest.mark.parametrize("place", ["file", "missing"])
def test_a_state_folder_that_cannot_be_used_is_named(
    playground: Playground, tmp_path: Path, place: str
) -> None:
    """A file in its place, or a file system that makes no folders: exit 78 and the variable."""
    (tmp_path / "taken").touch()
    state = tmp_path / "taken" if place == "file" else "/proc/tgk-state"
    bot = playground.bot(TGK_STATE=str(state))

    _expect_refusal(bot, CONFIGURATION, "TGK_STATE", str(state))
    _nothing_sent(playground)


def test_a_world_that_is_not_there_is_unavailable(playground: Playground) -> None:
    """Exit 69 and what to start."""
    bot = playground.bot(TGK_SANDBOX_URL="http://127.0.0.1:1")

    _expect_refusal(bot, UNAVAILABLE, "http://127.0.0.1:1", "python -m sandbox")


def test_a_token_beside_a_simulated_world_is_refused(playground: Playground) -> None:
    """Never a mixture of real and simulated; the token is not repeated."""
    bot = playground.bot(DISCORD_TOKEN="some-real-token")

    said = _expect_refusal(bot, CONFIGURATION, "TGK_SANDBOX_URL")

    assert "some-real-token" not in said
    assert says([said], "simulated") == 1


def test_a_store_of_a_newer_version_is_left_alone(playground: Playground) -> None:
    """After a downgrade: one message, and the version and tables stay as they were."""
    bot = playground.bot()
    bot.state.mkdir()
    (bot.state / "simulated").touch()
    store = bot.state / "tgk.sqlite"
    with contextlib.closing(sqlite3.connect(store)) as connection:
        connection.execute("PRAGMA user_version = 9999")

    _expect_refusal(bot, UNAVAILABLE, "newer")

    with contextlib.closing(sqlite3.connect(store)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (9999,)
        assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    _nothing_sent(playground)


def test_a_store_that_is_no_database_is_named(playground: Playground) -> None:
    """A damaged file is for a person to look at, not for the bot to replace."""
    bot = playground.bot()
    bot.state.mkdir()
    (bot.state / "simulated").touch()
    (bot.state / "tgk.sqlite").write_bytes(b"not a database, " * 512)

    _expect_refusal(bot, UNAVAILABLE, "database")

    assert (bot.state / "tgk.sqlite").read_bytes() == b"not a database, " * 512


def test_a_spoiled_salt_is_named(playground: Playground) -> None:
    """Masking never goes on with something else."""
    bot = playground.bot()
    bot.state.mkdir()
    (bot.state / "redaction.salt").write_bytes(b"short")

    _expect_refusal(bot, CONFIGURATION, "redaction.salt", "32 bytes")
