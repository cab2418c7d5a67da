"""Finding, following, exporting and counting, while a writer is at work."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from dataclasses import replace
from datetime import timedelta
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from audit.export import FORMATS, export
from audit.query import Filter, oldest_first, query
from audit.segments import newest_lines
from audit.stats import totals
from audit.tail import tail
from tgk.ports.journal import Conclusion

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.audit.conftest import Desk

OUTCOMES = frozenset({"outcome"})
SEVEN = ("timestamp", "user", "user_id", "command", "args", "channel", "result")


async def test_every_record_has_the_seven_keys(desk: Desk) -> None:
    """The log's own records too, so that no reader stumbles."""
    desk.setting(rotate_bytes=2000)
    await desk.write(20)

    for record in desk.records():
        assert set(SEVEN) <= json.loads(record.line).keys()
    last = json.loads(desk.records()[-1].line)
    assert {name: last[name] for name in SEVEN[1:]} == {
        "user": "dana", "user_id": "300000000000000002", "command": "/status",
        "args": {"service": "api"}, "channel": "#deployments", "result": "success",
    }  # fmt: skip
    assert last["timestamp"] == "2026-01-15T12:00:00.000000Z"


async def test_a_query_yields_the_newest_first_over_segments(desk: Desk) -> None:
    """Without a lock, while the writer has the file open."""
    desk.setting(rotate_bytes=2000)
    async with desk.journal() as journal:
        await desk.write(25, journal)

        found = [int(each.corr[4:]) for each in query(desk.path, Filter(phases=OUTCOMES), 12)]

    assert found == list(range(24, 12, -1))


async def test_all_that_a_run_did_is_found_by_its_id(desk: Desk) -> None:
    """Its steps, those of its resumed lives, and what was done to it; nothing of other runs."""
    step, other = "run:WF-2026-002:deploy:1", "run:WF-2026-0021:deploy:1"
    async with desk.journal() as journal:
        await journal.conclude(desk.attempt(0, delivery=step), Conclusion("success"))
        await journal.conclude(desk.attempt(1, delivery=other), Conclusion("success"))
        paused = desk.attempt(2, args={"workflow": "WF-2026-002"}, delivery="discord:1")
        await journal.conclude(paused, Conclusion("success"))
        resumed = desk.attempt(3, delivery="run:WF-2026-002.2:deploy:1")
        await journal.conclude(resumed, Conclusion("success"))

    found = query(desk.path, Filter(phases=OUTCOMES, corr="WF-2026-002"))

    assert [int(each.corr[4:]) for each in found] == [3, 2, 0]


async def test_the_story_of_a_run_is_whole(desk: Desk) -> None:
    """What began it, by what came of it; who voted on it and on its steps; nobody else's."""
    run, step = "WF-2026-002", "run:WF-2026-002:deploy:1"
    done = Conclusion("success")
    async with desk.journal() as journal:
        began = desk.attempt(0, delivery="discord:1")
        await journal.intend(began)
        await journal.conclude(desk.attempt(1, delivery=step), done)
        for number, asked in ((2, "run:WF-2026-002:consent:1"), (3, desk.attempt(1).corr),
                              (4, "run:WF-2026-0021:consent:1")):  # fmt: skip
            voted = Conclusion("success", links={"question": asked})
            await journal.conclude(desk.attempt(number), voted)
        paused = desk.attempt(5, args={"workflow": "current"})
        await journal.conclude(paused, Conclusion("success", links={"workflow": run}))
        await journal.conclude(began, Conclusion("success", links={"workflow": f"{run}.2"}))

    found = list(oldest_first(desk.path, Filter(corr=run)))
    newest = list(query(desk.path, Filter(corr=run)))
    of_step = [each.corr for each in query(desk.path, Filter(corr=desk.attempt(1).corr))]

    assert [(int(each.corr[4:]), each.phase) for each in found] == [
        (0, "intent"), (1, "outcome"), (2, "outcome"), (3, "outcome"), (5, "outcome"),
        (0, "outcome"),
    ]  # fmt: skip
    assert newest == found[::-1]
    assert of_step == [desk.attempt(3).corr, desk.attempt(1).corr]


async def test_the_story_of_a_run_that_goes_on_begins_with_who_started_it(desk: Desk) -> None:
    """As soon as its command knows what it is called, whatever it is called later."""
    async with desk.journal() as journal:
        began = desk.attempt(0, delivery="discord:1")
        await journal.intend(began)
        await journal.intend(desk.attempt(1))
        await journal.intend(replace(began, links={"workflow": "WF-2026-002"}))
        await journal.intend(desk.attempt(2, delivery="run:WF-2026-002:deploy:1"))

    found = list(oldest_first(desk.path, Filter(corr="WF-2026-002")))

    assert [int(each.corr[4:]) for each in found] == [0, 0, 2]
    assert found[0].user == began.caller.person


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"user": "vik"}, [2]),
        ({"user": "300000000000000004"}, [2]),
        ({"command": "deploy"}, [1]),
        ({"command": "/deploy", "result": "success"}, []),
        ({"command": "notify"}, [3]),
        ({"command": "notify team"}, [3]),
        ({"command": "team"}, []),
        ({"result": "denied"}, [1]),
        ({"channel": "#alerts"}, [2]),
        ({"corr": "corr00000000000"}, [2, 1, 0]),
        ({"corr": "corr000000000001"}, [1]),
    ],
)
async def test_a_query_filters(desk: Desk, wanted: dict[str, str], expected: list[int]) -> None:
    """By person or account, command with or without slash, result, channel and correlation."""
    vik = desk.attempt().caller.model_copy(
        update={"person": "vik", "user_id": "300000000000000004", "channel": "#alerts"}
    )
    async with desk.journal() as journal:
        await journal.conclude(desk.attempt(0), Conclusion("success"))
        await journal.conclude(desk.attempt(1, command="/deploy"), Conclusion("denied"))
        await journal.conclude(desk.attempt(2, caller=vik), Conclusion("success"))
        if "command" in wanted:
            await journal.conclude(desk.attempt(3, command="/notify team"), Conclusion("success"))

    found = query(desk.path, Filter(phases=OUTCOMES, **wanted))

    assert [int(each.corr[4:]) for each in found] == expected


async def test_a_query_by_time_passes_over_whole_segments(desk: Desk) -> None:
    """Days that cannot hold an answer are not read; the answer is the same."""
    start = desk.clock.now()
    async with desk.journal() as journal:
        for day in range(5):
            desk.clock.jump(start + timedelta(days=day))
            await journal.conclude(desk.attempt(day), Conclusion("success"))
    window = Filter(
        since=start + timedelta(days=1), until=start + timedelta(days=2, hours=1), phases=OUTCOMES
    )

    found = [int(each.corr[4:]) for each in query(desk.path, window)]

    assert found == [2, 1]
    (desk.path.parent / "audit.000000000001.jsonl").unlink()
    assert [int(each.corr[4:]) for each in query(desk.path, window)] == [2, 1]


def test_lines_are_read_backwards_over_blocks(tmp_path: Path) -> None:
    """Lines longer than a block, a torn end, no line at all: the same lines in reverse."""
    for lines in ([], [b"a"], [b"x" * 3_000_000, b"", b"b", b"y" * 1_100_000]):
        path = tmp_path / "lines"
        path.write_bytes(b"".join(line + b"\n" for line in lines) + b"torn" * 400_000)

        with path.open("rb") as file:
            assert list(newest_lines(file)) == lines[::-1]


async def test_a_tail_follows_into_the_next_segments(desk: Desk) -> None:
    """Each record once and in order, however often the file changes between two looks."""
    desk.setting(rotate_bytes=2000)
    async with desk.journal() as journal:
        await desk.write(12, journal)
        following = tail(desk.path, desk.clock, last=3, follow=True, wanted=Filter(phases=OUTCOMES))
        seen = [await anext(following) for _ in range(3)]
        more = [desk.attempt(number) for number in range(12, 40)]
        for attempt in more[:20]:
            await journal.conclude(attempt, Conclusion("success"))
        seen += [await anext(following) for _ in range(20)]
        for attempt in more[20:]:
            await journal.conclude(attempt, Conclusion("success"))
        seen += [await anext(following) for _ in range(8)]
        await following.aclose()

    assert [int(each.corr[4:]) for each in seen] == list(range(9, 40))


async def test_a_tail_waits_for_a_log_that_does_not_exist_yet(desk: Desk) -> None:
    """Started before the bot, it shows the bot's first record."""
    following = tail(desk.path, desk.clock, follow=True)
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        first = group.create_task(anext(following))
        await desk.write(1)

    assert first.result().data["event"] == "begun"
    await following.aclose()


async def test_reading_leaves_out_a_line_that_is_being_written(desk: Desk) -> None:
    """A half line is neither shown nor damage."""
    await desk.write(2)
    with desk.path.open("ab") as file:
        file.write(b'{"v":1')

    assert len(desk.records()) == 4
    assert desk.verdict().torn == 6
    assert desk.verdict().intact


async def test_exports_keep_hostile_text_in_its_place(desk: Desk) -> None:
    """No formula in a spreadsheet, no forged field in CEF, one line each."""
    nasty = '=cmd()|a\\b\nresult=success "x",y'
    hostile = desk.attempt().caller.model_copy(update={"person": nasty})
    async with desk.journal() as journal:
        end = Conclusion("denied", duration_ms=12.5, detail=nasty)
        await journal.conclude(desk.attempt(caller=hostile), end)
    records = desk.records(phases=OUTCOMES)

    rows = {form: list(export(records, form, version="1.0")) for form in FORMATS}

    assert all("\n" not in line for lines in rows.values() for line in lines)
    assert rows["jsonl"] == [records[0].line.decode()]
    table = list(csv.DictReader(io.StringIO("\n".join(rows["csv"]))))
    assert table[0]["user"] == "'" + nasty.replace("\n", "\\n")
    assert table[0]["result"] == "denied"
    assert rows["cef"][0].startswith("CEF:0|tgk|tgk|1.0|TGK1003W|/status|6|rt=")
    assert "suser=\\=cmd()|a\\\\b\\nresult\\=success" in rows["cef"][0]
    event = json.loads(rows["ocsf"][0])
    assert (event["class_uid"], event["type_uid"], event["status"]) == (6003, 600399, "Failure")
    assert event["actor"]["user"]["name"] == nasty


async def test_totals_count_outcomes_and_durations(desk: Desk) -> None:
    """Intents and the log's own records are no invocations."""
    async with desk.journal() as journal:
        for number in range(1, 101):
            await journal.conclude(desk.attempt(number), Conclusion("success", duration_ms=number))
        await journal.intend(desk.attempt(101, command="/deploy"))
        await journal.conclude(desk.attempt(101, command="/deploy"), Conclusion("denied"))

    found = totals(query(desk.path, Filter(), None))

    assert (found.records, found.invocations) == (104, 101)
    assert found.results == {"success": 100, "denied": 1}
    assert found.commands == {"/status": 100, "/deploy": 1}
    assert found.users == {"dana": 101}
    assert (found.durations["/status"].p50, found.durations["/status"].p95) == (50, 95)


async def test_counters_tell_records_and_refusals(desk: Desk) -> None:
    """What the gateway exports."""
    async with desk.journal() as journal:
        await desk.write(3, journal)
        stats = journal.stats

    assert (stats.records, stats.blocked) == (3, 0)
    assert next(iter(islice(query(desk.path, Filter(), 1), 1))).seq == 5
