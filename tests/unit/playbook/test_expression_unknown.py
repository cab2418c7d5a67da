"""What is only known at run time, looked at before it."""

from __future__ import annotations

import pytest

from orchestration.playbook.expression import UNKNOWN, ExpressionError, Value, parse

SCOPE: dict[str, Value] = {
    "u": UNKNOWN,
    "step": {"status": UNKNOWN, "output": UNKNOWN},
    "broken": {"status": "failed"},
    "some": [UNKNOWN, 1],
    "yes": True,
}


@pytest.mark.parametrize(
    "source",
    [
        "u", "u.field[0]", "some[0]", "[1][u]", "u + 1", "-u", "!u", "u == 1", "null == u", "u < 2",
        "1 in u", "u in [1]", "2 in some", "u ? 1 : 2", "u && yes", "yes && u", "u || false",
        "size(u)", "string(some)", "default(u, 1)", "has(u.x)", "succeeded(step)", "failed(step)",
        "max(some)", "[u] == [1]", "some == [2, 1]", "u && nowhere", "u || 1 == true",
        "step.output.rate > 0.5", "1 + u + 2",
    ],
)  # fmt: skip
def test_what_depends_on_the_unknown_is_unknown(source: str) -> None:
    """Also where a later fault might be spared by it."""
    assert parse(source).evaluate(SCOPE) is UNKNOWN


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("u && false", False),
        ("false && u", False),
        ("u || true", True),
        ("true || u", True),
        ("u && yes && !yes", False),
        ("1 in some", True),
        ("some == [1, 2]", False),
        ("some == [1]", False),
        ("size(some)", 2),
        ("failed(step, broken)", True),
        ("succeeded(step, broken)", False),
        ("default(nowhere, 3)", 3),
        ("yes ? 1 : u", 1),
    ],
)
def test_what_the_known_side_decides_is_known(source: str, expected: Value) -> None:
    """A dry run says no more than it must."""
    assert expected == parse(source).evaluate(SCOPE)


@pytest.mark.parametrize("source", ["yes && nowhere", "nowhere && u", "u + nowhere"])
def test_a_sure_fault_is_still_one(source: str) -> None:
    """Where no unknown side can spare the run from it."""
    with pytest.raises(ExpressionError):
        parse(source).evaluate(SCOPE)


def test_a_test_must_know() -> None:
    """A run never goes on by chance; a dry run asks for the verdict instead."""
    expression = parse("u || false")

    assert expression.verdict(SCOPE) is UNKNOWN
    with pytest.raises(ExpressionError, match="not known yet"):
        expression.test(SCOPE)
