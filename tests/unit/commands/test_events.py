"""Alerts and repository events: one message each, edited, and only where routes say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import World


def notification(status: str, *names: str, group: str = "g") -> dict[str, Any]:
    """Return a group of alerts as Alertmanager sends it."""
    labels = {"alertname": "HighCPUUsage", "service": "event-gateway", "severity": "critical"}
    alerts = [
        {
            "status": status,
            "labels": {**labels, "instance": name},
            "annotations": {"summary": "CPU usage above 80%"},
            "startsAt": "2026-01-15T10:00:00Z",
            "endsAt": "2026-01-15T10:23:00Z",
        }
        for name in names or ("a",)
    ]
    return {
        "version": "4", "groupKey": group, "status": status, "receiver": "tgk",
        "commonLabels": labels, "commonAnnotations": {"summary": "CPU usage above 80%"},
        "alerts": alerts,
    }  # fmt: skip


async def test_a_group_is_one_card_edited_until_it_is_resolved(world: World) -> None:
    """Firing, firing more, resolved: one key; the next episode gets another one."""
    for payload in (notification("firing"), notification("firing", "a", "b")):
        await world.webhook("alert", "alertmanager", payload)
    resolved = await world.webhook("alert", "alertmanager", notification("resolved"))
    keys = world.board.keys
    await world.webhook("alert", "alertmanager", notification("firing"))

    assert 1 == len(keys)
    assert [3] == [len(world.board.of(key)) for key in keys]
    assert resolved.reply.tone == "ok"
    assert 2 == len(world.board.keys)


async def test_a_thousand_alerts_in_a_group_are_all_there(world: World) -> None:
    """The card counts them and attaches every line."""
    payload = notification("firing", *(f"node-{n}" for n in range(1000)))

    outcome = await world.webhook("alert", "alertmanager", payload)

    lines = outcome.reply.blocks[-1].lines  # type: ignore[union-attr]
    assert 1000 == len(lines)
    assert outcome.reply.data["firing"] == 1000


async def test_the_seeds_own_payload_is_understood(world: World) -> None:
    """Only ``alerts`` with status, labels and annotations is needed."""
    payload = {
        "alerts": [
            {
                "status": "firing",
                "labels": {"alertname": "HighCPUUsage", "service": "event-gateway"},
                "annotations": {"summary": "CPU usage above 80%"},
            }
        ]
    }

    outcome = await world.webhook("alert", "alertmanager", payload)

    assert outcome.result == "success"
    assert outcome.reply.title == "HighCPUUsage · event-gateway"
    assert {"status", "logs"} == {action.command for action in outcome.reply.actions}


async def test_garbage_is_refused_as_invalid(world: World) -> None:
    """What is not a notification says so and shows nothing."""
    outcome = await world.webhook("alert", "alertmanager", {"alerts": "many"})

    assert outcome.result == "invalid"
    assert () == tuple(world.board.keys)


def pull_request(action: str, *, merged: bool = False) -> dict[str, Any]:
    """Return an event as the gateway hands it on."""
    payload = {
        "action": action,
        "number": 42,
        "pull_request": {
            "title": "Add `@everyone` a thing",
            "merged": merged,
            "html_url": "https://github.com/org/repo/pull/42",
            "user": {"login": "dana"},
            "head": {"ref": "feature"},
            "base": {"ref": "main"},
        },
        "repository": {"full_name": "org/repo"},
    }
    return {"event": "pull_request", "payload": payload}


async def test_a_pull_request_is_one_card_through_its_life(world: World) -> None:
    """Opened and merged edit the same message in #prs."""
    await world.webhook("git", "github", pull_request("opened"))
    await world.webhook("git", "github", pull_request("closed", merged=True))

    assert ["git:#prs:pr:org/repo#42"] == list(world.board.keys)
    assert world.board.last("git:#prs:pr:org/repo#42").tone == "ok"


@pytest.mark.parametrize("action", ["labeled", "synchronize", "edited"])
async def test_an_action_no_route_names_is_answered_as_ignored(world: World, action: str) -> None:
    """The sender is told, nobody else is."""
    outcome = await world.webhook("git", "github", pull_request(action))

    assert "no route" in outcome.reply.data["ignored"]
    assert () == tuple(world.board.keys)


@pytest.mark.parametrize(
    ("branch", "shown"), [("main", True), ("release/1.4", True), ("feature/x", False)]
)
async def test_pushes_are_routed_by_branch(world: World, branch: str, *, shown: bool) -> None:
    """Globs of the route decide."""
    payload = {
        "ref": f"refs/heads/{branch}", "after": "abc", "pusher": {"name": "dana"},
        "repository": {"full_name": "org/repo"},
        "commits": [{"id": "0123456789", "message": "Fix it\n\nmore"}],
    }  # fmt: skip

    await world.webhook("git", "github", {"event": "push", "payload": payload})

    assert shown == bool(world.board.keys)


async def test_the_end_of_what_was_never_shown_shows_nothing(world: World) -> None:
    """A resolved group that nobody saw firing has no card to edit."""
    outcome = await world.webhook("alert", "alertmanager", notification("resolved"))

    assert outcome.result == "success"
    assert () == tuple(world.board.keys)


async def test_links_of_an_alert_are_only_web_addresses(world: World) -> None:
    """Anything else in an annotation stays text."""
    payload = notification("firing")
    payload["commonAnnotations"]["runbook_url"] = "javascript:alert(1)"
    payload["alerts"][0]["generatorURL"] = "https://prometheus.example/graph"
    payload["commonLabels"]["environment"] = "production"

    outcome = await world.webhook("alert", "alertmanager", payload)

    urls = [action.url for action in outcome.reply.actions if action.url]
    assert ["https://prometheus.example/graph"] == urls


async def test_finished_checks_are_shown_with_their_result(world: World) -> None:
    """One card per suite in #deployments."""
    payload = {
        "action": "completed",
        "check_suite": {
            "id": 7, "head_branch": "main", "head_sha": "0123456789", "conclusion": "failure",
            "app": {"name": "GitHub Actions"},
        },
        "repository": {"full_name": "org/repo"},
    }  # fmt: skip

    outcome = await world.webhook("git", "github", {"event": "check_suite", "payload": payload})

    assert outcome.reply.tone == "bad"
    assert ["git:#deployments:checks:org/repo:7"] == list(world.board.keys)


@pytest.mark.parametrize("payload", [{}, {"pull_request": 7}, {"repository": None, "number": []}])
async def test_a_payload_of_another_shape_harms_nothing(
    world: World, payload: dict[str, Any]
) -> None:
    """GitHub may change; the card is poorer, the bot goes on."""
    outcome = await world.webhook("git", "github", {"event": "pull_request", "payload": payload})

    assert outcome.result == "success"


async def test_an_event_nobody_shows_is_answered_as_such(world: World) -> None:
    """Named, not an error."""
    outcome = await world.webhook("git", "github", {"event": "star", "payload": {}})

    assert "star" in outcome.reply.data["ignored"]
