"""Whatever is typed into a playbook is told in its place, and mending leaves the rest alone."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from orchestration.playbook.check import checked
from orchestration.playbook.fix import mend
from orchestration.playbook.load import load
from orchestration.playbook.rendering import as_text
from orchestration.playbook.source import Source
from orchestration.playbook.surroundings import Surroundings
from tests.conftest import ROOT
from tests.pace import milliseconds
from tests.unit.playbook.checking import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.origin import Span

TEXTS = [path.read_text() for path in sorted((ROOT / "playbooks").rglob("*.yml"))]
AROUND = Surroundings(registry=REGISTRY)
SLOW_MS = 150
PIECES = [
    "\t", " ", "  ", ":", "-", "#", "{", "}", "[", "]", '"', "'", "&a", "*a", "!!str ", "|\n", ">",
    "%", "\u2028", "\x85", "\x00", "\r\n", "é", "\\", "~", "${", "${a.b}", "--", "---\n", "...\n",
    "- ", "\n", "name:", "steps:", "- name: x\n", "type: parallel", "retry: {max: 3}", "<<: *a",
    "condition: ", "wait: {until: x}", "approval:", "999999999999999999999999", "1e999", ".inf",
    "null", "pattern: a{99999999999}", "pattern: '[[a]'", "playbook: canary", "parameters:",
]  # fmt: skip
BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@st.composite
def edited(draw: st.DrawFn) -> str:
    """A shipped playbook after some slips: pieces typed, letters lost, lines moved or doubled."""
    text = draw(st.sampled_from(TEXTS))
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(text)))
        kind = draw(st.sampled_from(["type", "lose", "drop", "twice", "swap", "shift"]))
        lines = text.split("\n")
        one, two = (draw(st.integers(0, len(lines) - 1)) for _ in range(2))
        if kind == "type":
            text = text[:at] + draw(st.sampled_from(PIECES)) + text[at:]
        elif kind == "lose":
            text = text[:at] + text[at + draw(st.integers(1, 6)) :]
        else:
            if kind == "drop":
                del lines[one]
            elif kind == "twice":
                lines.insert(one, lines[two])
            elif kind == "swap":
                lines[one], lines[two] = lines[two], lines[one]
            else:
                lines[one] = " " * draw(st.integers(0, 9)) + lines[one].lstrip()
            text = "\n".join(lines)
    return text


def told(text: str) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a text."""
    loaded = load(text.encode(), "x.yml")
    more = checked(loaded.playbook, AROUND) if loaded.playbook else ()
    assert as_text((*loaded.diagnostics, *more), loaded.source)
    return (*loaded.diagnostics, *more)


def spans(found: Iterable[Diagnostic]) -> Iterable[Span]:
    """Yield every place that is named."""
    for one in found:
        yield one.span
        yield from (near.span for near in one.related)
        yield from (edit.span for edit in one.fix)


@settings(max_examples=100, deadline=None)
@given(edited())
def test_every_place_that_is_named_is_in_the_file(text: str) -> None:
    """And nothing is raised, whatever the text, nor does it take long."""
    source = Source("x.yml", text.removeprefix("\ufeff"))

    begun = time.process_time()
    found = told(text)
    took_ms = 1000 * (time.process_time() - begun)

    for span in spans(found):
        assert 1 <= span.line <= source.lines
        assert 1 <= span.column <= len(source.line(span.line)) + 1
    assert took_ms < SLOW_MS or milliseconds(lambda: told(text), under=SLOW_MS) < SLOW_MS


@settings(max_examples=40, deadline=None)
@given(edited())
def test_mending_leaves_what_is_right_alone(text: str) -> None:
    """Only lines that are at fault change; there is less to mend than before, and it ends there."""
    before = told(text)

    once = mend(text.encode(), "x.yml", AROUND)
    again = mend(once.text.encode(), "x.yml", AROUND)

    assert again.text == once.text
    if once.text == text:
        return
    assert once.diff
    tabs = any(one.code == "E004" for one in once.mended)
    assert errors(once.left) <= errors(before)
    assert tabs or (errors(once.left), len(once.left)) < (errors(before), len(before))
    old, new = BREAK.split(text), BREAK.split(once.text)
    if len(old) == len(new):
        lines = {edit.span.line for one in once.mended for edit in one.fix}
        changed = {n for n, pair in enumerate(zip(old, new, strict=True), 1) if pair[0] != pair[1]}
        assert changed <= lines


def errors(found: Iterable[Diagnostic]) -> int:
    """Return how many of them keep a playbook from running."""
    return sum(one.severity == "error" for one in found)
