"""How long it takes to read and check playbooks, long ones and hostile ones."""

from __future__ import annotations

import tracemalloc
from typing import TYPE_CHECKING

import pytest

from orchestration.playbook.check import check
from orchestration.playbook.load import load
from tests.pace import milliseconds
from tests.unit.playbook.checking import REGISTRY
from tests.unit.playbook.test_reading import HOSTILE

if TYPE_CHECKING:
    from collections.abc import Callable

HEAD = """\
name: long
parameters:
  - name: environment
    default: staging
  - name: version
    default: v1.0.0
steps:
"""
STEP = """\
  - name: step-{n}
    command: /infra deploy --component api --version ${{version}}
    condition: environment == "production" && version != "x{n}"
    retry: 3
    timeout: 5m
"""
LONG = HEAD + "".join(STEP.format(n=n) for n in range(300))


@pytest.mark.bench
def test_fifteen_hundred_lines_are_checked_while_one_types(
    record_testsuite_property: Callable[..., None],
) -> None:
    """Commands, names and conditions included: under 150 ms."""
    assert LONG.count("\n") > 1500

    def examine() -> None:
        loaded = load(LONG.encode(), "long.yml")
        assert loaded.playbook is not None
        assert check(loaded.playbook, registry=REGISTRY) == loaded.diagnostics == ()

    spent = milliseconds(examine)

    record_testsuite_property("playbook_1500_lines_ms", round(spent, 1))
    print(f"1,500 lines: {spent:.1f} ms")  # noqa: T201 - the figure
    assert spent < 150


@pytest.mark.bench
@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_costs_nothing(
    name: str, record_testsuite_property: Callable[..., None]
) -> None:
    """Under 50 ms and 10 MB each."""
    content = HOSTILE[name].encode()
    spent = milliseconds(lambda: load(content, "x.yml"))
    tracemalloc.start()
    load(content, "x.yml")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    record_testsuite_property(f"playbook_hostile_{name.replace(' ', '_')}_ms", round(spent, 1))
    print(f"{name}: {spent:.1f} ms, {peak / 1e6:.1f} MB")  # noqa: T201 - the figure
    assert spent < 50
    assert peak < 10_000_000
