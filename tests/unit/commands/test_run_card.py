"""What the card of a run says once, and does not say again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.card import card, followed
from commands.orchestrate.following import reported
from tests.unit.runs.run_stories import NOW, run, step
from tgk.reply import Facts, Progress, Reply, Text

if TYPE_CHECKING:
    from tgk.ports.runs import RunView


def quotes(reply: Reply) -> list[str]:
    """Return what is quoted."""
    return [block.text for block in reply.blocks if isinstance(block, Text)]


def notes(reply: Reply) -> list[str]:
    """Return what stands beside the steps."""
    (progress,) = [block for block in reply.blocks if isinstance(block, Progress)]
    return [stage.note for stage in progress.stages]


def ended(*, reason: str) -> RunView:
    """Return a run that was taken back after its second step failed."""
    steps = [
        step("deploy", "undone", 0, 10, note="Deploy api: done"),
        step("ask", "failed", 10, 12, note="Denied by ana"),
    ]
    return run(steps, "rolled_back").model_copy(update={"reason": reason})


def test_the_failure_that_is_the_reason_is_told_once() -> None:
    """Another one is told beside it."""
    assert quotes(followed(ended(reason="ask: Denied by ana"), NOW)) == []
    assert quotes(followed(ended(reason="the council said no"), NOW)) == ["ask: Denied by ana"]


def test_a_step_that_was_taken_back_is_not_told_as_done() -> None:
    """Nor is what its mark says already repeated in words."""
    (progress,) = [
        each for each in card(ended(reason=""), NOW).blocks if isinstance(each, Progress)
    ]
    done = card(run([step("look", "succeeded", 0, 1, note="Health: done")]), NOW)
    (other,) = [each for each in done.blocks if isinstance(each, Progress)]

    assert [stage.note for stage in progress.stages] == ["taken back", "Denied by ana"]
    assert [stage.note for stage in other.stages] == [""]


def test_lists_are_written_as_they_are_typed() -> None:
    """So that they can be typed again."""
    view = run([step("look")]).model_copy(update={"parameters": {"shares": ["20", "50"], "x": 1}})
    (facts,) = [each for each in card(view, NOW).blocks if isinstance(each, Facts)]

    assert "shares=20,50, x=1" in {fact.value for fact in facts.facts}


def test_others_get_one_message_of_a_run_and_a_picture_where_they_need_it() -> None:
    """A run that went well is told in words; a failure, or what people were asked about, drawn."""
    well = run([step("look", "succeeded", 0, 1)], "succeeded")
    asked = well.model_copy(update={"consulted": True})
    bad = run([step("look", "failed", 0, 1)], "failed")

    told = [reported(followed(view, NOW), view).retold().blocks for view in (well, asked, bad)]

    kinds = [{each.kind for each in blocks} & {"picture", "log"} for blocks in told]
    assert kinds == [set(), {"picture"}, {"picture"}]
    assert {each.kind for each in followed(well, NOW).blocks} >= {"picture", "log"}
