"""What can be made to go wrong on the Discord side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sandbox.discord.errors import Refused, rate_limited

if TYPE_CHECKING:
    from sandbox.discord.gateway import Gateway
    from sandbox.discord.guild import Guild
    from tgk.ports.time import Clock


class DiscordFaults:
    """Switches; every one is off at first."""

    def __init__(self, clock: Clock, gateway: Gateway, guild: Guild) -> None:
        self._clock = clock
        self._gateway = gateway
        self._guild = guild
        self._storm_until = 0.0
        self._lost: list[tuple[str, str]] = []
        self._failing: list[tuple[str, int]] = []
        self.is_down = False
        self.delay = 0.0

    def drop_gateway(self) -> None:
        """Cut every gateway connection without a word; sessions stay resumable."""
        self._gateway.drop()

    async def reconnect(self) -> None:
        """Ask every client to reconnect (op 7)."""
        await self._gateway.reconnect()

    async def invalidate(self, *, resumable: bool = False) -> None:
        """End every session (op 9)."""
        await self._gateway.invalidate(resumable=resumable)

    def storm(self, seconds: float) -> None:
        """Refuse every call with a global 429 for so long; 0 ends it."""
        self._storm_until = self._clock.monotonic() + seconds

    def down(self, is_down: bool = True) -> None:
        """Answer every call with 503 and keep the gateway shut, until called with False."""
        self.is_down = is_down
        self._gateway.shut(is_down)

    def slow(self, seconds: float) -> None:
        """Let every call wait this long; 0 ends it."""
        self.delay = seconds

    def forbid(self, channel: str, forbidden: bool = True) -> None:
        """Take a channel from the bot (403, 50001), or give it back."""
        self._guild.places[self._guild.cast.channel(channel).id].is_forbidden = forbidden

    def fail(self, ending: str, status: int = 500, times: int = 1) -> None:
        """Answer the next calls whose path ends so with a server error, undone."""
        self._failing += [(ending, status)] * times

    def drop_connection_after_handling(
        self, ending: str = "", method: str = "POST", times: int = 1
    ) -> None:
        """Carry out the next such calls but lose the answer."""
        self._lost += [(ending, method)] * times

    def clear(self) -> None:
        """Switch everything off."""
        self.down(False)
        self.delay = 0.0
        self._storm_until = 0.0
        self._lost.clear()
        self._failing.clear()
        for place in self._guild.places.values():
            place.is_forbidden = False

    async def check(self, path: str) -> None:
        """Delay or refuse the call if a switch says so."""
        if self.delay:
            await self._clock.sleep(self.delay)
        if self.is_down:
            raise Refused(503, 0, "503: Service Unavailable")
        for entry in self._failing:
            if path.endswith(entry[0]):
                self._failing.remove(entry)
                raise Refused(entry[1], 0, f"{entry[1]}: Internal Server Error")
        left = self._storm_until - self._clock.monotonic()
        if left > 0:
            raise rate_limited(left, is_global=True)

    def loses_answer(self, method: str, path: str) -> bool:
        """Return whether this answer gets lost, and count it."""
        for entry in self._lost:
            if path.endswith(entry[0]) and method == entry[1]:
                self._lost.remove(entry)
                return True
        return False

    def describe(self) -> dict[str, bool | float]:
        """Return the switches as they stand, for a page."""
        return {
            "down": self.is_down,
            "slow": self.delay,
            "storm": max(0.0, self._storm_until - self._clock.monotonic()),
            "lost": len(self._lost),
        }
