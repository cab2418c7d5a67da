"""Runs on paper: what follows each end of each step, how long it takes, what is never reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestration.playbook.load import load
from orchestration.shelf.limits import Clockwork
from orchestration.shelf.nested import paths
from orchestration.shelf.scenario import scenario
from orchestration.shelf.simulation import Simulation
from tests.pace import milliseconds
from tgk.errors import InvalidRequest

if TYPE_CHECKING:
    from orchestration.playbook.model import Playbook
    from tgk.ports.playbooks import OutcomeRow


def book(text: str) -> Playbook:
    """Return a playbook that is read without a fault."""
    found = load(text.encode(), "test.yml")
    assert found.playbook is not None
    assert [one for one in found.diagnostics if one.severity == "error"] == []
    return found.playbook


def simulated(text: str, outcomes: str = "", **values: Any) -> tuple[str, dict[str, OutcomeRow]]:
    """Return how the body ends, and each row by its path."""
    made = book(text)
    walked = Simulation(made, scenario(made, values, outcomes), Clockwork(values, {}))
    end = walked.run()
    return end, {row.path or row.what: row for row in walked.rows}


def longest(text: str, **values: Any) -> tuple[float | None, float]:
    """Return the seconds of work at most, and those of people."""
    found = Clockwork(values, {}).run(book(text))
    return found.work, found.people


DEPLOY = """
name: deploy
transaction: true
timeout: 1h
steps:
  - {name: test, command: /test run --suite smoke, timeout: 60, retry: {max: 2, delay: 10}}
  - {name: deploy, command: /infra deploy, timeout: 300, undo: /infra rollback}
  - name: verify
    command: /monitor health
    timeout: 120
    on_failure:
      - {name: page, command: /notify team, timeout: 10}
    on_success:
      - {name: cheer, command: /notify team, timeout: 10}
  - {name: tidy, command: /infra scale --instances 1, timeout: 5, continue_on_error: true}
finally:
  - {name: tell, command: /notify team, timeout: 20}
"""


def test_every_end_of_a_step_is_followed_by_something() -> None:
    """The next step, another try, and what a failed run still does."""
    _, rows = simulated(DEPLOY)

    test, deploy, verify = rows["test"], rows["deploy"], rows["verify"]
    assert test.success == "deploy"
    assert test.failure == "another try after 10 s, up to 3 attempts"
    assert test.exhausted == "the run fails: finally tell"
    assert deploy.failure == deploy.exhausted == "the run fails: finally tell"
    assert verify.success == "cheer, then tidy"
    assert verify.exhausted == "page, then the run fails: undo deploy, finally tell"
    assert rows["tidy"].success == "the run succeeds"
    assert rows["tidy"].exhausted == "the run succeeds all the same"


def test_the_longest_time_counts_every_try_and_pause() -> None:
    """Three attempts and two pauses, and the longer handler; undoing and finally come on top."""
    _, rows = simulated(DEPLOY)

    assert rows["test"].longest == 3 * 60 + 10 + 20
    assert rows["verify"].longest == 120 + 10
    # the rollback of the deployment has no limit but that of all undoing
    assert longest(DEPLOY) == (210 + 300 + 130 + 5 + 1800 + 20, 0)


@pytest.mark.parametrize(
    ("steps", "work", "people"),
    [
        ("- {command: /infra deploy}", None, 0),
        ("- {command: /infra deploy, total_timeout: 100, timeout: 90, retry: 3}", 100, 0),
        ("- {approval: {prompt: Go?, timeout: 1h}}", 0, 3600),
        ("- {wait: {for: 90s}}", 90, 0),
        ("- {wait: {command: /monitor health, until: a.success, timeout: 5m}, name: a}", 300, 0),
        (("- {type: foreach, items: [1, 2, 3], as: x, max_parallel: 2, steps: "
         "[{command: /infra deploy, timeout: 10}]}"), 20, 0),
        (("- {type: foreach, items: '${given}', as: x, steps: [{command: /infra deploy, "
         "timeout: 10}]}"), None, 0),
        (("- {type: parallel, branches: [{name: a, steps: [{command: /infra deploy, timeout: 10}]},"
         " {name: b, steps: [{command: /infra deploy, timeout: 30}]}]}"), 30, 0),
        (("- {type: conditional, condition: given == 1, then: [{command: /infra deploy, "
         "timeout: 10}], else: [{command: /infra deploy, timeout: 40}]}"), 40, 0),
        ("- {type: group, timeout: 15, steps: [{command: /infra deploy}]}", 15, 0),
    ],
)  # fmt: skip
def test_the_longest_time_of_each_kind(steps: str, work: float | None, people: float) -> None:
    """None where nothing limits it; waiting for people is told apart."""
    head = "name: x\nparameters: [{name: given}]\nsteps:\n  "

    assert longest(head + steps) == (work, people)


def test_an_assumed_failure_ends_the_run_where_it_stands() -> None:
    """Its handler runs, the other does not, and nothing behind it is reached."""
    end, rows = simulated(DEPLOY, "verify: fail")

    assert end == "stop"
    assert rows["verify"].note == "assumed: fails"
    assert rows["verify/on_failure/page"].state == "runs"
    assert rows["verify/on_success/cheer"].state == "unreached"
    assert rows["tidy"].state == "unreached"
    assert rows["finally/tell"].state == "runs"


@pytest.mark.parametrize(
    ("outcomes", "note", "end"),
    [
        ("test: fail,fail,ok", "assumed: succeeds in attempt 3", "on"),
        ("test: fail", "assumed: fails after 3 attempts", "stop"),
        ("test: ok", "assumed: succeeds", "on"),
        ("tidy: fail", "", "on"),
        ("verify: fail; test: ok", "assumed: succeeds", "stop"),
    ],
)
def test_attempts_are_assumed_one_by_one(outcomes: str, note: str, end: str) -> None:
    """The last word counts for all that follow."""
    found, rows = simulated(DEPLOY, outcomes)

    assert (found, rows["test"].note) == (end, note)


def test_a_step_that_is_none_is_named_with_its_neighbour() -> None:
    """So is a word that is no end."""
    with pytest.raises(InvalidRequest, match="no step verfy; did you mean verify"):
        simulated(DEPLOY, "verfy: fail")
    with pytest.raises(InvalidRequest, match='write "ok" or "fail"'):
        simulated(DEPLOY, "verify: perhaps")


BRANCHING = """
name: branching
parameters: [{name: target}]
steps:
  - {name: look, command: /monitor health, continue_on_error: true}
  - name: choose
    type: conditional
    condition: look.success
    then: [{name: good, command: /notify team}]
    else: [{name: bad, command: /infra rollback}]
  - {name: database, command: /test run --suite database, condition: target == "database"}
  - name: facts
    set: {deep: '${target == "database"}'}
  - {name: deeper, command: /test run --suite deep, condition: facts.output.deep}
  - {name: sure, assert: {test: target != "nothing", message: no target}}
  - {name: last, command: /notify team}
"""


def test_both_branches_stand_where_nobody_knows() -> None:
    """Which one runs depends on what the step finds."""
    _, rows = simulated(BRANCHING, target="database")

    assert rows["choose/then/good"].state == rows["choose/else/bad"].state == "depends"
    assert "then, if look.success:" in rows


@pytest.mark.parametrize(
    ("outcomes", "good", "bad"),
    [("look: ok", "runs", "skipped"), ("look: fail", "skipped", "runs")],
)
def test_a_branch_is_chosen_where_the_end_is_assumed(outcomes: str, good: str, bad: str) -> None:
    """The other is skipped."""
    _, rows = simulated(BRANCHING, outcomes, target="database")

    assert (rows["choose/then/good"].state, rows["choose/else/bad"].state) == (good, bad)


@pytest.mark.parametrize(("target", "state"), [("database", "runs"), ("services", "skipped")])
def test_values_that_are_known_decide(target: str, state: str) -> None:
    """Directly, and through what a step computes."""
    _, rows = simulated(BRANCHING, target=target)

    assert rows["database"].state == rows["deeper"].state == state


def test_an_assertion_that_cannot_hold_ends_the_run() -> None:
    """Without anybody assuming it."""
    end, rows = simulated(BRANCHING, target="nothing")

    assert end == "stop"
    assert rows["last"].state == "unreached"
    assert rows["sure"].note == "fails"


GROUPS = """
name: groups
steps:
  - name: roll
    type: parallel
    fail_fast: drain
    branches:
      - {name: a, steps: [{name: one, command: /infra deploy}]}
      - {name: b, steps: [{name: two, command: /infra deploy}]}
  - name: careful
    type: group
    recover: true
    steps: [{name: three, command: /infra deploy}, {name: four, command: /infra deploy}]
    on_failure: [{name: mend, command: /infra rollback}]
  - {name: end, command: /notify team}
"""


def test_a_failure_inside_is_told_to_what_holds_it() -> None:
    """A branch lets the others end; a group that recovers goes on."""
    _, rows = simulated(GROUPS)

    assert rows["roll/a/one"].exhausted == "the other branches end their step, and roll fails"
    assert rows["careful/four"].success == "careful succeeds"
    assert rows["careful"].exhausted == "mend, then end; where that fails too, the run fails"


@pytest.mark.parametrize(
    ("silence", "told"),
    [("fail", "the same"), ("skip", "end"), ("approve", "end, as after a yes")],
)
def test_a_question_has_three_ends(silence: str, told: str) -> None:
    """Yes, no, and nobody's answer."""
    text = (
        "name: asks\nsteps:\n"
        f"  - {{name: ask, approval: {{prompt: Go?, timeout: 1h, on_timeout: {silence}}}}}\n"
        "  - {name: end, command: /notify team}\nfinally: [{name: tell, command: /notify team}]\n"
    )

    _, rows = simulated(text)

    assert rows["ask"].success == "end"
    assert rows["ask"].exhausted == (
        f"the run fails: finally tell; without an answer in 1 h 00 m {told}"
    )


def test_a_recovered_failure_lets_the_run_go_on() -> None:
    """The steps of the group behind it are not reached, what follows the group is."""
    end, rows = simulated(GROUPS, "three: fail")

    assert end == "on"
    assert rows["careful/four"].state == "unreached"
    assert rows["careful/on_failure/mend"].state == "runs"
    assert rows["end"].state == "runs"


INNER = """
name: inner
parameters: [{name: place, required: true}]
steps:
  - {name: look, command: /monitor health, timeout: 10}
  - {name: only-here, condition: place == "staging", command: /infra deploy, timeout: 10}
  - {name: deeper, playbook: innermost}
finally:
  - {name: tell, command: /notify team, timeout: 10}
"""
OUTER = """
name: outer
steps:
  - {name: play, playbook: inner, parameters: {place: production}}
  - {name: after, command: /infra scale --instances 1, timeout: 5}
"""


def nested(outcomes: str = "") -> tuple[str, dict[str, OutcomeRow]]:
    """Return the simulation of a playbook that plays one that plays one."""
    innermost = book("name: innermost\nsteps: [{name: last, command: /infra rollback}]\n")
    books = {"inner": book(INNER), "innermost": innermost}
    outer = book(OUTER)
    found = scenario(outer, {}, outcomes, paths(outer, books))
    walked = Simulation(outer, found, Clockwork({}, books))
    end = walked.run()
    return end, {row.path or row.what: row for row in walked.rows}


def test_a_playbook_that_is_played_is_walked_through_inside_of_its_step() -> None:
    """With the values it is given, its own last words, and what it plays itself."""
    end, rows = nested()

    assert end == "on"
    assert {path: row.depth for path, row in rows.items()} == {
        "play": 0, "play/look": 1, "play/only-here": 1, "play/deeper": 1, "play/deeper/last": 2,
        "finally:": 1, "play/finally/tell": 2, "after": 0,
    }  # fmt: skip
    assert rows["play/only-here"].note == 'place == "staging" is false'
    assert rows["play/deeper"].success == "play succeeds"
    assert rows["play/look"].exhausted == "play fails"


def test_an_end_inside_of_a_played_playbook_can_be_assumed() -> None:
    """It ends the step that plays it, and with it the run."""
    end, rows = nested("play/deeper/last: fail")

    assert end == "stop"
    assert (rows["play/deeper/last"].note, rows["play"].note) == ("assumed: fails", "fails")
    assert (rows["play/finally/tell"].state, rows["after"].state) == ("runs", "unreached")


def test_playbooks_that_play_one_another_many_times_are_simulated_at_once() -> None:
    """Eight deep and twenty times each would be for ever; what is shown is bounded."""
    names = [f"b{number}" for number in range(8)]
    calls = [[f"{{playbook: {name}}}"] * 20 for name in names[1:]] + [["{command: /status}"]]
    texts = [
        f"name: {name}\nsteps: [{', '.join(steps)}]\n"
        for name, steps in zip(names, calls, strict=True)
    ]
    books = {name: book(text) for name, text in zip(names, texts, strict=True)}
    walked = Simulation(books["b0"], scenario(books["b0"], {}, ""), Clockwork({}, books))

    assert milliseconds(walked.run, under=1000) < 1000
    assert len(walked.rows) < 5000
