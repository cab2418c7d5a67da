"""Status, logs, help and whoami: what an operator reads."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tgk.errors import Unavailable
from tgk.ports.cluster import Workload
from tgk.ports.logs import LogLine, LogPage
from tgk.ports.metrics import Vitals
from tgk.reply import Log, Picture, Table
from tgk.testing.logs import FakeLogs

if TYPE_CHECKING:
    from tests.conftest import World

NOON = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)


@pytest.fixture
def running(world: World) -> World:
    """A world in which event-gateway runs twice."""
    for name in world.discovery.services:
        world.cluster.put("production", name, Workload("Running", "v1.2.3", 2, 2, NOON))
    history = tuple((NOON + timedelta(minutes=m), 30.0 + m) for m in range(5))
    world.metrics.put("event-gateway", "production", Vitals(38.0, 0.02, 84.0, cpu_history=history))
    return world


async def test_status_keeps_the_wording_of_the_seed(running: World) -> None:
    """The plain answer is word for word what people script against."""
    outcome = await running.run("/status event-gateway", "vik")

    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline == "Sovereignty Architecture: status check"
    assert outcome.reply.plain.lines == (
        "Service: event-gateway",
        "State: Running",
        "Version: v1.2.3",
        "Replicas: 2/2",
    )


async def test_status_shows_what_runs_beside_as_a_canary(running: World) -> None:
    """Both versions, and which share of the pods the other one has, on every form of it."""
    name = "event-gateway-canary"
    running.cluster.put("production", name, Workload("Running", "v1.3.0", 1, 1, NOON))

    one = await running.run("/status event-gateway", "vik")
    all_ = await running.run("/status", "vik")
    running.cluster.put("production", name, Workload("Stopped", "v1.3.0", 0, 0, NOON))
    taken_back = await running.run("/status event-gateway", "vik")

    told = "v1.3.0, 1/1, 33 % of the pods"
    assert one.reply.plain is not None
    assert all_.reply.plain is not None
    assert one.reply.plain.lines[2:] == ("Version: v1.2.3", "Replicas: 2/2", f"Canary: {told}")
    assert f"event-gateway  Running  v1.2.3  2/2  canary {told}" in all_.reply.plain.lines
    assert "discord-ops-bot  Running  v1.2.3  2/2" in all_.reply.plain.lines
    assert one.reply.data["canary"]["share_of_pods"] == 33
    assert "canary" not in taken_back.reply.data


async def test_status_draws_the_last_hour(running: World) -> None:
    """The card has a picture with words for those who cannot see it."""
    outcome = await running.run("/status event-gateway", "vik")

    pictures = [block for block in outcome.reply.blocks if isinstance(block, Picture)]
    assert 1 == len(pictures)
    assert "CPU" in pictures[0].alt


async def test_status_says_what_it_could_not_learn(running: World) -> None:
    """Metrics that are down leave the rest standing, in amber, with the reason."""
    running.metrics.faults.order(Unavailable("Prometheus", "timed out after 3 s"))

    outcome = await running.run("/status event-gateway", "vik")

    assert outcome.result == "success"
    assert outcome.reply.tone == "warning"
    assert ["metrics unavailable: timed out after 3 s"] == outcome.reply.data["problems"]


async def test_status_offers_only_what_the_reader_may_do(running: World) -> None:
    """A viewer gets no buttons to scale or deploy; a release manager does."""
    for person, expected in (("vik", set()), ("dana", {"logs", "scale", "deploy"})):
        outcome = await running.run("/status event-gateway", person)

        assert expected == {action.command for action in outcome.reply.actions}


async def test_status_without_a_service_shows_all_and_one_fault_hides_no_other(
    running: World,
) -> None:
    """Four services, one of them unknown to the cluster."""
    running.cluster.drop("production", "refinory-api")

    outcome = await running.run("/status", "vik")

    table = outcome.reply.blocks[0]
    assert isinstance(table, Table)
    assert ["Running", "Running", "Running", "unknown"] == [row[1] for row in table.rows]
    assert outcome.reply.tone == "warning"


async def test_logs_keep_the_wording_of_the_seed_and_mask_secrets(world: World) -> None:
    """The headline counts the lines; a token in a line never leaves."""
    start = datetime(2024, 1, 15, 10, 23, 45, tzinfo=UTC)
    lines = [
        LogLine(start, "INFO: Command /status executed", "info"),
        LogLine(
            start + timedelta(seconds=1), "INFO: token ghp_0123456789abcdef0123456789abcdef0123"
        ),
    ]
    world.logs.put("discord-ops-bot", "production", lines)
    world.dispatcher._redact = lambda text: text.replace("ghp_", "***")

    outcome = await world.run("/logs discord-ops-bot --tail 50", "devi")

    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline == "Last 2 lines from discord-ops-bot:"
    assert outcome.reply.plain.lines[0] == "[2024-01-15 10:23:45] INFO: Command /status executed"
    assert "ghp_" not in outcome.reply.model_dump_json()


async def test_logs_keep_no_key_that_is_spread_over_lines(world: World) -> None:
    """Neither in the card and its file nor for machines, also where a page begins inside it."""
    start = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
    body = ["Ab3" * 21 + "x"] * 20
    key = ["-----BEGIN PRIVATE KEY-----", *body, "-----END PRIVATE KEY-----", "listening"]
    lines = [LogLine(start + timedelta(seconds=n), line) for n, line in enumerate(key)]
    world.logs.put("event-gateway", "production", lines)

    whole = await world.run("/logs event-gateway", "devi")
    end = await world.run("/logs event-gateway --tail 10", "devi")

    for outcome in (whole, end):
        assert "Ab3Ab3" not in outcome.reply.model_dump_json()
        assert outcome.reply.data["lines"][-1] == "[2026-01-15 10:00:22] listening"


class Growing(FakeLogs):
    """Logs to which a line comes between two looks."""

    async def tail(self, *asked: Any) -> LogPage:
        """Answer, and let the next line come."""
        page = await super().tail(*asked)
        line = LogLine(self._clock.now(), f"line {len(self.asked)}")
        self.put("event-gateway", "production", [line])
        return page


@pytest.fixture
def growing(world: World) -> Growing:
    """Logs that grow, in the world's place for logs."""
    logs = Growing(world.clock)
    object.__setattr__(world.dispatcher.backends, "logs", logs)
    return logs


async def test_logs_are_followed_as_they_come_and_end_with_the_whole_page(
    world: World, growing: Growing
) -> None:
    """One look in six seconds, a short card in between, then the page as without following."""
    outcome = await world.run("/logs event-gateway --follow 1", "devi")

    assert 11 == len(growing.asked)
    last = next(block for block in world.shown[-1].blocks if isinstance(block, Log)).lines
    assert ("line 10", 10) == (last[-1].partition("] ")[2], len(last))
    assert all(len(block.lines) <= 15 for reply in world.shown for block in reply.blocks
               if isinstance(block, Log))  # fmt: skip
    assert "running" == world.shown[-1].tone
    assert outcome.reply.data["lines"][-1].endswith("line 10")
    assert "Follow 5 min" in [action.label for action in outcome.reply.actions]


async def test_following_tells_of_an_outage_and_goes_on(world: World, growing: Growing) -> None:
    """Loki away for a moment: what was shown stays, with the reason, and then it grows again."""
    running = asyncio.ensure_future(world.run("/logs event-gateway --follow 1", "devi"))
    while len(growing.asked) < 4:
        await asyncio.sleep(0)
    growing.faults.order(Unavailable("loki", "it takes long"), times=2)
    outcome = await running

    warned = [reply for reply in world.shown if reply.tone == "warning"]
    assert 1 == len(warned)
    assert "loki does not answer" in warned[0].model_dump_json()
    assert "line 2" in warned[0].model_dump_json()
    assert "success" == outcome.result


async def test_nothing_is_shown_again_while_nothing_comes(world: World) -> None:
    """A quiet service edits no message."""
    world.logs.put("event-gateway", "production", [LogLine(world.clock.now(), "only one")])

    await world.run("/logs event-gateway --follow 2", "devi")

    assert 1 == len(world.shown)


async def test_what_is_past_is_not_followed(world: World) -> None:
    """And nobody follows for longer than a message can be edited."""
    past = await world.run("/logs event-gateway --before 2026-01-15T10:00:00Z --follow 1", "devi")
    long = await world.run("/logs event-gateway --follow 11", "devi")

    assert ["invalid", "invalid"] == [past.result, long.result]


async def test_logs_page_backwards(world: World) -> None:
    """The button Older goes on where the page began."""
    start = datetime(2026, 1, 15, 10, 0, tzinfo=UTC)
    world.logs.put(
        "event-gateway",
        "production",
        [LogLine(start + timedelta(seconds=n), f"line {n}") for n in range(120)],
    )

    newest = await world.run("/logs event-gateway", "devi")
    older = next(action for action in newest.reply.actions if action.label == "Older")
    page = await world.dispatcher.run(
        world.asked(older.command, older.arguments, world.caller("devi"))
    )

    assert isinstance(page.reply.blocks[0], Log)
    assert page.reply.blocks[0].lines[-1].endswith("line 70")  # pages overlap, nothing is lost


async def test_help_lists_only_what_one_may_run(world: World) -> None:
    """A viewer does not read about deploying."""
    outcome = await world.run("/help", "vik")

    listed = {entry["usage"].split()[0] for entry in outcome.reply.data["commands"]}
    assert {"/backup", "/help", "/monitor", "/status", "/whoami"} == listed


async def test_help_names_who_may_run_the_rest(world: World) -> None:
    """Whoever may not deploy learns whom to ask."""
    outcome = await world.run("/help deploy", "vik")

    assert {"admin", "release_mgr"} == set(outcome.reply.data["roles"])


async def test_whoami_tells_a_stranger_what_to_do(world: World) -> None:
    """An account that no member has is told so, and may run nothing that matters."""
    outcome = await world.run("/status event-gateway", "oli")
    known = await world.run("/whoami", "dana")

    assert outcome.result == "denied"
    assert known.reply.data["roles"] == ["release_mgr"]


async def test_status_fails_only_when_nothing_can_be_learned(running: World) -> None:
    """Both sources down: unavailable, with both reasons."""
    running.metrics.faults.order(Unavailable("Prometheus", "timed out"))
    running.cluster.faults.order(Unavailable("Kubernetes", "refused"))

    outcome = await running.run("/status event-gateway", "vik")

    assert outcome.result == "unavailable"
    assert "timed out" in outcome.reply.data["why"]
    assert "refused" in outcome.reply.data["why"]


async def test_status_without_a_cluster_shows_the_figures(running: World) -> None:
    """Half an answer with its gap named beats none."""
    running.cluster.faults.order(Unavailable("Kubernetes", "refused"))

    outcome = await running.run("/status event-gateway", "vik")

    assert outcome.result == "success"
    assert outcome.reply.data["state"] is None
    assert outcome.reply.plain is not None
    assert "cluster unavailable: refused" in outcome.reply.plain.lines


async def test_status_of_a_degraded_service_says_why_and_links_its_dashboard(
    running: World,
) -> None:
    """The note of the cluster is quoted, the dashboard is one press away."""
    service = running.discovery.services["event-gateway"]
    running.discovery.services["event-gateway"] = service.model_copy(
        update={"dashboard": "https://grafana.example/d/1"}
    )
    running.cluster.put(
        "production", "event-gateway", Workload("Degraded", "v1.2.3", 1, 2, note="CrashLoopBackOff")
    )

    outcome = await running.run("/status event-gateway", "vik")

    assert outcome.reply.tone == "bad"
    assert "CrashLoopBackOff" in outcome.reply.model_dump_json()
    assert "https://grafana.example/d/1" in [action.url for action in outcome.reply.actions]


async def test_logs_without_lines_say_what_to_try(world: World) -> None:
    """Filters that fit nothing are not an error."""
    outcome = await world.run("/logs event-gateway --since 5m --contains nonsense", "devi")

    assert outcome.result == "success"
    assert "longer --since" in outcome.reply.model_dump_json()


async def test_a_time_that_is_none_is_refused_with_an_example(world: World) -> None:
    """The fault names the option and shows how to write it."""
    outcome = await world.run("/logs event-gateway --before yesterday", "devi")

    assert outcome.result == "invalid"
    assert "2026-01-15T10:23:45Z" in outcome.reply.data["why"]


async def test_help_for_a_command_that_does_not_exist_suggests_one(world: World) -> None:
    """As everywhere."""
    outcome = await world.run("/help stauts", "vik")

    assert outcome.result == "invalid"
    assert "/status" in outcome.reply.data["do"]
