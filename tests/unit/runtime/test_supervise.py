"""Supervision: one platform's trouble is its own."""

from __future__ import annotations

import asyncio
from collections import deque

from loguru import logger

from bot.runtime.supervise import LONGEST_PAUSE, Supervisor
from tgk.errors import ConfigurationInvalid, Rejected, TgkError, Unavailable
from tgk.testing.clock import FakeClock


class Surface:
    """A door whose runs end as scripted, and then hold."""

    def __init__(self, *ends: Exception | None) -> None:
        self.ends = deque(ends)
        self.runs = 0
        self.ready = False

    async def run(self) -> None:
        """End as the script says; hold once it is used up."""
        self.runs += 1
        if not self.ends:
            self.ready = True
            await asyncio.Event().wait()
        end = self.ends.popleft()
        if end is not None:
            raise end

    async def close(self) -> None:
        """Nothing to let go of."""


async def kept(surface: Surface) -> tuple[Supervisor, FakeClock]:
    """Keep a surface until it holds or is given up."""
    clock = FakeClock(flows=True)
    supervisor = Supervisor(clock)
    task = asyncio.ensure_future(supervisor.keep("discord", surface))
    for _ in range(200):
        await asyncio.sleep(0)
        if task.done() or surface.ready:
            break
    task.cancel()
    return supervisor, clock


async def test_a_platform_that_is_down_is_tried_again_with_longer_pauses() -> None:
    """Half a second, one, two: never more than a minute."""
    surface = Surface(*(Unavailable("Discord", "down") for _ in range(12)))

    supervisor, clock = await kept(surface)

    assert 13 == surface.runs
    assert [0.5, 1.0, 2.0, 4.0] == clock.slept[:4]
    assert max(clock.slept) == LONGEST_PAUSE
    assert 12 == supervisor.health["discord"].restarts


async def test_a_refused_token_is_final_and_says_what_to_do() -> None:
    """No second try, no fall-back: the health tells."""
    refused: tuple[TgkError, ...] = (
        Rejected("Discord", "the token was rejected", status=401, remedy="Set DISCORD_TOKEN."),
        ConfigurationInvalid("The token is refused.", ["x"], remedy="Set DISCORD_TOKEN."),
    )
    for error in refused:
        surface = Surface(error)

        supervisor, _ = await kept(surface)

        assert 1 == surface.runs
        assert supervisor.health["discord"].state == "refused"
        assert "Set DISCORD_TOKEN." in supervisor.health["discord"].why


async def test_a_second_reader_is_waited_out() -> None:
    """A conflict ends when the other process does."""
    surface = Surface(Rejected("Telegram", "another process reads", status=409))

    supervisor, _ = await kept(surface)

    assert 2 == surface.runs
    assert supervisor.health["discord"].state == "down"


async def test_a_fault_of_a_surface_does_not_end_the_supervisor() -> None:
    """It is logged, counted and tried again."""
    surface = Surface(RuntimeError("boom"))

    supervisor, _ = await kept(surface)

    assert 2 == surface.runs
    assert supervisor.health["discord"].why == "fault: RuntimeError"


async def test_readiness_is_noticed_and_lost() -> None:
    """Up when the surface says so, down when it no longer does."""
    clock = FakeClock(flows=True)
    supervisor = Supervisor(clock)
    surface = Surface()
    task = asyncio.ensure_future(supervisor.watch("discord", surface))
    states = []

    for ready in (True, False):
        surface.ready = ready
        for _ in range(20):
            await asyncio.sleep(0)
        states.append(supervisor.health["discord"].state)
    task.cancel()

    assert ["up", "down"] == states


async def test_the_log_tells_a_state_and_its_reason_apart() -> None:
    """What, why and the remedy are sentences; a state without a reason ends there."""
    said: list[str] = []
    sink = logger.add(lambda message: said.append(message.record["message"]), level="INFO")
    clock = FakeClock(flows=True)
    supervisor = Supervisor(clock)
    surface = Surface(Unavailable("Discord", "the connection was lost"))

    tasks = [
        asyncio.ensure_future(work)
        for work in (supervisor.keep("discord", surface), supervisor.watch("discord", surface))
    ]
    for _ in range(60):
        await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    logger.remove(sink)

    remedy = "Try again in a moment."
    lost = "platform is down: Discord did not answer as needed: the connection was lost. "
    assert [lost + remedy, "platform is up"] == said
