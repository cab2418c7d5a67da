"""What a stop by signal leaves behind: nothing half done, and nothing done twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.conftest import says, until

if TYPE_CHECKING:
    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey


def test_an_idle_bot_stops_with_zero_and_leaves_no_socket(bot: Bot) -> None:
    """SIGTERM ends it well within ten seconds, and the operator's socket is gone."""
    assert (bot.state / "tgk.sock").exists()

    assert bot.stop() == 0
    assert not (bot.state / "tgk.sock").exists()
    assert "Traceback" not in bot.said()


def test_a_deployment_cut_off_by_a_stop_is_finished_once_after_the_next_start(
    playground: Playground, bot: Bot
) -> None:
    """SIGTERM in its middle exits 0; the next life follows the same workflow to its end."""
    stage = playground.stage
    stage.slash("dana", "#deployments", "deploy", env="staging", tag="v1.4.0")
    until("the dispatch", lambda: says(stage.seen("#deployments"), "deploy-staging-") > 0)

    assert bot.stop() == 0
    assert says(stage.seen("#deployments"), "staging: done") == 0
    bot.start()

    until("the end", lambda: says(stage.seen("#deployments"), "v1.4.0 → staging: done") > 0)
    until("the report", lambda: says(stage.heard(), "v1.4.0 → staging: done") > 0)
    assert says(stage.heard(), "v1.4.0 → staging: done") == 1
    runs = {word for text in stage.seen("#deployments") for word in text.split()}
    assert len([word for word in runs if word.startswith("deploy-staging-")]) == 1
    ends = [r for r in bot.records() if r["command"] == "/deploy" and r["result"] == "success"]
    assert len(ends) == 1
    assert "Traceback" not in bot.said()
