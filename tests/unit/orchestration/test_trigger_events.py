"""What notifications of Alertmanager and GitHub become, and what they start."""

from __future__ import annotations

from typing import Any

import pytest

from orchestration.playbook.load import load
from orchestration.triggers.events import Event, of_alert, of_git
from orchestration.triggers.starts import called, started_by
from tgk.errors import Missing

REPOSITORY = {"repository": {"full_name": "o/r"}, "sender": {"login": "dana"}}


def alerts(*labels: dict[str, str], status: str = "firing", **more: Any) -> dict[str, Any]:
    """Return a notification of Alertmanager."""
    return {
        "status": status,
        "alerts": [{"status": status, "labels": each, "annotations": {}} for each in labels],
        **more,
    }


@pytest.mark.parametrize(
    ("payload", "name"),
    [
        (alerts({"severity": "critical"}), "critical-alert"),
        (alerts({"severity": "WARNING"}), "warning-alert"),
        (alerts({"alertname": "A"}), "alert"),
        (alerts({"severity": "critical"}, status="resolved"), "alert-resolved"),
        (alerts({}, {}, commonLabels={"severity": "critical"}), "critical-alert"),
        (alerts({"severity": "critical"}, {"severity": "info"}, commonLabels={}), "alert"),
    ],
)
def test_an_alert_is_called_by_its_severity(payload: dict[str, Any], name: str) -> None:
    """Of a group, what all its alerts have in common counts."""
    event = of_alert(payload, "episode-1")

    assert event is not None
    assert (event.source, event.name, event.id) == ("monitoring", name, f"episode-1:{name}")


@pytest.mark.parametrize(
    "payload",
    [{}, {"alerts": []}, {"alerts": "x"}, {"alerts": [1]}, alerts({"severity": "very bad!"})],
)
def test_what_is_no_alert_is_no_event(payload: dict[str, Any]) -> None:
    """Whatever the shape; a severity that is no word starts nothing either."""
    assert of_alert(payload, "episode-1") is None


def test_an_alert_without_an_episode_is_no_event() -> None:
    """It was over before it was ever shown."""
    assert of_alert(alerts({"severity": "critical"}), "") is None


@pytest.mark.parametrize(
    ("kind", "payload", "name", "data"),
    [
        ("push", {"ref": "refs/heads/main", "after": "abc"}, "push",
         {"branch": "main", "sha": "abc"}),
        ("push", {"ref": "refs/tags/v1"}, "push", {"tag": "v1"}),
        ("pull_request", {"action": "opened", "number": 4}, "pull_request.opened",
         {"action": "opened", "number": "4"}),
        ("pull_request", {"action": "closed", "pull_request": {"merged": True}},
         "pull_request.merged", {"action": "merged"}),
        ("pull_request", {"action": "closed", "pull_request": {"merged": False}},
         "pull_request.closed", {"action": "closed"}),
        ("workflow_run", {"action": "completed", "workflow_run": {"conclusion": "failure"}},
         "workflow_run.failure", {"action": "completed", "conclusion": "failure"}),
        ("release", {"action": "published", "release": {"tag_name": "v1"}}, "release.published",
         {"action": "published", "tag": "v1"}),
        ("star", {"action": "created"}, "star.created", {"action": "created"}),
    ],
)  # fmt: skip
def test_an_event_of_github_is_called_by_what_became_of_it(
    kind: str, payload: dict[str, Any], name: str, data: dict[str, str]
) -> None:
    """The conclusion, else the action; what the payload lacks is not there."""
    event = of_git(kind, "d-1", {**payload, **REPOSITORY})

    assert event is not None
    assert (event.source, event.name, event.id) == ("github", name, "d-1")
    assert event.data == {**data, "repository": "o/r", "sender": "dana"}


@pytest.mark.parametrize(
    ("kind", "payload"),
    [("push", {}), ("pull_request", {"pull_request": []}), ("check_suite", {"check_suite": 1})],
)
def test_odd_shapes_of_github_do_no_harm(kind: str, payload: dict[str, Any]) -> None:
    """There is an event with nothing in it."""
    event = of_git(kind, "d-1", payload)

    assert event is not None
    assert event.data == {}


def test_a_foreign_word_is_no_name_of_an_event() -> None:
    """Nothing is ever matched by it."""
    assert of_git("a b", "d-1", {}) is None
    assert of_git("push", "d-1", {"action": "x:y/z"}) is None


def test_a_name_before_the_dot_means_all_of_its_kind() -> None:
    """And never another one that begins alike."""
    event = Event(id="1", source="github", name="pull_request.merged")

    wanted = ("pull_request.merged", "pull_request", "pull", "pull_request.m", "push")
    assert [True, True, False, False, False] == [event.answers(each) for each in wanted]


def test_values_of_an_event_keep_what_a_request_can_carry() -> None:
    """Truth values and lists are written as a person would; null is absent; the rest is named."""
    text = b"""
name: p
parameters: {a: x, b: x, c: [y], d: x, e: x}
triggers:
  - type: event
    source: s
    event: e
    parameters:
      a: "${event.data.yes}"
      b: "${event.data.none}"
      c: "${event.data.list}"
      d: "${event.data.deep}"
      e: "${event.data.gone}"
steps: [{command: /status}]
"""
    book = load(text, "p.yml").playbook
    assert book is not None
    data = {"yes": True, "none": None, "list": ["a", 2], "deep": {"x": 1}}

    start = started_by(Event(id="1", source="s", name="e", data=data), book)

    assert start is not None
    assert start.parameters == {"a": "true", "c": "a,2"}
    assert start.fault is not None
    assert {"d", "e"} == {fault.name for fault in start.fault.faults}


def test_the_first_trigger_that_wants_an_event_counts() -> None:
    """One run for one event, whatever else of the playbook wants it."""
    text = b"""
name: p
parameters: {a: x}
triggers:
  - {type: event, source: s, event: e, condition: event.data.n > 5, parameters: {a: big}}
  - {type: event, source: s, event: e, parameters: {a: any}}
steps: [{command: /status}]
"""
    book = load(text, "p.yml").playbook
    assert book is not None

    found = [
        started_by(Event(id="1", source="s", name="e", data={"n": number}), book)
        for number in (9, 1)
    ]
    assert ["big", "any"] == [start.parameters["a"] for start in found if start]


def test_a_draft_starts_for_nobody() -> None:
    """Neither an event nor a call."""
    text = b"""
name: p
triggers: [{type: event, source: s, event: e}, {type: webhook}]
steps: [{command: /status}]
"""
    book = load(text, "p.yml", draft=True).playbook
    assert book is not None

    assert started_by(Event(id="1", source="s", name="e"), book) is None
    with pytest.raises(Missing):
        called(book, {}, "d-1")


def test_a_name_that_is_only_used_cannot_be_given_from_outside() -> None:
    """What a playbook declares nowhere is no parameter of its webhook."""
    text = b"name: p\ntriggers: [{type: webhook}]\nsteps: [{command: '/status ${what}'}]\n"
    book = load(text, "p.yml").playbook
    assert book is not None

    start = called(book, {"what": "x"}, "d-1")

    assert start.fault is not None
    assert ["what"] == [fault.name for fault in start.fault.faults]
