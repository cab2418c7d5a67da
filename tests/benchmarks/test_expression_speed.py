"""How long it takes to read and to evaluate what people write in playbooks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from orchestration.playbook import template
from orchestration.playbook.expression import parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestration.playbook.expression import Value

SCOPE: dict[str, Value] = {
    "environment": "production",
    "version": "v1.4.0",
    "monitor": {"success": True, "output": {"instances": 4}},
}
THREE_SIGNS = 'environment == "production" && monitor.output.instances > 3 || false'
ROUNDS, TIMES = 50, 200


def microseconds(act: Callable[[], object]) -> float:
    """Return the best mean duration of one call, because other work shares the machine."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.perf_counter()
        for _ in range(TIMES):
            act()
        best = min(best, (time.perf_counter() - began) / TIMES * 1e6)
    return best


@pytest.mark.bench
@pytest.mark.parametrize(
    ("source", "read", "evaluated"),
    [
        ('environment == "production"', 20, 2),
        ("monitor.success", 20, 2),
        (THREE_SIGNS, 40, 5),
        ("${environment} == 'production' ? size(version) + 1 : 0", 60, 5),
    ],
)
def test_an_expression_takes_microseconds(source: str, read: float, evaluated: float) -> None:
    """Read once, evaluated at every step and every look of a wait."""
    expression = parse(source)

    reading = microseconds(lambda: parse(source))
    evaluating = microseconds(lambda: expression.evaluate(SCOPE))

    print(f"{source}: {reading:.1f} µs read, {evaluating:.2f} µs evaluated")  # noqa: T201 - figures
    assert reading < read
    assert evaluating < evaluated


@pytest.mark.bench
def test_a_template_takes_microseconds() -> None:
    """As in the command lines of steps."""
    text = "pre-${version}-${monitor.output.instances}"
    read = template.parse(text)

    reading = microseconds(lambda: template.parse(text))
    filling = microseconds(lambda: read.text(SCOPE))

    print(f"{text}: {reading:.1f} µs read, {filling:.2f} µs filled in")  # noqa: T201 - figures
    assert reading < 40
    assert filling < 15
