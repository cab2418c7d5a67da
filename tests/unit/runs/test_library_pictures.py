"""The playbooks that ship, drawn in every state that their steps can have."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, get_args
from xml.etree import ElementTree as ET

import pytest

from orchestration.playbook.load import load
from orchestration.runs.picture import gantt, graph, look
from orchestration.runs.picture.lettering import width
from orchestration.shelf.outline import outline
from tests.unit.runs.run_stories import DANA, NOW, START, at
from tgk.ports.runs import RunView, StepState, StepView

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Playbook

FOLDER = Path(__file__).parents[3] / "playbooks" / "library"
NAMES = sorted(path.stem for path in FOLDER.glob("*.yml"))
STATES: tuple[StepState, ...] = get_args(StepState)
_WHY = "Deploy canary api v1.5.0 at 5 % → production: 41 of 60 answers are 503 in eu-west-1"
_SVG = "{http://www.w3.org/2000/svg}"
_SHOWN_WIDE, _LEAST = 550, 11


@cache
def _books() -> Mapping[str, Playbook]:
    loaded = (load(path.read_bytes(), path.name).playbook for path in FOLDER.glob("*.yml"))
    return {book.name: book for book in loaded if book}


def _all(step: StepView, state: StepState) -> StepView:
    """Return a step and everything inside of it in one state."""
    begun = state not in ("pending", "skipped")
    facts = {
        "state": state,
        "began": START if begun else None,
        "ended": at(100) if begun and state not in ("running", "waiting") else None,
        "note": "" if state == "pending" or step.steps else _WHY,
        "steps": tuple(_all(each, state) for each in step.steps),
    }
    return step.model_copy(update=facts)


def _view(name: str, state: StepState) -> RunView:
    """Return a run of it whose second half is in a state, and whose first is done."""
    plan = outline(_books()[name], _books(), DANA, NOW)
    half = len(plan.steps) // 2
    steps = [
        _all(step, "succeeded" if number < half else state)
        for number, step in enumerate(plan.steps)
    ]
    facts = {"id": "WF-2026-014", "began": START, "state": "running", "reason": _WHY}
    return plan.model_copy(update={**facts, "steps": tuple(steps)})


def test_every_state_has_a_sign_of_its_own() -> None:
    """Told by its form alone, for colours are not told apart by everybody."""
    assert len({sign.path for sign in look.SIGNS.values()}) == len(STATES)


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("name", NAMES)
def test_both_pictures_of_a_shipped_playbook_can_be_read(name: str, state: StepState) -> None:
    """Where a chat shows them: no word too small, beyond the edge or over another; and in words."""
    view = _view(name, state)
    for picture in (graph(view, now=NOW), gantt(view, now=NOW)):
        wide = float(re.findall(r'viewBox="0 0 ([0-9.]+)', picture.svg)[0])
        words = list(ET.fromstring(picture.svg).iter(f"{_SVG}text"))  # noqa: S314 - our own

        assert (
            min(float(each.get("font-size", "")) for each in words) * _SHOWN_WIDE / wide >= _LEAST
        )
        assert all(0 <= left and right <= wide for left, right, _ in map(_place, words))
        places = sorted(map(_place, words), key=lambda place: (place[2], place[0]))
        for (_, right, line), (left, _, next_line) in pairwise(places):
            assert line != next_line or right <= left
        assert view.playbook in picture.alt
        assert len(picture.alt) <= 1000


def _place(words: ET.Element) -> tuple[float, float, float]:
    """Return where words begin and end, and on what line."""
    x, wide = float(words.get("x", "")), width(words.text or "", float(words.get("font-size", "")))
    left = x - wide * {"end": 1, "middle": 0.5}.get(words.get("text-anchor", ""), 0)
    return left, left + wide, float(words.get("y", ""))
