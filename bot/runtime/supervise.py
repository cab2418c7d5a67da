"""Keeps each platform running on its own: one that is down never takes another down."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from loguru import logger

from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.time import Clock

FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.5, 60.0, 60.0
"""Seconds: the first wait before another try, the longest, and how long until it counts as up."""


class Surface(Protocol):
    """A door to one platform."""

    @property
    def name(self) -> str:
        """``discord`` or ``telegram``."""

    @property
    def ready(self) -> bool:
        """Whether it can take commands right now."""

    async def run(self) -> None:
        """Serve until the connection is lost for good; may be called again after it ended."""

    async def close(self) -> None:
        """Stop taking commands and let go of the connection."""


@dataclass(slots=True)
class Health:
    """How a platform fares, for people and probes."""

    state: Literal["starting", "up", "down", "refused", "off"] = "starting"
    why: str = ""
    since: datetime | None = None
    restarts: int = 0


@dataclass(slots=True)
class Supervisor:
    """Runs surfaces again after they end, waiting longer each time; a refused token is final."""

    clock: Clock
    health: dict[str, Health] = field(default_factory=dict)

    def off(self, name: str, why: str) -> None:
        """Note a platform that is not configured."""
        self.health[name] = Health("off", why, self.clock.now())

    async def keep(self, surface: Surface) -> None:
        """Serve a surface until cancelled, or until its configuration is refused."""
        health = self.health.setdefault(surface.name, Health())
        pause = FIRST_PAUSE
        while True:
            began = self.clock.monotonic()
            try:
                await surface.run()
                why = "the connection ended"
            except ConfigurationInvalid as error:
                self._note(health, surface.name, "refused", str(error))
                return
            except TgkError as error:
                why = str(error)
            except Exception as error:  # noqa: BLE001 - one platform's fault must not end the others
                logger.opt(exception=error).error("surface crashed")
                why = f"fault: {type(error).__name__}"
            if self.clock.monotonic() - began > STEADY_AFTER:
                pause = FIRST_PAUSE
            self._note(health, surface.name, "down", why)
            health.restarts += 1
            await self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def watch(self, surface: Surface) -> None:
        """Note when a surface becomes ready or loses it; ends with the task that owns it."""
        health = self.health.setdefault(surface.name, Health())
        while True:
            if surface.ready and health.state != "up":
                self._note(health, surface.name, "up", "")
            elif not surface.ready and health.state == "up":
                self._note(health, surface.name, "down", "not connected")
            await asyncio.sleep(0.05 if health.state == "starting" else 0.5)

    def _note(
        self,
        health: Health,
        name: str,
        state: Literal["up", "down", "refused"],
        why: str,
    ) -> None:
        if state != health.state:
            log = logger.bind(platform=name)
            (log.info if state == "up" else log.warning)("platform is {} {}", state, why)
            health.since = self.clock.now()
        health.state, health.why = state, why
