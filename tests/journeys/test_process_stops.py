"""What a stop by signal leaves behind: nothing half done, and nothing done twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.journeys.conftest import says, until
from tests.journeys.test_terminal import run

if TYPE_CHECKING:
    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey


def test_an_idle_bot_stops_with_zero_and_leaves_no_socket(bot: Bot) -> None:
    """SIGTERM ends it well within ten seconds, and the operator's socket is gone."""
    assert (bot.state / "tgk.sock").exists()

    assert bot.stop() == 0
    assert not (bot.state / "tgk.sock").exists()
    assert "Traceback" not in bot.said()
    assert "WARNING" not in bot.said()


def test_what_a_bot_writes_is_for_its_own_account(playground: Playground) -> None:
    """Also in a folder that others may look into, such as a mounted volume."""
    bot = playground.bot()
    bot.state.mkdir(mode=0o755)
    bot.start()

    modes = {path.name: path.stat().st_mode & 0o077 for path in bot.state.iterdir()}
    assert {"audit.jsonl", "tgk.sqlite", "operations.sqlite", "tgk.sock"} <= set(modes)
    assert set(modes.values()) == {0}


def test_a_question_to_the_council_outlives_a_stop(playground: Playground, bot: Bot) -> None:
    """SIGTERM while the council is asked: the same card decides after the next start."""
    stage = playground.stage
    stage.slash("dana", "#deployments", "deploy", env="production", tag="v1.4.0")
    until("the question", lambda: says(stage.seen("#deployments", "dana"), "production?") > 0)
    stage.press_in_discord("dana", "#deployments", "Deploy")
    until("the card", lambda: says(stage.heard(), "Deploy v1.4.0", "0/1 · approvals") > 0)

    assert bot.stop() == 0
    bot.start()
    stage.press_in_council("ana", "Approve")

    until("the end", lambda: says(stage.heard(), "v1.4.0 → production: done") > 0)
    assert says(stage.heard(), "v1.4.0 → production: done") == 1
    assert says(stage.heard(), "0/1 · approvals") == 0


def test_an_exception_outlives_a_kill_and_counts_once(playground: Playground, bot: Bot) -> None:
    """Asked from the refusal by somebody without the right, and approved in the next life."""
    stage, asked = playground.stage, {"service": "event-gateway", "replicas": 4}
    stage.slash("devi", "#deployments", "scale", **asked)
    until("the refusal", lambda: says(stage.seen("#deployments", "devi"), "was not done") > 0)
    stage.press_in_discord("devi", "#deployments", "Ask for approval")
    until("the card", lambda: says(stage.heard(), "Exception for devi", "0/1 · approvals") > 0)

    bot.kill()
    bot.start()
    stage.press_in_council("ana", "Approve")
    until("the end", lambda: says(stage.heard(), "event-gateway", "4 replicas") > 0)
    stage.slash("devi", "#deployments", "scale", **{**asked, "replicas": 5})

    def ends() -> list[str]:
        ended = [each for each in bot.records() if each["command"] == "/scale"]
        return [each["result"] for each in ended if each["phase"] == "outcome"]

    until("the second refusal", lambda: ends().count("denied") > 1)
    assert ends() == ["denied", "success", "denied"]


def test_a_bot_without_tokens_has_a_world_of_its_own_that_ends_with_it(
    playground: Playground,
) -> None:
    """Test mode says so in its health; after the stop nothing of it is left running."""
    bot = playground.bot(simulated=False)
    bot.start()
    assert bot.process is not None
    children = psutil.Process(bot.process.pid).children(recursive=True)

    assert bot.probe()["simulated"] is True
    assert len(children) == 1
    assert bot.stop() == 0
    _, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_world_of_its_own_ends_with_a_killed_bot_too(playground: Playground) -> None:
    """Not even kill -9 leaves a simulated world behind."""
    bot = playground.bot(simulated=False)
    bot.start()
    assert bot.process is not None
    children = psutil.Process(bot.process.pid).children(recursive=True)

    bot.kill()

    _, alive = psutil.wait_procs(children, timeout=5)
    assert len(children) == 1
    assert alive == []


def test_an_alert_card_stays_the_same_message_over_a_stop(playground: Playground, bot: Bot) -> None:
    """It fires in one life and is resolved in the next, on the same message."""
    stage = playground.stage
    stage.alert("event-gateway", firing=True)
    until("the card", lambda: says(stage.seen("#alerts"), "HighCPUUsage", "1 firing") == 1)

    assert bot.stop() == 0
    bot.start()
    stage.alert("event-gateway", firing=False)

    until("the end", lambda: says(stage.seen("#alerts"), "HighCPUUsage", "resolved") == 1)
    assert len(stage.seen("#alerts")) == 1


@pytest.mark.parametrize("pace", [1.0])
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


def test_a_run_that_is_ended_by_hand_leaves_nothing_but_lines_of_json(
    playground: Playground,
) -> None:
    """Whatever the libraries under it say of the command that is stopped."""
    bot = playground.bot()
    (bot.state / "playbooks").mkdir(parents=True)
    (bot.state / "playbooks" / "slow.yml").write_text(
        "name: slow\nsteps:\n  - name: deploy\n"
        "    command: /infra deploy --component api --version v1.4.0 --environment staging\n"
    )
    bot.start()
    stage = playground.stage
    stage.slash("alex", "#deployments", "orchestrate run", playbook="slow")
    until("the run", lambda: any("deploy" in effect for effect in stage.effects()))

    line = ("orchestrate", "complete", "WF-2026-001", "--force", "--typed", "WF-2026-001", "--yes")
    code, _, err = run(bot.environment, *line, user="alex")
    until("the end", lambda: says(stage.seen("#deployments", "alex"), "slow was ended by hand") > 0)
    bot.stop()

    assert code == 0, err
    told = [json.loads(each) for each in bot.said().splitlines()]
    assert [each for each in told if each["level"] not in ("INFO", "DEBUG")] == []
