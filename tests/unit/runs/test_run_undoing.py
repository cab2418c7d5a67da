"""What a transaction takes back, of what failed itself as well, and what its end says of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import BEN, DANA, world

if TYPE_CHECKING:
    from pathlib import Path

UNDO_FAILED = """
name: story
transaction: true
steps:
  - {{name: a, command: /mark a, undo: [/mark undo-a]}}
  - {{name: b, {step}, undo: [/mark undo-b]}}
"""


@pytest.mark.parametrize(
    ("step", "state", "undone", "told"),
    [
        ("command: /mark b --fails 9, undo_failed: true", "rolled_back", ["undo-b", "undo-a"],
         "rolled back: b, a"),
        ("command: /mark b --fails 9, undo_failed: true, retry: {max: 1, delay: 1}", "rolled_back",
         ["undo-b", "undo-a"], "rolled back: b, a"),
        ("command: /mark b --fails 9", "rollback_failed", ["undo-a"],
         "rolled back: a; b failed itself and was not rolled back: look at it"),
        ("command: /mark b --fails 9, on_failure: [/mark back]", "rolled_back", ["back", "undo-a"],
         "rolled back: a"),
        ('command: "/mark b --fails ${a.output.name}", undo_failed: true', "rolled_back",
         ["undo-a"], "rolled back: a"),
        ("command: /ship b, undo_failed: true", "rolled_back", ["undo-a"], "rolled back: a"),
        ("assert: false, undo_failed: true", "rolled_back", ["undo-a"], "rolled back: a"),
    ],
)  # fmt: skip
async def test_a_step_that_failed_itself_is_undone_where_its_author_says_so(
    tmp_path: Path, step: str, state: str, undone: list[str], told: str
) -> None:
    """Not where it was refused, declined or does nothing; and the end says what was not."""
    async with world(tmp_path).open() as made:
        started = await made.start(UNDO_FAILED.format(step=step))
        if "ship" in step:
            (question,) = await made.pending()
            await made.approvals.vote(question.id, BEN, approve=False)
        view = await made.end(started.id)

    assert (view.state, made.effects.names) == (state, ["a", *undone])
    assert view.reason.endswith(f"; {told}")
    failed = view.steps[1]
    assert failed.state == "failed"
    assert failed.note.endswith("; rolled back") == ("undo-b" in undone)


async def test_a_failed_run_that_took_nothing_back_says_what_is_left(tmp_path: Path) -> None:
    """It has failed, no more, and names what to look at."""
    async with world(tmp_path).open() as made:
        view = await made.play("""
name: story
transaction: true
steps: [{name: b, command: /mark b --fails 9, undo: [/mark undo-b]}]
""")

    assert view.state == "failed"
    assert view.reason == "b: b failed; b failed itself and was not rolled back: look at it"


async def test_what_was_undone_after_its_own_failure_is_played_again(tmp_path: Path) -> None:
    """The next generation keeps none of it, unless it is to go on behind it."""
    text = """
name: story
transaction: true
steps:
  - {name: b, command: /mark b, undo: [/mark undo-b], undo_failed: true}
  - {name: c, command: /mark c}
"""
    async with world(tmp_path).open() as made:
        made.effects.failing["b"] = 1
        failed = await made.play(text)
        again = await made.runs.resume(failed.id, who=DANA)
        view = await made.end(again.id)

    assert (failed.state, view.state) == ("rolled_back", "succeeded")
    assert made.effects.names == ["undo-b", "b", "c"]
