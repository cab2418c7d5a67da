"""Platforms and systems that fail under a running bot: nothing is lost, nothing is doubled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.journeys.conftest import says, until

if TYPE_CHECKING:
    from bot.cli.stage import Stage
    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey


def _deploy_to_staging(stage: Stage) -> None:
    stage.slash("dana", "#deployments", "deploy", env="staging", tag="v1.4.0")
    until("the dispatch", lambda: says(stage.seen("#deployments"), "deploy-staging-") > 0)


def _ended_once(stage: Stage, bot: Bot) -> None:
    """Wait for the end in both places, and require one workflow, one report, one record."""
    done = "v1.4.0 → staging: done"
    until("the end", lambda: says(stage.seen("#deployments"), done) > 0)
    until("the report", lambda: says(stage.heard(), done) > 0)
    assert says(stage.heard(), done) == 1
    words = {word for text in stage.seen("#deployments") for word in text.split()}
    assert len([word for word in words if word.startswith("deploy-staging-")]) == 1
    ends = [r for r in bot.records() if r["command"] == "/deploy" and r["result"] == "success"]
    assert len(ends) == 1


def test_a_rejected_discord_token_leaves_telegram_at_work(playground: Playground) -> None:
    """No fall-back to simulation: refused, with the variable to set; Telegram answers."""
    environment = {**playground.announced(), "DISCORD_TOKEN": "not-the-bots-token"}
    bot = playground.bot(simulated=False, **environment)
    bot.launch()

    until("the refusal", lambda: bot.platform("discord").get("state") == "refused")
    until("Telegram", lambda: bot.platform("telegram").get("state") == "up")
    playground.stage._post(
        "/telegram/say", {"user": "vik", "chat": "council", "text": "/status event-gateway"}
    )
    until("an answer", lambda: says(playground.stage.heard(), "event-gateway", "v1.2.3") > 0)

    health = bot.probe()
    assert "DISCORD_TOKEN" in health["platforms"]["discord"]["why"]
    assert health["simulated"] is False
    assert health["alive"] is True
    assert bot.probe("/readyz")["platforms"]["discord"]["state"] == "refused"
    assert "not-the-bots-token" not in bot.said()
    assert bot.stop() == 0


def test_a_rejected_telegram_token_leaves_discord_at_work(playground: Playground) -> None:
    """The same the other way round."""
    environment = {**playground.announced(), "TELEGRAM_BOT_TOKEN": "7000000:not-the-bots-token"}
    bot = playground.bot(simulated=False, **environment)
    bot.launch()

    until("the refusal", lambda: bot.platform("telegram").get("state") == "refused")
    until("Discord", lambda: bot.platform("discord").get("state") == "up")
    stage = playground.stage
    stage.slash("vik", "#cluster-status", "status", service="event-gateway")
    until("an answer", lambda: says(stage.seen("#cluster-status"), "v1.2.3") > 0)

    assert "TELEGRAM_BOT_TOKEN" in bot.platform("telegram")["why"]
    assert "not-the-bots-token" not in bot.said()
    assert bot.stop() == 0


def test_without_discord_in_the_environment_it_is_off_and_not_simulated(
    playground: Playground,
) -> None:
    """Some tokens: the rest is off with the reason, and the bot is ready with what it has."""
    environment = playground.announced()
    del environment["DISCORD_TOKEN"]
    bot = playground.bot(simulated=False, **environment)
    bot.start()

    discord = bot.platform("discord")
    assert (discord["state"], discord["why"]) == ("off", "DISCORD_TOKEN is not set")
    assert bot.probe()["simulated"] is False
    assert bot.stop() == 0


def test_telegram_down_at_start_delays_its_messages_and_nothing_else(
    playground: Playground,
) -> None:
    """Discord deploys meanwhile; the council reads the report once its platform is back."""
    playground.faults(telegram=True)
    bot = playground.bot()
    bot.launch()
    stage = playground.stage
    until("Discord", lambda: bot.platform("discord").get("state") == "up")
    assert bot.platform("telegram")["state"] != "up"

    _deploy_to_staging(stage)
    until("the end", lambda: says(stage.seen("#deployments"), "v1.4.0 → staging: done") > 0)
    assert [] == stage.heard()
    playground.faults(telegram=False)

    _ended_once(stage, bot)
    until("Telegram", lambda: bot.platform("telegram").get("state") == "up")
    assert bot.stop() == 0


def test_a_gateway_lost_in_a_deployment_costs_it_nothing(playground: Playground, bot: Bot) -> None:
    """The connection is cut without a word; the deployment ends and is reported once."""
    stage = playground.stage
    _deploy_to_staging(stage)

    playground.faults(gateway=True)

    _ended_once(stage, bot)
    until("the reconnection", lambda: bot.platform("discord").get("state") == "up")
    stage.slash("vik", "#cluster-status", "status", service="refinory-api")
    until("an answer", lambda: says(stage.seen("#cluster-status"), "refinory-api") > 0)
    assert bot.stop() == 0


def test_discord_down_in_a_deployment_delays_what_it_shows(
    playground: Playground, bot: Bot
) -> None:
    """Every call is refused for a while; the council hears the end, Discord shows it later."""
    stage = playground.stage
    _deploy_to_staging(stage)

    playground.faults(discord=True)
    until("the report", lambda: says(stage.heard(), "v1.4.0 → staging: done") > 0)
    playground.faults(discord=False)

    _ended_once(stage, bot)
    assert bot.stop() == 0


@pytest.mark.parametrize("pace", [1.0])
def test_github_failing_in_a_deployment_is_said_and_outlasted(
    playground: Playground, bot: Bot
) -> None:
    """502 in the middle: the card says that it still tries, then goes on to the end."""
    stage = playground.stage
    _deploy_to_staging(stage)

    playground.faults(github=True)
    until("the trouble", lambda: says(stage.seen("#deployments"), "still trying") > 0)
    playground.faults(github=False)

    _ended_once(stage, bot)
    assert bot.stop() == 0


def test_metrics_and_health_follow_the_platforms(playground: Playground, bot: Bot) -> None:
    """Up on both, then one is lost: /readyz fails, /healthz does not, and it comes back."""
    import urllib.request

    def up() -> dict[str, float]:
        with urllib.request.urlopen(f"http://{bot.http}/metrics", timeout=2) as answer:
            lines = answer.read().decode().splitlines()
        assert 'tgk_given_up_total{what="messages"} 0.0' in lines
        rows = [line for line in lines if line.startswith("tgk_platform_up{")]
        return {row.split('"')[1]: float(row.rpartition(" ")[2]) for row in rows}

    assert {"discord": 1.0, "telegram": 1.0} == up()
    health = bot.probe()
    assert health["simulated"] is True
    assert health["engine"] is True
    assert health["audit"]["damages"] == []

    playground.faults(discord=True)
    until("the loss", lambda: up()["discord"] == 0.0)
    assert bot.probe()["alive"] is True
    assert bot.probe("/readyz")["platforms"]["telegram"]["state"] == "up"
    playground.faults(discord=False)
    until("the return", lambda: up()["discord"] == 1.0)
