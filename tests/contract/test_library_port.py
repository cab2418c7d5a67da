"""What every library promises."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.library import MarkdownLibrary
from tgk.ports.library import Passage
from tgk.testing.clock import FakeClock
from tgk.testing.library import FakeLibrary

if TYPE_CHECKING:
    from pathlib import Path

    from tgk.ports.library import Library

_ROLLBACK = "Press Revert on the report of the deployment."
_SCALING = "Give the gateway more replicas before a burst."


@pytest.fixture(scope="module", params=["fake", "markdown"])
def library(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Library:
    """Return a library that holds two passages."""
    if request.param == "fake":
        return FakeLibrary(
            [
                Passage("runbooks/api.md#rollback", "api › Rollback", _ROLLBACK, 0.0),
                Passage("runbooks/api.md#scaling", "api › Scaling", _SCALING, 0.0),
            ]
        )
    root: Path = tmp_path_factory.mktemp("documents")
    (root / "runbooks").mkdir()
    text = f"# api\n\n## Rollback\n\n{_ROLLBACK}\n\n## Scaling\n\n{_SCALING}\n"
    (root / "runbooks" / "api.md").write_text(text)
    return MarkdownLibrary(root=root, folders=["runbooks"], clock=FakeClock())


def test_a_question_finds_the_passage_that_answers_it(library: Library) -> None:
    """The best passage comes with where it stands, its title and its words."""
    found = library.search("How do I rollback the deployment?")

    assert found[0].path == "runbooks/api.md#rollback"
    assert "Rollback" in found[0].title
    assert _ROLLBACK in found[0].text


def test_the_best_passage_comes_first_and_no_more_than_asked_for(library: Library) -> None:
    """Scores fall, and the limit is kept."""
    both = library.search("rollback the deployment report, replicas", 2)

    assert [p.path for p in both] == ["runbooks/api.md#rollback", "runbooks/api.md#scaling"]
    assert both[0].score >= both[1].score
    assert both[:1] == library.search("rollback the deployment report, replicas", 1)
    assert library.search("rollback", 0) == ()


def test_nothing_fits_a_question_about_something_else(library: Library) -> None:
    """An empty answer is better than a wrong one."""
    assert library.search("weather tomorrow") == ()
    assert library.search("") == ()


@given(question=st.text(max_size=200))
def test_no_text_breaks_a_search(library: Library, question: str) -> None:
    """Whatever people type is words, never syntax."""
    assert len(library.search(question, 5)) <= 5
    assert len(library.search(f'"{question}" OR NEAR( * ^ {question}\'', 5)) <= 5
