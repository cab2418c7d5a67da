"""Expressions and scopes made to hang, to swell or to crash an evaluator.

``python hostile.py`` evaluates all of them within little memory and prints what came of each.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import tracemalloc
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict

from orchestration.playbook import template
from orchestration.playbook.expression import ExpressionError, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestration.playbook.expression import Value

SPARE = 10_000_000


class Measured(TypedDict):
    """What came of one case."""

    refused: str
    ms: float
    mb: float


def deep(levels: int) -> Value:
    """Return a list in a list in a list, so many times."""
    value: Value = []
    for _ in range(levels):
        value = [value]
    return value


def wide() -> Value:
    """Return what is small in memory and endless to walk: the same list, ten times, nine deep."""
    value: Value = ["lol"] * 10
    for _ in range(9):
        value = [value] * 10
    return value


def scope() -> dict[str, Value]:
    """Return values as large as nobody should have let them become."""
    return {
        "text": "a" * 60_000,
        "huge": "a" * 20_000_000,
        "long": list(range(100_000)),
        "thousand": list(range(1_000)),
        "hundred": list(range(100)),
        "deep": deep(5_000),
        "deeper": deep(5_000),
        "wide": wide(),
        "wider": wide(),
        "map": {f"key-{number}": number for number in range(50_000)},
        "texts": ["a" * 20_000_000] * 1_000,
        "others": ["a" * 20_000_000] * 1_000,
        "mixed": ["a" * 20_000_000, "a" * 20_000_000] * 500,
        "signs": "\U0001f600" * 65_536,
        "key": {"a" * 20_000_000: 1},
        "x": 1,
    }


def _repeated(part: str, joint: str, most: int = 2_000) -> str:
    return joint.join([part] * ((most + len(joint)) // (len(part) + len(joint))))


REFUSED: dict[str, str] = {
    "a tower of powers": "9**(9**9)",
    "a repeated text": '"a" * 500000000',
    "a wide format": '"%999999999d" % 1',
    "a centred text": '"a".center(700000000)',
    "a template format": '"{:>999999999}".format(1)',
    "a walk to the classes": "().__class__.__bases__[0].__subclasses__()",
    "a dunder of a value": "x.__class__",
    "a dunder by key": 'x["__class__"]',
    "an import": '__import__("os").system("id")',
    "a lambda": "(lambda: 1)()",
    "a loop": "[y for y in long]",
    "loops in loops": "long.all(a, long.all(b, long.all(c, long.all(d, true))))",
    "a pattern": 'matches(text, "(a+)+$")',
    "twenty thousand alternatives": " || ".join(["false"] * 20_000),
    "a long name": "a" * 5_000_000,
    "a long unclosed text": '"' + "\\a" * 5_000_000,
    "a long number": "9" * 1_999,
    "a long fraction": "1." + "9" * 5_000_000,
    "a long space": " " * 5_000_000 + "1",
    "deep parentheses": "(" * 1_000 + ")" * 1_000,
    "deeper parentheses": "(" * 100_000,
    "deep lists": "[" * 999 + "]" * 999,
    "deep references": "${" * 999,
    "deep negations": "!" * 1_999 + "x",
    "deep signs": "-" * 1_999 + "x",
    "deep words": _repeated("not", " ", 1_990) + " x",
    "deep choices": _repeated("true ? 1 :", " ", 1_990) + " 1",
    "deep calls": "size(" * 300 + "text" + ")" * 300,
    "deep indexes": "long[" * 300 + "0" + "]" * 300,
    "a product of everything": "product(thousand, thousand, thousand, thousand)",
    "a product of hundreds": "product(hundred, hundred)",
    "a doubled text": "text + text",
    "a huge text": 'contains(huge, "b")',
    "a huge text compared": "huge == huge",
    "a long list searched often": _repeated("(-1 in thousand || true)", " && ", 1_990),
    "a long list added": "long + long",
    "lists added up": _repeated("hundred", " + "),
    "a long list as text": "string(long)",
    "a long map as text": "string(map)",
    "a deep value as text": "string(deep)",
    "deep values compared": "deep == deeper",
    "an endless value as text": "string(wide)",
    "endless values compared": "wide == wider",
    "an endless value searched": "[wide] == [wider] && wide in [wider]",
    "long texts compared in lists": "texts == others",
    "long texts searched": "text in others",
    "the greatest of long texts": "max(mixed)",
    "long texts as text": "string(texts)",
    "one text many times over as text": f"string([{_repeated('signs', ',', 900)}])",
    "a long key as text": "string(key)",
    "combinations as text": "string(product([signs], thousand))",
    "whole numbers that grow": _repeated("9223372036854775807", " * "),
    "numbers that grow": _repeated("1e300", " * "),
    "a long list multiplied": "max(long) + 9223372036854775807",
}
TEMPLATES: dict[str, str] = {
    "ten thousand placeholders": "${x}" * 10_000,
    "a long text": "x" * 10_000_000,
    "texts that add up": "${text}" * 2,
    "open braces": "${" * 30_000,
    "an endless value": "${wide}!",
    "many unclosed": '${"' * 20_000,
}
ALLOWED: dict[str, str] = {
    "nine hundred sums": _repeated("x", "+", 1_999),
    "six hundred alternatives": _repeated("x == 2", "||", 1_980) + " || true",
    "many fields": "default(x" + ".a" * 900 + ", 1)",
    "many elements": "size([" + "1," * 900 + "])",
    "many short names": _repeated("x", " + "),
}


def _act(case: str) -> Callable[[dict[str, Value]], object]:
    if case in TEMPLATES:
        return lambda values: template.parse(TEMPLATES[case]).text(values)
    source = ALLOWED.get(case) or REFUSED[case]
    return lambda values: parse(source).evaluate(values)


def _bound_memory(more: int) -> None:
    """Let this process grow by no more than so many bytes."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + more
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))


def measure(act: Callable[[dict[str, Value]], object], values: dict[str, Value]) -> Measured:
    """Return what came of a case, its processor time, and what it allocated at its worst.

    The time is that of the better of two rounds, in milliseconds; nothing is kept between them.
    """
    times, refused = [], ""
    for _ in range(2):
        began = time.process_time()
        refused = _tried(act, values)
        times.append((time.process_time() - began) * 1e3)
    tracemalloc.start()
    _tried(act, values)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return {"refused": refused, "ms": min(times), "mb": most / 1e6}


def _tried(act: Callable[[dict[str, Value]], object], values: dict[str, Value]) -> str:
    try:
        act(values)
    except ExpressionError as error:
        return f"{error.message} {error.help}"
    except MemoryError:
        return ""
    return ""


def _busy(_: dict[str, Value]) -> None:
    ends = time.process_time() + 0.06
    while time.process_time() < ends:
        pass


CONTROLS: dict[str, Callable[[dict[str, Value]], object]] = {
    "takes too long": _busy,
    "swells a little": lambda _: bytearray(11_000_000),
}
"""What the measure itself must find fault with."""


def main() -> None:
    """Evaluate every case with ten megabytes to spare, and then the controls with more."""
    values = scope()
    results = {}
    for case in [*REFUSED, *TEMPLATES, *ALLOWED]:
        _bound_memory(SPARE)
        results[case] = measure(_act(case), values)
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    results |= {name: measure(act, values) for name, act in CONTROLS.items()}
    sys.stdout.write(json.dumps(results))


if __name__ == "__main__":
    main()
