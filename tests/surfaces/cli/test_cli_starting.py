"""`tgk` in the moment in which a bot starts: it holds the log, and has no socket yet."""

from __future__ import annotations

import fcntl
from typing import TYPE_CHECKING

import pytest

from bot.cli.connection import OwnSession
from bot.cli.session import Asked
from bot.runtime.settings import AUDIT_LOG, read_settings

if TYPE_CHECKING:
    from tests.surfaces.cli.conftest import ScriptedBot, Terminal, Words

from tests.surfaces.cli.conftest import ROOT


@pytest.mark.usefixtures("log_kept")
def test_a_bot_that_has_started_meanwhile_is_asked_instead(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Its hold of the audit log is no fault; the command is handed to it, once."""
    scripted.says("outcome", words.outcome())
    with (tgk.state / f"{AUDIT_LOG}.lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        session = OwnSession(read_settings(), ROOT / "discovery.yml")

        answer = session.run(Asked(name="status", raw={}, user="dana"), lambda _: None)

    assert "success" == answer.outcome.result
    assert ["status"] == [each["name"] for each in scripted.asked]
    assert "It goes on in the bot" == session.goes_on
