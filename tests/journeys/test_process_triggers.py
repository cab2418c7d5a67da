"""Playbooks that outside systems start, in the program itself: once, over kills, by own rights."""

from __future__ import annotations

import hashlib
import hmac
import json
import shutil
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.journeys.conftest import ROOT, says, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.journeys.conftest import Bot, Playground

pytestmark = pytest.mark.journey

SECRET = "a secret of this deployment"
REMIND = """
name: remind
parameters: [{name: what, required: true}]
triggers:
  - {type: webhook}
  - type: event
    source: monitoring
    event: critical-alert
    parameters: {what: "${event.data.labels.service}"}
steps:
  - {name: first, command: "/notify team --severity high --message 'first ${what}'"}
  - {name: rest, wait: 3s}
  - {name: second, command: "/notify team --severity high --message 'second ${what}'"}
"""


@pytest.fixture
def bot(playground: Playground, tmp_path: Path) -> Bot:
    """A bot whose files let one playbook be started from outside."""
    estate = tmp_path / "estate"
    (estate / "rbac").mkdir(parents=True)
    shutil.copytree(ROOT / "playbooks", estate / "playbooks")
    (estate / "playbooks" / "remind.yml").write_text(REMIND)
    discovery = yaml.safe_load((ROOT / "discovery.yml").read_text())
    discovery["event_gateway"]["triggers"] = {"remind": {"per_hour": 3}}
    (estate / "discovery.yml").write_text(yaml.safe_dump(discovery))
    policy = yaml.safe_load((ROOT / "rbac/policy.yml").read_text())
    policy["roles"]["reminder"] = {"permissions": ["/orchestrate run", "/notify"]}
    policy["sources"]["trigger:remind"] = {"roles": ["reminder"]}
    (estate / "rbac" / "policy.yml").write_text(yaml.safe_dump(policy))
    made = playground.bot(TGK_HOOK_SECRET=SECRET)
    made.config = estate / "discovery.yml"
    made.start()
    return made


def post(bot: Bot, path: str, body: bytes, **headers: str) -> tuple[int, Any]:
    """Post something and return status and answer."""
    asked = urllib.request.Request(f"http://{bot.http}{path}", data=body, headers=headers)
    try:
        with urllib.request.urlopen(asked, timeout=20) as answer:  # noqa: S310 - loopback
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def call(bot: Bot, delivery: str, what: str) -> tuple[int, Any]:
    """Call the webhook as docs/triggers.md says."""
    body = json.dumps({"what": what}).encode()
    message = f"{delivery}\nremind\n".encode() + body
    signature = hmac.new(SECRET.encode(), message, hashlib.sha256).hexdigest()
    headers = {"X-Delivery": delivery, "X-Sig": f"sha256={signature}"}
    return post(bot, "/hooks/remind", body, **headers)


def results(bot: Bot, command: str) -> list[str]:
    """Return how the attempts of a command ended, by the service that made them."""
    return [
        record["result"]
        for record in bot.records()
        if record.get("command") == command
        and record.get("result") not in (None, "pending")
        and "trigger:remind" in json.dumps(record)
    ]


def test_a_run_that_a_webhook_started_goes_on_over_a_kill_and_is_the_only_one(
    playground: Playground, bot: Bot
) -> None:
    """The same delivery before and after names the same run, which does everything once."""
    stage = playground.stage
    status, started = call(bot, "d-1", "tea")
    until("the first step", lambda: says(stage.heard(), "first tea") > 0)
    bot.kill()
    bot.start()
    again = call(bot, "d-1", "tea")

    assert (status, started["result"]) == (202, "started")
    assert again == (200, {"playbook": "remind", "result": "repeated", "run": started["run"]})
    until("the second step", lambda: says(stage.heard(), "second tea") > 0)
    until("the end", lambda: "success" in results(bot, "/orchestrate run"))
    assert [1, 1] == [says(stage.heard(), word) for word in ("first tea", "second tea")]
    assert ["success"] == results(bot, "/orchestrate run")


def test_alerts_start_a_playbook_once_an_episode_and_never_past_its_bound(
    playground: Playground, bot: Bot
) -> None:
    """The bound counts over a restart; what is refused is audited and told in #alerts."""

    def alert(group: str) -> tuple[int, Any]:
        labels = {"alertname": "Down", "severity": "critical", "service": group}
        one = {"status": "firing", "labels": labels, "annotations": {}}
        body = {"version": "4", "groupKey": group, "status": "firing", "alerts": [one]}
        return post(bot, "/alert", json.dumps(body).encode())

    firsts = [alert(name)[1]["starts"][0]["result"] for name in ("a", "a", "b")]
    bot.kill()
    bot.start()
    after = [alert(name)[1]["starts"][0]["result"] for name in ("a", "b", "c", "d")]

    assert ["started", "repeated", "started"] == firsts
    assert ["repeated", "repeated", "started", "limited"] == after
    assert call(bot, "d-1", "more")[0] == 429
    until(
        "word of it", lambda: says(playground.stage.seen("#alerts"), "remind was not started") > 0
    )
    until("the ends", lambda: 3 == results(bot, "/orchestrate run").count("success"), 30)
    assert 2 == results(bot, "/orchestrate run").count("denied")
