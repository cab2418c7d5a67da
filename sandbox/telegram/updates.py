"""Updates that wait for the bot: kept until confirmed, handed to one poller, or posted."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import aiohttp

from sandbox.telegram.errors import Refusal, bad_request

if TYPE_CHECKING:
    from sandbox.wire import Json
    from tgk.ports.time import Clock

KEPT_FOR: Final = 24 * 3600.0
FIRST: Final = 880000001
BOUND: Final = 5000
LONGEST_POLL: Final = 50.0
QUIET: Final = {"chat_member", "message_reaction", "message_reaction_count"}


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where updates are posted instead of being polled."""

    url: str
    secret: str = ""


class Updates:
    """The queue between the chats and the bot, with the platform's one-consumer rule."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._queue: list[tuple[float, Json]] = []
        self._next = FIRST
        self._turn = 0
        self._woken = asyncio.Event()
        self._closing = False
        self.allowed: list[str] = []
        self.webhook: Webhook | None = None
        self.last_fault = ""

    @property
    def pending(self) -> list[Json]:
        """What no poll has confirmed and no webhook has taken."""
        return [update for _, update in self._queue]

    def add(self, kind: str, body: Json) -> bool:
        """Queue one update; return False when the bot has not asked for its kind."""
        wanted = kind in self.allowed if self.allowed else kind not in QUIET
        if not wanted:
            return False
        self._queue.append((self._clock.monotonic(), {"update_id": self._next, kind: body}))
        self._next += 1
        del self._queue[:-BOUND]
        self._woken.set()
        return True

    def again(self, update: Json) -> None:
        """Queue an update that was there before, in front of the others."""
        self._queue.insert(0, (self._clock.monotonic(), update))
        self._woken.set()

    async def poll(self, offset: int | None, limit: int, wait: float) -> list[Json]:
        """Confirm everything below the offset and return what follows, waiting for the first."""
        if self.webhook is not None:
            raise _conflict(
                "can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
        self._turn += 1
        turn = self._turn
        self._woken.set()
        self._confirm(offset)
        try:
            async with asyncio.timeout(min(wait, LONGEST_POLL)):
                await self._something(turn)
        except TimeoutError:
            return []
        if turn != self._turn:
            raise _conflict(
                "terminated by other getUpdates request; "
                "make sure that only one bot instance is running"
            )
        return self.pending[: max(1, min(limit, 100))]

    async def post(self) -> None:
        """Post what waits to the webhook, in order; the first failure leaves the rest waiting."""
        while self.webhook is not None and self._queue:
            first = self._queue[0]
            if not await self._post_one(self.webhook, first[1]):
                return
            self._queue = [entry for entry in self._queue if entry is not first]

    def drop(self) -> None:
        """Forget everything that waits."""
        self._queue.clear()

    def close(self) -> None:
        """Let every hanging poll return, so that a server can stop."""
        self._closing = True
        self._woken.set()

    async def _something(self, turn: int) -> None:
        while not self._queue and turn == self._turn and not self._closing:
            self._woken.clear()
            await self._woken.wait()

    def _confirm(self, offset: int | None) -> None:
        oldest = self._clock.monotonic() - KEPT_FOR
        self._queue = [entry for entry in self._queue if entry[0] > oldest]
        if offset is not None and offset < 0:
            del self._queue[:offset]
        elif offset:
            self._queue = [entry for entry in self._queue if entry[1]["update_id"] >= offset]

    async def _post_one(self, webhook: Webhook, update: Json) -> bool:
        headers = {"X-Telegram-Bot-Api-Secret-Token": webhook.secret} if webhook.secret else {}
        limit = aiohttp.ClientTimeout(total=10)
        try:
            async with (
                aiohttp.ClientSession(timeout=limit, headers=headers) as session,
                session.post(webhook.url, json=update) as response,
            ):
                fault = "" if response.ok else f"Wrong response from the webhook: {response.status}"
        except (aiohttp.ClientError, TimeoutError) as error:
            fault = f"Connection failed: {type(error).__name__}"
        self.last_fault = fault or self.last_fault
        return not fault


def webhook_from(url: str, secret: str) -> Webhook:
    """Return the webhook of a setWebhook call, or refuse the address."""
    if not url.startswith(("https://", "http://127.0.0.1", "http://localhost")):
        raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
    return Webhook(url, secret)


def _conflict(reason: str) -> Refusal:
    return Refusal(409, f"Conflict: {reason}")
