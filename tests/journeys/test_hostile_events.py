"""What repositories, monitoring and logs say is shown as words, whole or attached, and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.play import _pull_request
from tests.journeys.hostile_words import EVERYONE, HIDDEN, SECRETIVE, VALUES
from tests.journeys.hostile_world import hostile_world

if TYPE_CHECKING:
    from tests.journeys.hostile_world import Hostile

pytestmark = pytest.mark.journey


def notification(alerts: list[dict[str, Any]], group: str, **more: Any) -> dict[str, Any]:
    """Return what Alertmanager posts for one group."""
    return {
        "version": "4", "groupKey": group, "truncatedAlerts": 0, "status": "firing",
        "receiver": "tgk", "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {},
        "externalURL": "http://alertmanager.example", "alerts": alerts, **more,
    }  # fmt: skip


def alert(labels: dict[str, str], summary: str = "", **more: str) -> dict[str, Any]:
    """Return one firing alert."""
    return {
        "status": "firing", "labels": labels, "annotations": {"summary": summary, **more},
        "startsAt": "2026-01-15T10:23:45Z", "endsAt": "0001-01-01T00:00:00Z",
        "generatorURL": f"http://prometheus.example/graph?g0.expr={summary[:50]}",
        "fingerprint": "a1b2c3d4e5f60718",
    }  # fmt: skip


async def shown_in(world: Hostile, channel: str, count: int) -> None:
    """Wait until a channel has so many messages and nothing more is to be sent."""
    await world.settled()
    assert len(world.stage.discord.messages(channel)) == count


async def test_a_thousand_alerts_in_one_group_are_one_message_with_the_rest_attached() -> None:
    """Every label and annotation is hostile; the card stays within every limit."""
    alerts = [
        alert({"alertname": VALUES[n % len(VALUES)][:300], "service": VALUES[-n % 50][:200],
               f"label_{n}": EVERYONE}, VALUES[(n * 7) % len(VALUES)][:500])
        for n in range(1000)
    ]  # fmt: skip
    async with hostile_world() as world:
        assert await world.alert(notification(alerts, "thousand")) == 200
        await shown_in(world, "#alerts", 1)

        world.assert_sound()
        files = [u for e in world.stage.discord.requests.all() for u in e.files]
        assert any(b"label_999" in upload.content for upload in files)


async def test_every_hostile_word_in_every_part_of_an_alert_is_only_shown() -> None:
    """Names, services, severities, summaries, runbooks and links, one group for each word."""
    async with hostile_world() as world:
        for number, value in enumerate(VALUES):
            one = alert({"alertname": value, "service": value, "severity": value}, value,
                        runbook_url=f"https://evil.example/{value}")  # fmt: skip
            one["generatorURL"] = f"https://evil.example/?q={value}"
            common = {"commonLabels": one["labels"], "commonAnnotations": one["annotations"]}
            assert await world.alert(notification([one], f"g{number}{value}", **common)) == 200
        await shown_in(world, "#alerts", len(VALUES))

        world.assert_sound()


async def test_an_annotation_of_200_kilobytes_is_one_message() -> None:
    """The card shows its beginning and carries the whole as a file."""
    huge = "<@everyone> ```" * 14_000
    async with hostile_world() as world:
        assert await world.alert(notification([alert({"alertname": "Big"}, huge)], "big")) == 200
        await shown_in(world, "#alerts", 1)

        world.assert_sound()


async def test_secrets_in_alerts_and_events_are_masked_wherever_they_are_shown_or_kept() -> None:
    """Labels, annotations, links, titles and commits; the inbox forgets them once handled."""
    async with hostile_world(level="DEBUG") as world:
        for number, value in enumerate(SECRETIVE):
            one = alert({"alertname": value, "service": value}, value, runbook_url=value)
            one["generatorURL"] = f"https://prometheus.example/{value}"
            common = {"commonLabels": one["labels"], "commonAnnotations": one["annotations"]}
            sent = notification([one], value, **common)
            assert await world.alert(sent) == 200
            assert await world.git("pull_request", _pull_request("opened", value), f"p{number}")
            assert await world.git("push", push(value), f"q{number}") == 200
        await world.settled()

        world.assert_sound(secrets=HIDDEN.values())


def push(message: str, branch: str = "main") -> dict[str, Any]:
    """Return the parts of GitHub's push event that matter."""
    return {
        "ref": f"refs/heads/{branch}", "after": f"{abs(hash(message)):040x}"[:40],
        "compare": f"https://github.com/a/b/compare/{message[:80]}",
        "commits": [{"id": "0123456789abcdef", "message": message}] * 12,
        "pusher": {"name": message}, "repository": {"full_name": f"a/{message[:40]}"},
    }  # fmt: skip


async def test_hostile_titles_branches_and_authors_are_only_shown() -> None:
    """Pull requests, pushes and checks, by anybody who can open one."""
    async with hostile_world() as world:
        for number, value in enumerate(VALUES):
            request = _pull_request("opened", value)
            request["number"] = number
            request["pull_request"]["user"]["login"] = value
            request["pull_request"]["head"]["ref"] = value
            request["repository"]["full_name"] = value
            checks = {"action": "completed", "repository": {"full_name": "a/b"}, "check_suite": {
                "id": number, "head_branch": value, "head_sha": value, "conclusion": value,
                "app": {"name": value}}}  # fmt: skip
            assert await world.git("pull_request", request, f"p{number}") == 200
            assert await world.git("push", push(value), f"q{number}") == 200
            assert await world.git("check_suite", checks, f"c{number}") == 200
        await world.settled()

        world.assert_sound()
        assert len(world.stage.discord.messages("#prs")) == len(VALUES)


SHAPES: tuple[Any, ...] = (
    {"pull_request": 7},
    {"pull_request": {"title": ["x"]}, "number": {}},
    {"commits": "x"},
    {"check_suite": None, "repository": []},
    {"number": "9" * 400, "action": {"a": 1}},
)


async def test_an_event_of_an_unknown_shape_is_answered_and_recorded() -> None:
    """GitHub, or somebody with its secret, may send anything under any name."""
    async with hostile_world() as world:
        for number, payload in enumerate(SHAPES):
            for event in ("pull_request", "push", "check_suite", EVERYONE[:100]):
                status = await world.git(event, payload, f"d{number}-{event[:9]}")
                assert status < 500, event
        await world.settled()

        world.assert_sound()


async def test_hostile_and_secret_log_lines_are_shown_harmlessly_on_both_platforms() -> None:
    """Five thousand lines, one of 20 kB, escapes, and every secret that the redactor knows."""
    async with hostile_world(level="DEBUG") as world:
        unit = world.stage.world.unit("production", "event-gateway")
        assert unit is not None
        for number in range(5000):
            world.stage.world.write(unit, "error", f"{number} {VALUES[number % len(VALUES)]}"[:200])
        world.stage.world.write(unit, "error", "w" * 20_000)
        world.stage.world.write(unit, "info", "\x1b[2J\x1b]0;owned\x07\x1b[31mred")
        for value in (*SECRETIVE, EVERYONE):
            world.stage.world.write(unit, "warn", value)

        for tail in (5000, 50, 18):
            await world.slash("devi", "logs", {"service": "event-gateway", "tail": tail})
        await world.type("devi", "/logs event-gateway 5000")
        await world.type("devi", "/logs event-gateway 18")
        await world.mention("devi", "logs event-gateway 5000")
        await world.settled()

        world.assert_sound(secrets=HIDDEN.values())
