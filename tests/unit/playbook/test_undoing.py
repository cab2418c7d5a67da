"""An ``undo`` that goes back from whatever is there needs a lock, or takes back another run."""

from __future__ import annotations

import pytest

from tests.unit.playbook.checking import found

ROLLBACK = "/infra rollback --component api --environment ${environment}"
TEXT = """\
name: tried
parameters:
  - {name: version, required: true}
  - {name: environment, type: environment}
%ssteps:
  - command: /infra deploy --version ${version} --environment ${environment}
    undo: %s
"""


def told(locks: str, undo: str) -> list[str]:
    """Return the codes and the lines of what is told."""
    text = TEXT % (f"locks: [{locks}]\n" if locks else "", undo)
    return [f"{one.code} {one.span.line}" for one in found(text)]


@pytest.mark.parametrize(
    "undo",
    [
        ROLLBACK,
        "/infra rollback",
        "/backup restore --name latest",
        "{name: back, condition: version != 'v1.0.0', command: /infra rollback}",
        "[{name: back, type: group, steps: [/status, /infra rollback]}]",
    ],
)
def test_going_back_from_whatever_is_there_is_warned_of(undo: str) -> None:
    """On the line of the command, wherever it stands; a lock of the playbook makes it right."""
    assert told("", undo) == ["W071 7"]
    assert told('"env:${environment}"', undo) == []


@pytest.mark.parametrize(
    "undo",
    [
        "/infra deploy --version v1.0.0 --environment ${environment}",
        "/infra scale --component api --instances 2",
        "/backup restore --name before-${version}",
    ],
)
def test_going_to_what_is_named_needs_no_lock(undo: str) -> None:
    """It comes to the same, whatever another run did in between."""
    assert told("", undo) == []


@pytest.mark.parametrize(
    ("lock", "holds"),
    [
        ("deployments", True),
        ('"env:${environment}"', True),
        ('"env:${run.environment}"', True),
        ('"${version}"', False),
        ('"${run.id}"', False),
        ('"env:${environment}:${version}"', False),
        ('"${version}", deployments', True),
    ],
)
def test_the_lock_must_be_the_same_for_whoever_works_there(lock: str, *, holds: bool) -> None:
    """One that differs from run to run keeps nobody away."""
    assert told(lock, ROLLBACK) == ([] if holds else ["W071 8"])


def test_a_lock_of_the_step_alone_does_not_do() -> None:
    """It is given back long before the step is undone; the help says which one would do."""
    text = TEXT % ("", f"{ROLLBACK}\n    locks: ['env:${{environment}}']")

    [one] = found(text)

    assert one.code == "W071"
    assert one.help == 'add `locks: ["env:${environment}"]` to the playbook'
