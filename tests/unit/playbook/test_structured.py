"""Commands written as mappings: the same arguments, diagnostics on the same places."""

from __future__ import annotations

import pytest

from orchestration.playbook.binding import fill
from orchestration.playbook.model import CommandStep
from orchestration.playbook.origin import Span
from orchestration.playbook.words import read_line
from tests.unit.playbook.checking import REGISTRY, told, tree
from tgk.errors import InvalidRequest


def given(mapping: str, **values: str) -> dict[str, object]:
    """Return what the command of a mapping is given."""
    (step,) = tree(f"name: x\nparameters: [version]\nsteps:\n  - run: {mapping}\n").steps
    assert isinstance(step, CommandStep)
    return fill(step.command, dict(values), REGISTRY)


@pytest.mark.parametrize(
    ("mapping", "line"),
    [
        ("{command: status}", "/status"),
        ("{command: infra.deploy, with: {component: api}}", "/infra deploy --component api"),
        ("{command: /infra deploy, with: {canary: true, percentage: 5}}",
         "/infra deploy --canary --percentage 5"),
        ("{command: infra deploy, with: {fast: false}}", "/infra deploy --no-fast"),
        ("{command: infra.deploy, with: {version: '${version}', component: }}",
         "/infra deploy --version ${version}"),
        ("{command: notify.team, with: {message: 'two words --severity high'}}",
         "/notify team --message 'two words --severity high'"),
        ("{command: infra.deploy, with: {canary: '${version == \"v1\"}'}}",
         '/infra deploy --canary=${version == "v1"}'),
    ],
)  # fmt: skip
def test_a_mapping_gives_what_its_line_gives(mapping: str, line: str) -> None:
    """Flags, numbers, computed values and what is left out included."""
    read, faults = read_line(line, Span(1, 1, len(line)))

    assert read is not None
    assert faults == ()
    assert given(mapping, version="v1") == fill(read, {"version": "v1"}, REGISTRY)


def test_a_value_stays_one_value() -> None:
    """Whatever stands in it; what no line could hold is refused when it is filled in."""
    mapping = "{command: infra.deploy, with: {component: 'a b --fast', version: '${version}'}}"

    raw = given(mapping, version="v1 --fast; reboot")
    assert raw == {"component": "a b --fast", "version": "v1 --fast; reboot"}
    with pytest.raises(InvalidRequest, match="control characters"):
        given(mapping, version="v1\n/infra rollback --immediate")


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("- run: {command: infra.deploi}", ["E040 1:18 infra.deploi"]),
        ("- run: {command: infra.deploy, with: {componnt: api}}", ["E041 1:39 componnt"]),
        ("- run: {command: infra.deploy, with: {percentage: x}}", ["E042 1:51 x"]),
        ("- run: {command: infra.deploy, with: {version: '${vers}'}}", ["E031 1:51 vers"]),
        ("- run: {command: infra.switch, with: {from: blue}}", ["E044 1:18 infra.switch"]),
        ("- run: {command: '${version}'}", ["E046 1:18 '${version}'"]),
        ("- run: {command: infra.deploy, with: {component: [a]}}", ["E013 1:50 [a]}}"]),
        ("- run: {command: status, with: {'--env x': a}}", ["E046 1:33 '--env x'"]),
        ("- run: {with: {component: api}}", ["E012 1:8 {with: {component: api}}"]),
        ("- run: /status", ["E010 1:3 run"]),
        ("- {run: {command: status}, command: /status}", ["E018 1:4 run"]),
    ],
)
def test_slips_are_told_where_they_stand(step: str, expected: list[str]) -> None:
    """As in a line."""
    assert told(step) == expected
