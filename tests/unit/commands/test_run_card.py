"""What the card of a run says once, and does not say again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.card import card, followed
from commands.orchestrate.following import reported
from commands.orchestrate.log import log_of
from orchestration.runs.wording import details
from tests.unit.runs.run_stories import NOW, at, run, step
from tgk.ports.runs import Try
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
    """Return a run that was rolled back after its second step failed."""
    steps = [
        step("deploy", "undone", 0, 10, note="Deploy api: done"),
        step("ask", "failed", 10, 12, note="Denied by ana"),
    ]
    return run(steps, "rolled_back").model_copy(update={"reason": reason})


def test_the_failure_that_is_the_reason_is_told_once() -> None:
    """Another one is told beside it."""
    assert quotes(followed(ended(reason="ask: Denied by ana"), NOW)) == []
    assert quotes(followed(ended(reason="the council said no"), NOW)) == ["ask: Denied by ana"]


def test_a_run_that_goes_on_as_another_generation_says_what_becomes_of_it() -> None:
    """It was not cancelled: no button resumes it, and its last words come once."""
    last = step("finally", "skipped", kind="finally", steps=(step("tidy", "skipped"),))
    view = run([step("deploy", "succeeded", 0, 10), last], "cancelled", continued="WF-2026-001.2")
    reply = followed(view, NOW)
    (facts,) = [block for block in reply.blocks if isinstance(block, Facts)]

    assert reply.title == "deploy-web-app goes on as WF-2026-001.2"
    assert "comes once, at the end of WF-2026-001.2" in [
        fact.value for fact in facts.facts if fact.label == "Finally"
    ]
    assert [action.label for action in reply.actions] == ["Status", "Details"]
    assert reply.actions[0].arguments == {"workflow": "WF-2026-001.2"}


def test_why_a_step_waits_for_another_try_is_told_at_once() -> None:
    """Not only when it has failed for good."""
    tries = (Try(began=at(0), ended=at(6), state="failed", note="no quota"),)
    rests = step("a/b", "waiting", 6, attempt=1, attempts=3, tries=tries)
    view = run([step("a", "waiting", 0, kind="group", steps=(rests,))], "waiting")

    assert quotes(card(view, NOW)) == ["a/b: no quota"]


def test_a_step_that_was_taken_back_is_not_told_as_done() -> None:
    """Nor is what its mark says already repeated in words."""
    (progress,) = [
        each for each in card(ended(reason=""), NOW).blocks if isinstance(each, Progress)
    ]
    done = card(run([step("look", "succeeded", 0, 1, note="Health: done")]), NOW)
    (other,) = [each for each in done.blocks if isinstance(each, Progress)]

    assert [stage.note for stage in progress.stages] == ["rolled back", ""]
    assert [stage.note for stage in other.stages] == [""]


def test_the_first_line_says_whose_voices_a_run_waits_for() -> None:
    """Or for what; the reason and the rest of it stand above who asked for what."""

    def asked(needed: int, *names: str, state: str = "waiting", **more: str) -> Reply:
        votes = [{"person": "ana", "approve": True}]
        said = {"approval": "7e63", "votes": votes, "needed": needed, "asked": list(names)}
        steps = [step("ask", "waiting", 0, kind="approval", output=said)]
        return card(run(steps, state).model_copy(update=more), NOW)

    def rests(for_: str) -> str:
        view = run([step("a", "waiting", 0)], "waiting", waits_for=for_)
        return card(view, NOW).title.removeprefix("deploy-web-app ")

    two = asked(2, "ben", "chi", waits_for="approval 7e63 (ask)")
    (facts,) = [each for each in two.blocks if isinstance(each, Facts)]

    assert two.title == "deploy-web-app waits for ben or chi"
    assert asked(3, "ben", "chi", "dora").title.endswith(" waits for 2 of ben, chi and dora")
    assert asked(3, *"abcde").title.endswith(" waits for 2 of 5 people")
    assert asked(2, "ben", state="running").title.endswith(" is running, and waits for ben")
    assert rests("another try at 10:05:03 UTC (a)") == "waits for another try"
    assert rests("until 10:30:00 UTC (a)") == "waits until 10:30:00 UTC"
    assert rests("lock env:staging: alex has it (maintenance)") == "waits for a lock"
    assert facts.facts[0].label == "Waits for"


def test_a_line_of_the_log_has_the_time_at_which_it_was_so() -> None:
    """What began, each attempt, the wait before the next one, how it ended; then what was not."""
    tries = (Try(began=at(0), ended=at(6), state="failed", note="no quota", reference="abc234"),)
    steps = [
        step("deploy", "succeeded", 16, 5, attempt=2, attempts=3, tries=tries, note="Deploy: done"),
        step("check", "failed", 21, 4, note="2 tests failed"),
        step("else", "skipped", kind="else", steps=(step("else/tell", "skipped"),)),
    ]

    assert log_of(run(steps, "failed")) == (
        "10:04:00 began     deploy (attempt 1)",
        "10:04:06 failed    deploy (attempt 1 · no quota) audit abc234",
        "10:04:16 began     deploy (attempt 2 of 3 · after a wait of 10 s)",
        "10:04:21 succeeded deploy (attempt 2 of 3 · Deploy: done)",
        "10:04:21 began     check",
        "10:04:25 failed    check (2 tests failed)",
        "--:--:-- skipped   else/tell",
    )
    assert details(steps[0]) == "2 attempts in 21 s · Deploy"


def test_the_log_says_when_people_had_decided_that_a_step_may_act() -> None:
    """Else it seems to have taken as long itself."""
    ship = step("ship", "succeeded", 0, 100).model_copy(update={"freed": at(90)})

    assert log_of(run([ship], "succeeded")) == (
        "10:04:00 began     ship",
        "10:05:30 decided   ship (by people · after a wait of 1 m 30 s)",
        "10:05:40 succeeded ship",
    )


def test_a_group_does_not_repeat_in_the_log_why_its_step_failed() -> None:
    """The line of the step says it."""
    inner = step("roll/api", "failed", 0, 5, note="no quota")
    lines = log_of(
        run([step("roll", "failed", 0, 5, kind="group", note="no quota", steps=(inner,))])
    )

    assert [line[9:] for line in lines[-2:]] == ["failed    roll/api (no quota)", "failed    roll"]


def test_a_run_over_midnight_has_days_in_its_log() -> None:
    """So that nobody reads the next morning as the day before."""
    lines = log_of(run([step("wait", "succeeded", 0, 60_000)], "succeeded"))

    assert [line[:14] for line in lines] == ["01-15 10:04:00", "01-16 02:44:00"]


def test_why_a_step_failed_stands_on_every_card_in_full() -> None:
    """Nested or not, at the end or while it goes on; once, in bounds, and in plain words, too."""
    why = "kubernetes did not answer as needed. no quota in eu-west-1 Ask for more."
    inner = step("roll/api", "failed", 0, 5, note=why)
    view = run([step("roll", "failed", 0, 5, note=why, steps=(inner,)),
                step("long", "failed", 5, 9, note="x" * 900)])  # fmt: skip

    shown = card(view, NOW)

    [quote] = quotes(shown)
    assert quote.splitlines() == [f"roll/api: {why}", quote.splitlines()[1]]
    assert len(quote.splitlines()[1]) == 400
    assert shown.plain is not None
    assert f"> roll/api: {why}" in shown.plain.lines
    assert notes(shown) == ["", ""]


def test_lists_are_written_as_they_are_typed() -> None:
    """So that they can be typed again."""
    view = run([step("look")]).model_copy(update={"parameters": {
        "shares": ["20", "50"], "x": 1, "loud": False, "hold": 3.0, "none": None,
    }})  # fmt: skip
    (facts,) = [each for each in card(view, NOW).blocks if isinstance(each, Facts)]

    assert "shares=20,50, x=1, loud=false, hold=3, none=" in {fact.value for fact in facts.facts}


def test_others_get_one_message_of_a_run_and_a_picture_where_they_need_it() -> None:
    """A run that went well is told in words; a failure, or what people were asked about, drawn."""
    well = run([step("look", "succeeded", 0, 1)], "succeeded")
    asked = well.model_copy(update={"consulted": True})
    bad = run([step("look", "failed", 0, 1)], "failed")

    told = [reported(followed(view, NOW), view).retold().blocks for view in (well, asked, bad)]

    kinds = [{each.kind for each in blocks} & {"picture", "log"} for blocks in told]
    assert kinds == [set(), {"picture"}, {"picture"}]
    assert {each.kind for each in followed(well, NOW).blocks} >= {"picture", "log"}
