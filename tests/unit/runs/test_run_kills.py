"""Killed at any event of a nested run and started again: each step's effect is there once."""

from __future__ import annotations

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.stores import KINDS
from tests.unit.runs.run_lives import NEVER, Nursery, last_words
from tests.unit.runs.runs_world import Effects, world
from tgk.ports.runs import RunFilter
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.postgres_server import Server

KILLED = -signal.SIGKILL
INNER = """
name: inner
parameters: [{name: what, required: true}]
steps:
  - {name: i1, command: "/mark i1-${what}", undo: ["/mark undo-i1-${what}"]}
  - {name: i2, command: "/mark i2-${what}"}
finally: ["/mark i-last-${what}"]
"""
STORY = """
name: story
transaction: true
variables: {kind: full}
steps:
  - {name: start, command: /mark start, undo: [/mark undo-start]}
  - name: check
    condition: start.success
    steps:
      - {name: c1, command: /mark c1}
      - {name: never, command: /mark never, condition: "kind == 'no'"}
  - name: fan
    fail_fast: 'off'
    continue_on_error: true
    branches:
      - name: left
        steps:
          - {name: l1, command: /mark l1, undo: [/mark undo-l1]}
          - {name: l2, command: /mark l2 --fails 1, retry: {max: 2, delay: 0.01}}
          - {name: ask1, type: approval, prompt: "This?"}
          - {name: l3, command: /mark l3}
          - name: deep
            branches:
              - {name: x, steps: [{name: x1, command: /mark x1}, {name: x2, command: /mark x2}]}
              - {name: y, steps: [{name: y1, command: /mark y1}]}
      - name: right
        steps:
          - {name: r1, command: /mark r1}
          - {name: ask2, type: approval, prompt: "Not this?", on_failure: [/mark r-no]}
          - {name: r2, command: /mark r-yes}
  - name: each
    items: [a, b, c]
    as: it
    steps: [{name: do, command: "/mark e-${it}", undo: ["/mark undo-e-${it}"]}]
  - name: wide
    items: [a, b, c]
    as: it
    max_parallel: 2
    steps: [{name: go, command: "/mark w-${it}"}, {name: nx, command: "/mark v-${it}"}]
  - {name: sub, playbook: inner, parameters: {what: s}}
  - name: side
    type: conditional
    condition: kind == "full"
    then: [{name: t1, command: /mark t1}]
    else: [{name: t2, command: /mark t2}]
  - {name: heal, command: /mark heal --fails 9, recover: true, on_failure: [/mark healed]}
  - {name: bad, command: /mark bad --fails 9, on_failure: [/mark told]}
  - /mark unreached
finally: [/mark last]
"""
IN_ORDER = ["undo-i1-s", "undo-e-c", "undo-e-b", "undo-e-a", "undo-l1", "undo-start", "last"]
"""How it is taken back, and what comes after."""
DONE = {
    "start", "c1", "l1", "l2", "l3", "x1", "x2", "y1", "r1", "r-no", "e-a", "e-b", "e-c", "w-a",
    "w-b", "w-c", "v-a", "v-b", "v-c", "i1-s", "i2-s", "i-last-s", "t1", "healed", "told",
    *IN_ORDER,
}  # fmt: skip
"""Of the two questions asked at once one was answered with yes: there is no ``r-yes``."""


@pytest.fixture(scope="module")
def nursery(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nursery]:
    """One that all tests here share."""
    made = Nursery(tmp_path_factory.mktemp("fresh") / "state")
    try:
        yield made
    finally:
        made.close()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory, postgres_server: Server) -> Iterator[Nursery]:
    """One whose lives are those of a worker, each on a database of PostgreSQL."""
    made = Nursery(tmp_path_factory.mktemp("shared") / "state", postgres_server)
    try:
        yield made
    finally:
        made.close()


def wrong(folder: Path, code: int) -> str:
    """Say what is wrong about how the story ended; empty when nothing is."""
    names = Effects(folder).names
    twice = [name for name, count in Counter(names).items() if count > 1]
    end = last_words(folder).get("state")
    order = [name for name in names if name in IN_ORDER]
    if (code, end, set(names), twice, order) == (0, "rolled_back", DONE, [], IN_ORDER):
        return ""
    return f"{code} {end} missing {DONE - set(names)} more {set(names) - DONE} {twice} {order}"


def killed_at(nursery: Nursery, folder: Path, event: int) -> tuple[bool, str]:
    """Kill a run at an event, start again; say whether it was killed there, and what is wrong."""
    home = nursery.home(folder, story=STORY, inner=INNER)
    first = nursery.live(home, event)
    code = nursery.live(home) if first == KILLED else first
    fault = wrong(home, code)
    if not fault:
        nursery.forget(home)
    return first == KILLED, fault


def test_the_story_is_long_and_nested_and_dies_where_it_is_told(
    nursery: Nursery, tmp_path: Path
) -> None:
    """Thirty steps and more; undisturbed it ends as it does after any kill."""
    home = nursery.home(tmp_path / "calm", story=STORY, inner=INNER)

    assert wrong(home, nursery.live(home)) == ""
    end = last_words(home)
    assert end["steps"] >= 30
    assert end["events"] > 400


@pytest.mark.parametrize("event", range(7, 480, 20))
def test_one_kill_anywhere_loses_and_doubles_nothing(
    nursery: Nursery, tmp_path: Path, event: int
) -> None:
    """A sample of all events; `make soak` takes every single one."""
    assert killed_at(nursery, tmp_path / "home", event) == (True, "")


@pytest.mark.parametrize("event", [37, 167, 283, 411])
def test_one_kill_of_a_worker_loses_and_doubles_nothing_in_postgresql(
    shared: Nursery, tmp_path: Path, event: int
) -> None:
    """The next life of the worker goes on at once, whatever its last one held there."""
    assert killed_at(shared, tmp_path / "home", event) == (True, "")


@pytest.mark.parametrize("step", [23, 61])
def test_a_run_killed_again_and_again_does_each_step_once(
    nursery: Nursery, tmp_path: Path, step: int
) -> None:
    """Every life ends a few events further on; the last one reaches the end."""
    home = nursery.home(tmp_path / "home", story=STORY, inner=INNER)
    lives, fuse, code = 0, 2 + step % 7, KILLED
    while code == KILLED and lives < 40:
        code = nursery.live(home, fuse)
        fuse, lives = fuse + step, lives + 1

    assert wrong(home, code) == ""
    assert lives > 3


ENDING = """
name: story
{0}
steps:
  - {{name: before, command: /mark before, undo: [/mark undo-before]}}
  - {{name: one, {1}}}
finally: [/mark tidied, {{name: broken, command: /mark broken --fails 9}}, /mark last]
"""
ENDINGS = {
    "well": ("", "command: /mark one", "failed", {"one"}),
    "badly": ("", "command: /mark one --fails 9", "failed", set()),
    "no": ("", "approval: {prompt: Not this}", "failed", set()),
    "nonsense": ("variables: {n: []}", "command: '/mark ${n[1]}'", "failed", set()),
    "late": ("timeout: 2", "command: /mark forever", "timed_out", set()),
    "forced": ("", "command: /mark forever", "forced", set()),
    "undone": ("transaction: true", "command: /mark one --fails 9", "rolled_back", {"undo-before"}),
}
"""How a run may end: the head of the playbook, its step, how it is told, and what more is done."""


def ended(nursery: Nursery, home: Path, how: str, fuses: Iterator[int]) -> tuple[object, ...]:
    """Bring a run to its end through lives of so many events; tell what came of it."""
    head, step, *_ = ENDINGS[how]
    nursery.home(home, story=ENDING.format(head, step))
    if how == "forced":
        (home / "forced").touch()
    code = next(life for fuse in fuses if (life := nursery.live(home, fuse)) != KILLED)
    names = Effects(home).names
    return code, last_words(home).get("state"), sorted(names), names[-2:]


def expected(how: str) -> tuple[object, ...]:
    """Return what shall come of it."""
    *_, state, more = ENDINGS[how]
    return 0, state, sorted({"before", "tidied", "last"} | more), ["tidied", "last"]


@pytest.mark.parametrize("how", ENDINGS)
def test_finally_runs_once_in_every_ending_over_kills(
    nursery: Nursery, tmp_path: Path, how: str
) -> None:
    """Each life gets some events further than the one before; a failing step stops no other."""
    assert ended(nursery, tmp_path / "home", how, iter(range(9, 900, 17))) == expected(how)


TWO = """
name: story
steps: [{name: one, command: /mark one}, {name: two, command: /mark two}]
"""


@pytest.mark.parametrize("slept", [10, 29.9, 45])
async def test_a_paused_run_stays_paused_over_a_kill_and_goes_on_on_time(
    nursery: Nursery, tmp_path: Path, slept: float
) -> None:
    """Paused at noon for half an hour and killed; the next life begins so many minutes later."""
    home = nursery.home(tmp_path / "home", story=TWO)
    assert nursery.live(home, acts="pause") == KILLED
    assert Effects(home).names == ["one"]

    noon = FakeClock().now()
    clock = FakeClock(noon + timedelta(minutes=slept))
    async with world(home, clock=clock).open() as made:
        (found,) = await made.runs.find(RunFilter())
        if slept < 30:
            await clock.advance((29.99 - slept) * 60)
            paused = await made.state(found.id, "paused")
            assert paused.reason.endswith("look")
            assert made.effects.names == ["one"]
            await clock.advance(2)
        view = await made.state(found.id, "succeeded")

    assert made.effects.names == ["one", "two"]
    assert clock.now() - noon <= timedelta(minutes=max(slept, 30.1))
    assert view.state == "succeeded"


OTHERWISE = """
name: story
parameters: [{name: v, default: x}]
locks: ['env:x']
steps: [{name: one, command: '/mark one-${v}'}, {name: two, command: '/mark two-${v}'}]
finally: ['/mark last-${v}']
"""


def went_on(nursery: Nursery, home: Path, event: int) -> tuple[int, object]:
    """Kill a process that lets a paused run go on otherwise; return how, and what came of it."""
    nursery.home(home, story=OTHERWISE)
    code = nursery.live(home, event, acts="otherwise")
    assert nursery.live(home, acts="left") == 0
    ends = last_words(home)["ends"]
    return code, (list(ends.values()), Effects(home).names)


AS_BEFORE = (["succeeded"], ["one-x", "two-x", "last-x"])
OTHER = (["succeeded", "cancelled"], ["one-x", "two-y", "last-y"])


@pytest.mark.parametrize("event", [1, 2, 6, 10, 12])
def test_a_kill_leaves_exactly_one_generation_that_goes_on(
    nursery: Nursery, tmp_path: Path, event: int
) -> None:
    """As it was before the word was kept, otherwise after it; `make soak` takes every event."""
    code, came = went_on(nursery, tmp_path / "home", event)

    assert code == KILLED
    assert came == (AS_BEFORE if event == 1 else OTHER)


@pytest.mark.bench
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", ["nursery", "shared"])
def test_a_kill_at_every_event_leaves_exactly_one_generation(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """Never none, and never two."""
    born, came, code = request.getfixturevalue(kind), [], KILLED
    while code == KILLED:
        home = tmp_path / str(len(came))
        code, found = went_on(born, home, len(came) + 1)
        came.append(found)
        born.forget(home)

    assert len(came) > 10
    assert came[0] == AS_BEFORE
    assert came[1:] == [OTHER] * (len(came) - 1)


@pytest.mark.bench
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_kill_at_every_single_event_loses_and_doubles_nothing(
    request: pytest.FixtureRequest, tmp_path: Path, kind: str
) -> None:
    """One run for each event there is: killed exactly there, started again, looked at."""
    server = request.getfixturevalue("postgres_server") if kind == "postgres" else None
    pair = [Nursery(tmp_path / f"fresh{number}", server) for number in range(2)]
    faults, events, block = [], 0, 20

    def one(event: int) -> bool:
        killed, fault = killed_at(pair[event % 2], tmp_path / str(event), event)
        if fault:
            faults.append((event, fault))
        return killed

    with ThreadPoolExecutor(2) as pool:
        while all(killed := list(pool.map(one, range(events + 1, events + 1 + block)))):
            events += block
    for each in pair:
        each.close()

    print(f"{events + sum(killed)} events of {kind}, a kill at each")  # noqa: T201 - the figure
    assert events > 400
    assert faults == []


@pytest.mark.bench
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("how", ENDINGS)
def test_finally_runs_once_in_every_ending_killed_at_every_event(
    nursery: Nursery, tmp_path: Path, how: str
) -> None:
    """One kill each, at every event of a run that ends so."""
    for event in range(1, 1000):
        home = tmp_path / str(event)
        came = ended(nursery, home, how, iter((event, NEVER)))
        assert came == expected(how), event
        if last_words(home)["events"] < event:
            break
