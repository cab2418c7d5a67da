"""The demo's story: what people do, what the bot answers, and how each step must end."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from bot.cli.stage import Stage

WITHIN = 20.0
_DISPATCHED = "dispatched deploy.yml environment=production tag=v1.5.0 service=event-gateway"
CANARY_EFFECTS = [
    f"{_DISPATCHED} canary=true percentage=5",
    "scaled production/event-gateway-canary from 0 to 1",
    "scaled production/event-gateway-canary from 1 to 2",
    "asked /operations/hooks/{secret}: 200",
]
"""What the canary does to the world, each once; half of two replicas is what ran already."""
CANARY_STEPS = [
    "/infra deploy", "/monitor metrics",
    "/infra scale", "/monitor health", "/monitor metrics",
    "/infra scale", "/monitor health", "/monitor metrics",
    "/notify team",
]  # fmt: skip


class StoryFailed(Exception):
    """A step did not end as it must."""


class Bot(Protocol):
    """The process in the story."""

    def start(self) -> None:
        """Start it."""

    def kill(self) -> None:
        """Kill it."""

    def tgk(self, *words: str, user: str = "alex") -> subprocess.CompletedProcess[str]:
        """Run the terminal program."""


def tell_story(stage: Stage, bot: Bot, say: Callable[[str], None]) -> None:
    """Play every step, saying what happens; raises StoryFailed at the first that ends wrongly."""
    for step in (_look, _refusal, _approval, _alert, _question, _kill, _canary, _proof):
        step(stage, bot, say)


def _wait(what: str, holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + WITHIN
    while time.monotonic() < deadline:
        if holds():
            return
        time.sleep(0.1)
    raise StoryFailed(f"{what} did not happen within {WITHIN:.0f} s")


def _any(texts: list[str], *words: str) -> bool:
    return any(all(word in text for word in words) for text in texts)


def _look(stage: Stage, _: Bot, say: Callable[[str], None]) -> None:
    say("vik (viewer), Discord #cluster-status: /status event-gateway")
    stage.slash("vik", "#cluster-status", "status", service="event-gateway")
    _wait("the status card", lambda: _any(stage.seen("#cluster-status"), "Running", "v1.2.3"))
    say("  -> Running, v1.2.3, 2/2, with a picture of its CPU")


def _refusal(stage: Stage, _: Bot, say: Callable[[str], None]) -> None:
    say("vik, Discord #deployments: /deploy staging v1.4.0")
    stage.slash("vik", "#deployments", "deploy", env="staging", tag="v1.4.0")
    _wait("the refusal", lambda: _any(stage.seen("#deployments", "vik"), "not done", "release_mgr"))
    if _any(stage.seen("#deployments", "dana"), "not done"):
        raise StoryFailed("others can read vik's refusal")
    say("  -> refused, privately: needs release_mgr or admin, vik is a viewer")


def _approval(stage: Stage, _: Bot, say: Callable[[str], None]) -> None:
    say("dana (release manager), Discord: /deploy production v1.4.0, and confirms")
    stage.slash("dana", "#deployments", "deploy", env="production", tag="v1.4.0")
    _wait("the confirmation", lambda: _any(stage.seen("#deployments", "dana"), "production?"))
    stage.press_in_discord("dana", "#deployments", "Deploy")
    _wait("the council's card", lambda: _any(stage.heard(), "Deploy v1.4.0", "0/1 · approvals"))
    say("  -> the council is asked in Telegram, thread 25782")
    stage.press_in_council("oli", "Approve")
    _wait("the outsider's refusal", lambda: _any(stage.popups(), "not done", "no role"))
    say("oli (outsider), Telegram: presses Approve -> refused with the reason")
    stage.press_in_council("ana", "Approve")
    _wait("the approval", lambda: _any(stage.seen("#deployments"), "Approved by ana"))
    say("ana (council), Telegram: presses Approve -> both platforms show it")
    _wait("the report", lambda: _any(stage.heard(), "v1.4.0 → production: done"))
    say("  -> deployed; the report is in #deployments and in the council's thread")


def _alert(stage: Stage, _: Bot, say: Callable[[str], None]) -> None:
    say("Alertmanager: HighCPUUsage on event-gateway fires, then resolves")
    stage.alert("event-gateway", firing=True)
    _wait("the alert card", lambda: _any(stage.seen("#alerts"), "HighCPUUsage", "1 firing"))
    stage.alert("event-gateway", firing=False)
    _wait("the resolved card", lambda: _any(stage.seen("#alerts"), "HighCPUUsage", "resolved"))
    if len(stage.seen("#alerts")) != 1:
        raise StoryFailed("the alert has more than one card")
    say("  -> one card in #alerts, edited from firing to resolved")


def _question(stage: Stage, _: Bot, say: Callable[[str], None]) -> None:
    say("devi (developer), Discord #agents: /ask what is the deployment strategy for valoryield")
    query = "What's the current deployment strategy for valoryield?"
    stage.slash("devi", "#agents", "ask", query=query)
    _wait("the answer", lambda: _any(stage.seen("#agents"), "blue-green", "[1]", "gpt-4o-mini"))
    say("  -> answered from the runbook, with its source and the model's name")


def _kill(stage: Stage, bot: Bot, say: Callable[[str], None]) -> None:
    say("dana: /deploy staging v1.4.0 - and the bot is killed in the middle of it (kill -9)")
    stage.slash("dana", "#deployments", "deploy", env="staging", tag="v1.4.0")
    _wait("the dispatch", lambda: _any(stage.seen("#deployments"), "deploy-staging-1235"))
    bot.kill()
    bot.start()
    _wait("the end", lambda: _any(stage.seen("#deployments"), "v1.4.0 → staging: done"))
    reports = [text for text in stage.heard() if "v1.4.0 → staging: done" in text]
    _wait("the council's report", lambda: _any(stage.heard(), "v1.4.0 → staging: done"))
    if len(reports) > 1 or _any(stage.seen("#deployments"), "deploy-staging-1236"):
        raise StoryFailed("the deployment was done or reported twice")
    say("  -> restarted, it follows the same workflow to its end; nothing was started twice")


def _canary(stage: Stage, bot: Bot, say: Callable[[str], None]) -> None:
    say("dana: /orchestrate run canary, v1.5.0 beside what serves production, then 50 and 100 %")
    before = len(stage.effects())
    given = "version=v1.5.0 shares=50,100 watch=2"
    stage.slash("dana", "#deployments", "orchestrate run", playbook="canary", parameters=given)
    _wait("the council's card", lambda: _any(stage.heard(), "Deploy canary api v1.5.0", "0/1"))
    _wait("the run's picture", lambda: _any(stage.pictures("#deployments"), "canary", "0 of 7"))
    say("  -> a run of seven steps, drawn in #deployments; the council is asked in Telegram")
    bot.kill()
    bot.start()
    say("  -> killed while it waits (kill -9) and started again: the question still stands")
    stage.press_in_council("ana", "Approve")
    _wait("the canary's start", lambda: _any(stage.pictures("#deployments"), "✓ deploy-canary"))
    say("ana (council), Telegram: presses Approve -> 5 % of the traffic, and a look at the figures")
    _wait("the canary's end", lambda: _any(stage.seen("#deployments"), "canary succeeded"))
    _wait("the council's report", lambda: _any(stage.heard(), "canary succeeded", "7/7"))
    _exactly_once(stage, before)
    say("  -> 50, then 100 %; everything was done once, and both platforms have the report")


def _exactly_once(stage: Stage, before: int) -> None:
    done = [each.partition(" correlation_id=")[0] for each in stage.effects()[before:]]
    if done != CANARY_EFFECTS:
        raise StoryFailed(f"the canary did this: {done}")
    told = [text for text in stage.heard() if "canary succeeded" in text]
    if len(told) != 1:
        raise StoryFailed(f"the canary was reported {len(told)} times")


def _proof(stage: Stage, bot: Bot, say: Callable[[str], None]) -> None:  # noqa: ARG001 - one signature
    found = bot.tgk("status", "event-gateway", "--plain")
    if found.returncode != 0 or "Version: v1.4.0" not in found.stdout:
        raise StoryFailed(f"the terminal said {found.stdout!r} {found.stderr!r}")
    say("alex, terminal: tgk status event-gateway -> v1.4.0")
    proof = bot.tgk("audit", "verify")
    if proof.returncode != 0:
        raise StoryFailed(f"the audit log is not intact: {proof.stdout}")
    records = proof.stdout.split(maxsplit=1)[0]
    denied = bot.tgk("audit", "query", "--result", "denied").stdout
    if "vik" not in denied or "/deploy" not in denied:
        raise StoryFailed("the refusal is not in the audit log")
    steps = _steps_of_runs(bot.tgk("audit", "query", "--json", "--result", "success").stdout)
    if steps != CANARY_STEPS:
        raise StoryFailed(f"the audit log tells these steps of the canary: {steps}")
    say(f"alex, terminal: tgk audit verify -> intact, {records} records, refusals included")


def _steps_of_runs(records: str) -> list[str]:
    """Return the commands that runs gave, in order, as the audit log tells of their ends."""
    found = [json.loads(line) for line in records.splitlines()]
    ends = [each for each in found if each.get("delivery", "").startswith("run:")]
    return [each["command"] for each in reversed(ends) if each["phase"] == "outcome"]
