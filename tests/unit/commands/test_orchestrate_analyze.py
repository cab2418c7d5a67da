"""Where the time of a run went: its analysis and its trace."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tests.unit.commands.made_runs import labels, put
from tgk.ports.runs import Pausing, StepView

if TYPE_CHECKING:
    from tests.conftest import World


async def test_analyze_compares_with_earlier_runs(world: World) -> None:
    """Where the time went, as words, table and picture."""
    for number, seconds in ((1, 60), (2, 60), (3, 60), (4, 120)):
        began = world.clock.now() - timedelta(seconds=seconds)
        put(world, run=f"WF-2026-00{number}", state="succeeded", asked=began, began=began,
            ended=world.clock.now(), steps=())  # fmt: skip

    outcome = await world.run("/orchestrate analyze --workflow WF-2026-004", "dana")

    assert "100 % slower than usual" in outcome.reply.title
    assert (outcome.reply.data["earlier"], outcome.reply.data["median"]) == (3, 60.0)
    assert {"facts", "picture", "table"} <= {block.kind for block in outcome.reply.blocks}


async def test_analyze_tells_pauses_apart(world: World) -> None:
    """In the title, beside working and waiting, in the picture and for programs."""
    before = put(world, steps=())
    assert before.began is not None
    pause = Pausing(began=before.began, ended=before.began + timedelta(seconds=27))
    world.runs.change("WF-2026-001", state="succeeded", pauses=(pause,))
    outcome = await world.run("/orchestrate analyze WF-2026-001", "dana")

    [facts] = [block for block in outcome.reply.blocks if block.kind == "facts"]
    [picture] = [block for block in outcome.reply.blocks if block.kind == "picture"]
    assert ", 27 s of it paused, " in outcome.reply.title
    assert "27 s" in [fact.value for fact in facts.facts if fact.label == "Paused"]
    assert outcome.reply.data["paused"] == 27
    assert "for 27 s" in picture.alt


async def test_analyze_tells_steps_of_one_name_apart(world: World) -> None:
    """A step of a loop stands there with its path; the time of a quick one is not nothing."""
    end = world.clock.now()
    turns = tuple(
        StepView(path=f"each[{n}]/watch", name="watch", kind="command", state="succeeded",
                 began=end - timedelta(seconds=0.4), ended=end)
        for n in range(2)
    )  # fmt: skip
    loop = StepView(path="each", name="each", kind="foreach", state="succeeded", steps=turns,
                    began=end - timedelta(seconds=1), ended=end)  # fmt: skip
    put(world, state="succeeded", ended=end, steps=(loop,))

    outcome = await world.run("/orchestrate analyze --workflow WF-2026-001", "dana")

    [table] = [block for block in outcome.reply.blocks if block.kind == "table"]
    assert {row[:2] for row in table.rows} == {
        ("each[0]/watch", "0.4 s"), ("each[1]/watch", "0.4 s"),
    }  # fmt: skip


async def test_analyze_calls_nothing_usual_after_two_runs(world: World) -> None:
    """It says with how many it is compared; of a resumed run, what it goes on from."""
    for number in (1, 2, 3):
        put(world, run=f"WF-2026-00{number}", state="succeeded", began=world.clock.now(),
            ended=world.clock.now() + timedelta(seconds=60 * number), steps=())  # fmt: skip

    few = await world.run("/orchestrate analyze --workflow WF-2026-003", "dana")
    world.runs.change("WF-2026-003", previous="WF-2026-002")
    resumed = await world.run("/orchestrate analyze --workflow WF-2026-003", "dana")

    assert few.reply.title.endswith("2 earlier runs")
    assert resumed.reply.title.endswith("goes on from WF-2026-002")


async def test_a_trace_is_shown_and_exported(world: World) -> None:
    """As OTLP JSON in a file, with a diagram beside it; the data is the same."""
    put(world)

    shown = await world.run("/orchestrate trace --workflow WF-2026-001", "dana")
    exported = await world.run("/orchestrate trace --workflow WF-2026-001 --export", "dana")

    files = [block.filename for block in exported.reply.blocks if block.kind == "log"]
    assert files == ["WF-2026-001-otlp.json", "WF-2026-001.mmd"]
    assert labels(shown) == ["Export"]
    assert "resourceSpans" in exported.reply.data
    assert exported.reply.data == shown.reply.data
