"""The worker of one place: sends questions first, edits no more often than the platform likes."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, TypeVar

from loguru import logger

from orchestration import messages
from orchestration.alarm import rest
from tgk.errors import Rejected, TgkError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from orchestration.messages import Message
    from orchestration.store import Store
    from tgk.ports.board import Courier, MessageRef
    from tgk.ports.time import Clock

T = TypeVar("T")
GIVE_UP_SECONDS: Final = 24 * 3600.0
_LONGEST_PAUSE: Final = 300.0

_BAD_TOKEN: Final = 401
"""HTTP's own number for credentials that are not accepted."""


class Lane:
    """The messages of one place that do not show yet what they should.

    What people must decide goes first, everything else in order. A platform that is away delays
    them for at most a day; one that refuses a message ends that message alone. ``left`` and the
    durable state ``sending`` together say whether a message may have arrived unseen: then it is
    looked for before it is sent again.
    """

    def __init__(
        self,
        name: str,
        courier: Courier,
        store: Store,
        clock: Clock,
        *,
        backlog: int,
        patience: float,
    ) -> None:
        self.name = name
        self.trouble = ""
        """Why the last attempt failed; empty after a success."""
        self.given_up = 0
        self._courier = courier
        self._store = store
        self._clock = clock
        self._backlog = backlog
        self._patience = patience
        self._sends: dict[str, Message] = {}
        self._edits: dict[str, Message] = {}
        self._on_its_way: Message | None = None
        self._wake = asyncio.Event()
        self._stopping = False
        self._failures = 0
        self._blocked_until = 0.0
        self._sent_last = False

    @property
    def depth(self) -> int:
        """How many messages do not show yet what they should."""
        return len(self._sends) + sum(not message.settled for message in self._edits.values())

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be sent, so that a new message leaves at once."""
        return not self._sends

    def __len__(self) -> int:
        return len(self._sends) + len(self._edits)

    def __contains__(self, key: str) -> bool:
        return key in self._sends or key in self._edits

    def put(self, message: Message) -> None:
        """Take a message up, or let one that is here show something new."""
        known = self._known(message.key)
        if known is None:
            (self._sends if message.unsent else self._edits)[message.key] = message
        else:
            known.reply, known.digest = message.reply, message.digest
            known.progress, known.changed = message.progress, message.changed
        self._wake.set()

    def renew(self, message: Message) -> None:
        """Let a message that is here show what another process wishes it to, if that is newer."""
        known = self._known(message.key)
        if known is not None and message.digest != known.digest and message.changed > known.changed:
            self.put(message)

    def adopt(self, message: Message) -> None:
        """Learn that a message stands already, unless it is on its way at this moment."""
        known = self._known(message.key)
        if known is None:
            self.put(message)
        elif known is not self._on_its_way:
            known.ref, known.shown = message.ref, b""
            self._stands(known)
            self._wake.set()

    def stop(self) -> None:
        """End after the message that is on its way."""
        self._stopping = True
        self._wake.set()

    async def work(self) -> None:
        """Send and edit until everything shows what it should."""
        while len(self) and not self._stopping:
            self._wake.clear()
            await self._trim()
            message, due = self._next()
            wait = due - self._clock.monotonic()
            if wait > 0:
                await rest(self._wake, self._clock, wait)
            else:
                if not message.settled:
                    await self._deliver(message)
                self._retire(message)

    def _known(self, key: str) -> Message | None:
        return self._sends.get(key) or self._edits.get(key)

    def _stands(self, message: Message) -> None:
        """Move a message from those to send to those to edit."""
        message.state, message.left = "sent", False
        self._sends.pop(message.key, None)
        self._edits[message.key] = message

    def _retire(self, message: Message) -> None:
        """Forget a message that shows what it should and may be edited at any time."""
        if message.settled and message.edit_after <= self._clock.monotonic():
            self._sends.pop(message.key, None)
            self._edits.pop(message.key, None)

    def _next(self) -> tuple[Message, float]:
        """Return what is to be done next and when; sends and edits that are both due take turns."""
        now = self._clock.monotonic()
        found: list[tuple[Message, float]] = []
        if self._sends:
            found.append((self._front(), self._blocked_until))
        if self._edits:
            edit = min(self._edits.values(), key=lambda message: message.edit_after)
            blocked = 0.0 if edit.settled else self._blocked_until
            found.append((edit, max(blocked, edit.edit_after)))
        if len(found) > 1 and all(due <= now for _, due in found):
            return found[1 if self._sent_last else 0]
        return min(found, key=lambda each: each[1])

    def _front(self) -> Message:
        """Return what is sent next.

        What may have arrived unseen is found before anything else is sent: nothing that was sent
        later can be taken for it.
        """
        waiting = self._sends.values()
        left = next((message for message in waiting if message.left), None)
        return left or next((message for message in waiting if message.asks), next(iter(waiting)))

    async def _deliver(self, message: Message) -> None:
        """Do one thing on the platform and note how it went."""
        self._sent_last = message.unsent
        self._on_its_way = message
        digest = message.digest
        try:
            await (self._send(message) if message.unsent else self._edit(message))
        except Unavailable as error:
            await self._postpone(message, digest, error)
        except Rejected as error:
            if error.status == _BAD_TOKEN:  # it can be mended, and what waits is sent then
                await self._postpone(message, digest, Unavailable(error.system, error.why))
            else:
                await self._refuse(message, digest, str(error))
        except Exception as error:  # noqa: BLE001 - a message that cannot be drawn stops no other
            logger.bind(key=message.key).opt(exception=error).error("message broke its courier")
            known = isinstance(error, TgkError)
            await self._refuse(message, digest, str(error) if known else "a fault of the bot")
        else:
            self._failures, self._blocked_until, self.trouble = 0, 0.0, ""
        finally:
            self._on_its_way = None

    async def _send(self, message: Message) -> None:
        shown, ref = b"", None
        if message.left:
            ref = await self._find(message)
        if ref is None:
            shown, ref = await self._put_up(message)
        message.ref, message.shown, message.attempts = ref, shown, 0
        self._stands(message)
        await self._keep(message)

    async def _find(self, message: Message) -> MessageRef | None:
        """Look for a message that may have arrived before a kill or a lost answer."""
        platform = message.place.platform
        after, known = await self._store.read(
            lambda connection: (
                messages.last_ref(connection, message),
                messages.latest_refs(connection, platform),
            )
        )
        return await self._asked(
            self._courier.find(
                message.place, message.wished, key=message.key, after=after, known=known
            )
        )

    async def _put_up(self, message: Message) -> tuple[bytes, MessageRef]:
        """Send it; return the digest of what was sent, and where it stands."""
        if message.state == "new":
            message.state = "sending"
            await self._keep(message)  # meanwhile something else may be wished for
        message.left = True
        digest = message.digest
        try:
            return digest, await self._asked(
                self._courier.send(
                    message.place, message.wished, key=message.key, loud=message.loud
                )
            )
        except Unavailable as error:
            message.left = error.retry_after is None  # a flood limit says that nothing was sent
            raise

    async def _edit(self, message: Message) -> None:
        digest = message.digest
        await self._asked(self._courier.edit(message.stands, message.wished))
        message.edit_after = self._clock.monotonic() + self._courier.edit_interval
        message.shown = digest
        await self._keep(message)

    async def _asked(self, answer: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(self._patience):
                return await answer
        except TimeoutError as error:
            why = f"No answer within {self._patience:.0f} s."
            raise Unavailable(self._courier.platform, why) from error

    async def _postpone(self, message: Message, digest: bytes, error: Unavailable) -> None:
        """Let the whole place wait: what comes after must not overtake."""
        now = self._clock.now().timestamp()
        since = message.created if message.unsent else message.changed
        self._failures += 1
        self.trouble = error.why
        if now - since > GIVE_UP_SECONDS:
            await self._refuse(message, digest, f"not delivered within a day: {error.why}")
            return
        pause = min(_LONGEST_PAUSE, 2.0 ** min(self._failures, 10))
        if error.retry_after is not None:
            pause = error.retry_after
        logger.bind(lane=self.name, retry_in=pause).warning("platform away: {}", error.why)
        self._blocked_until = self._clock.monotonic() + pause
        message.attempts += 1
        message.next_try, message.reason = now + pause, error.why
        await self._keep(message)

    async def _refuse(self, message: Message, digest: bytes, reason: str) -> None:
        """Give up a message, or the one change of it that was refused."""
        if message.unsent:
            await self._drop(message, digest, reason)
            return
        message.shown, message.reason = digest, reason
        message.edit_after = self._clock.monotonic() + self._courier.edit_interval
        self.given_up += 1
        logger.bind(key=message.key, lane=self.name).error("edit given up: {}", reason)
        await self._keep(message)

    async def _trim(self) -> None:
        """Drop the oldest messages that only tell of progress while too many wait."""
        while len(self) > self._backlog:
            waiting = (
                message for message in self._sends.values() if message.progress and not message.left
            )
            oldest = next(waiting, None)
            if oldest is None:
                return
            await self._drop(oldest, oldest.digest, "too many messages wait for this place")

    async def _drop(self, message: Message, digest: bytes, reason: str) -> None:
        """Give a message up; it leaves the lane once that is durable and nobody wished anew."""
        message.state, message.reason = "failed", reason
        self.given_up += 1
        logger.bind(key=message.key, lane=self.name).error("message given up: {}", reason)
        await self._keep(message)
        if message.digest == digest:
            self._sends.pop(message.key, None)
        else:
            message.state, message.left, message.attempts = "new", False, 0

    async def _keep(self, message: Message) -> None:
        """Note how far a message has come, as soon as the disk lets us."""
        while True:
            try:
                await self._store.write(lambda connection: messages.note(connection, message))
            except Unavailable as error:
                logger.bind(key=message.key).error("message state not stored: {}", error.why)
                await self._clock.sleep(1.0)
            else:
                return
