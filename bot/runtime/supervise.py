"""Keeps each platform running on its own: one that is down never takes another down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from loguru import logger

from tgk.errors import ConfigurationInvalid, Rejected, TgkError

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.time import Clock

FIRST_PAUSE, LONGEST_PAUSE, STEADY_AFTER = 0.5, 60.0, 60.0
"""Seconds: the first wait before another try, the longest, and how long until it counts as up."""
_REFUSED = (401, 403)


class Surface(Protocol):
    """A door to one platform."""

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
    stopping: bool = False
    """Whether surfaces end because they are told to, which is no failure of theirs."""

    def off(self, name: str, why: str) -> None:
        """Note a platform that is not configured."""
        self.health[name] = Health("off", why, self.clock.now())

    async def keep(self, name: str, surface: Surface) -> None:
        """Serve a surface until cancelled, or until the platform refuses its token."""
        self.health[name] = Health()
        pause = FIRST_PAUSE
        while True:
            began = self.clock.monotonic()
            refused, why = await self._serve(name, surface)
            if self.stopping:
                return
            if refused:
                self._note(name, "refused", why)
                return
            if self.clock.monotonic() - began > STEADY_AFTER:
                pause = FIRST_PAUSE
            self._note(name, "down", why)
            self.health[name].restarts += 1
            await self.clock.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE)

    async def watch(self, name: str, surface: Surface) -> None:
        """Note when a surface becomes ready or loses it; ends with the task that owns it."""
        while True:
            state = self.health[name].state if name in self.health else "starting"
            if self.stopping:
                return
            if surface.ready and state != "up":
                self._note(name, "up", "")
            elif not surface.ready and state == "up":
                self._note(name, "down", "not connected")
            await self.clock.sleep(0.5 if state == "up" else 0.02)

    async def _serve(self, name: str, surface: Surface) -> tuple[bool, str]:
        """Run once; say whether another try is useless, and why it ended."""
        try:
            await surface.run()
        except ConfigurationInvalid as error:
            return True, _said(error)
        except Rejected as error:
            return error.status in _REFUSED, _said(error)
        except TgkError as error:
            return False, _said(error)
        except Exception as error:  # noqa: BLE001 - one platform's fault must not end the others
            logger.bind(platform=name).opt(exception=error).error("surface crashed")
            return False, f"fault: {type(error).__name__}"
        return False, "the connection ended"

    def _note(self, name: str, state: Literal["up", "down", "refused"], why: str) -> None:
        health = self.health.setdefault(name, Health())
        if state != health.state:
            log = logger.bind(platform=name)
            told = f"{state}: {why}" if why else state
            (log.info if state == "up" else log.warning)("platform is {}", told)
            health.since = self.clock.now()
        health.state, health.why = state, why


def _said(error: TgkError) -> str:
    """Return an error as sentences: what and why with a colon between, then what to do."""
    what = f"{error.what.rstrip('.')}: {error.why.rstrip('.')}." if error.why else error.what
    return f"{what} {error.remedy}".rstrip()
