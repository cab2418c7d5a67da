"""The same random expressions, evaluated by Google's CEL: equal but for what is meant to differ."""

from __future__ import annotations

import importlib.util
import json
import random
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from orchestration.playbook.expression import ExpressionError, parse

sys.path.insert(0, str(Path(__file__).parent))  # what follows is no package of its own
import expression_texts

ORACLE = Path(__file__).with_name("cel_oracle.py")
STRICTER = {
    r"^cannot compare ": "CEL takes values of two kinds for different",
    r"^the list holds .*, so never ": "CEL takes values of two kinds for different",
    r" has no order$": "CEL orders booleans",
    r"^comparisons do not chain$": "CEL compares the answer of a comparison",
    r"^a boolean is not a whole number$": "CEL counts true as 1",
    r"^division by zero$|^the number is too large$": "CEL knows infinity and no number",
    r"^\".*\.0\" is not a whole number$": "CEL writes whole floats without their fraction",
}
LOOSER = {
    r"_[-+*/]_\((int64, double|double, int64)\)": "our numbers mix",
    r"@in": "ours looks into text",
    r"\((list|map)\)\.contains": "ours looks into lists",
    r": string\((list|map)\)": "ours writes JSON",
}


def by_cel(expressions: list[str]) -> list[dict[str, Any]]:
    """Return the values or errors of all, from a process that may end as it likes."""
    lines = [json.dumps(each) for each in [expression_texts.SCOPE, *expressions]]
    done = subprocess.run(
        [sys.executable, ORACLE], input="\n".join(lines), timeout=300,
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2_000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def by_us(source: str) -> dict[str, Any]:
    """Return our value or error."""
    try:
        return {"value": parse(source).evaluate(expression_texts.SCOPE)}
    except ExpressionError as error:
        return {"error": error.message}


def compared(source: str, ours: dict[str, Any], cel: dict[str, Any]) -> str:
    """Return how both answers differ, or ``same``, or ``unexpected``."""
    if "value" in ours and "value" in cel:
        same = json.dumps(ours, sort_keys=True) == json.dumps(cel, sort_keys=True)
        whole_float = "string(" in source and re.search(r"float|2\.5|\bd\b", source)
        return "same" if same else "text of a whole float" if whole_float else "unexpected"
    if "error" in ours and "error" in cel:
        return "same"
    reasons = STRICTER if "error" in ours else LOOSER
    message = str(ours["error"] if "error" in ours else cel["error"])
    if "error" in ours and "!!" in source:
        return "CEL drops !! without a look at what follows"
    for pattern, reason in reasons.items():
        if re.search(pattern, message):
            return reason
    absorbed = "error" in ours and ("&&" in source or "||" in source)
    return "CEL forgives a fault beside a decisive value" if absorbed else "unexpected"


@pytest.mark.skipif(
    importlib.util.find_spec("cel_expr_python") is None,
    reason="cel-expr-python is not installed: pip install -e .[dev]",
)
@pytest.mark.parametrize(
    "count", [3_000, pytest.param(40_000, marks=[pytest.mark.bench, pytest.mark.timeout(600)])]
)
def test_another_evaluator_agrees(count: int) -> None:
    """On values and their types, on faults, and on what binds tighter."""
    writer = expression_texts.Pairs(random.Random(count))  # noqa: S311 - the same every time
    pairs = [writer.pair() for _ in range(count)]

    answers = list(zip(pairs, by_cel([cel for _, cel in pairs]), strict=True))
    verdicts = [(ours, by_us(ours), cel) for (ours, _), cel in answers]
    tally = Counter(compared(*verdict) for verdict in verdicts)

    assert [] == [each for each in verdicts if compared(*each) == "unexpected"]
    assert tally["same"] > 0.85 * count
    assert tally["text of a whole float"] < 0.01 * count
    assert sum("value" in ours for _, ours, _ in verdicts) > 0.35 * count
