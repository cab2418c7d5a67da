"""Messages kept on chat platforms: wished for here, reached again after any failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Self

from loguru import logger

from orchestration import messages
from orchestration.alarm import rest
from orchestration.lane import Lane
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from orchestration.messages import Message
    from orchestration.store import Store
    from tgk.ports.board import Courier, MessageRef, Place
    from tgk.ports.time import Clock
    from tgk.reply import Reply

KEPT_SECONDS: Final = 30 * 86400.0
_ROUND_SECONDS: Final = 60.0
_HARD_FACTOR: Final = 10


class DurableBoard:
    """Implements Board; use as ``async with board``, which owns one worker for each busy place.

    A message to a platform without a courier is noted as failed. A place holds ``backlog`` unsent
    messages before the oldest that only tell of progress are dropped, and refuses new ones at ten
    times that; ends are never dropped. With ``remote`` another process on the same store has the
    couriers, and messages are only wished for here.
    """

    def __init__(
        self,
        store: Store,
        couriers: Sequence[Courier],
        clock: Clock,
        *,
        backlog: int = 1000,
        patience: float = 60.0,
        grace: float = 3.0,
        remote: bool = False,
    ) -> None:
        self._store = store
        self._couriers = {courier.platform: courier for courier in couriers}
        self._clock = clock
        self._backlog = backlog
        self._patience = patience
        self._grace = grace
        self._remote = remote
        self._lanes: dict[str, Lane] = {}
        self._workers: set[asyncio.Task[None]] = set()
        self._group = asyncio.TaskGroup()
        self._rounds: asyncio.Task[None] | None = None
        self._missed = asyncio.Event()
        store.listen(["messages"], self._missed.set)
        self._open = False
        self._given_up = 0

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        self._open = True
        await self._take_up()
        self._rounds = self._group.create_task(self._go_rounds())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let what is on its way arrive; everything else waits in the store for the next start."""
        self._open = False
        if self._rounds is not None:
            self._rounds.cancel()
        for lane in self._lanes.values():
            lane.stop()
        if self._workers:
            _, late = await asyncio.wait(self._workers, timeout=self._grace)
            for worker in late:
                worker.cancel()
        await self._group.__aexit__(None, None, None)

    async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
        """Create the message of ``key`` or change what it shows; durable on return.

        Raises Unavailable when far too many messages wait for that place.
        """
        values = messages.wish(key, place, reply, loud=loud, now=self._clock.now().timestamp())
        values["state"] = self._first_state(str(values["lane"]), key, place)
        if values["state"] == "failed":
            values["reason"] = f"{place.platform} is off"
            logger.bind(key=key).warning("message not sent: {} is off", place.platform)
        try:
            message = await self._store.write(
                lambda connection: messages.store_wish(connection, values)
            )
        except asyncio.CancelledError:
            self._missed.set()  # it may stand in the store all the same
            raise
        self._put(message)

    async def adopt(self, key: str, place: Place, ref: MessageRef) -> None:
        """Take over a message that a surface already sent, so that later shows edit it."""
        now = self._clock.now().timestamp()
        message = await self._store.write(
            lambda connection: messages.adopt(connection, key, place, ref, now)
        )
        if message is not None and (lane := self._lane(message)) is not None:
            lane.adopt(message)

    async def ref(self, key: str) -> MessageRef | None:
        """Return where the message of ``key`` stands, once it has been sent."""
        return await self._store.read(lambda connection: messages.ref_of(connection, key))

    def depths(self) -> Mapping[str, int]:
        """Return how many messages wait, by place; places where none does are left out."""
        return {name: lane.depth for name, lane in self._lanes.items() if lane.depth}

    def health(self) -> Mapping[str, str]:
        """Return for each platform why it cannot be reached, empty when it can."""
        found = dict.fromkeys(map(str, self._couriers), "")
        for lane in self._lanes.values():
            if lane.trouble:
                found[lane.name.split("/")[0]] = lane.trouble
        return found

    @property
    def given_up(self) -> int:
        """How many messages and edits were given up since the start."""
        return self._given_up + sum(lane.given_up for lane in self._lanes.values())

    async def purge(self) -> int:
        """Forget messages that nobody changed for 30 days; returns how many."""
        before = self._clock.now().timestamp() - KEPT_SECONDS
        return await self._store.write(lambda connection: messages.forget_old(connection, before))

    def _first_state(self, lane: str, key: str, place: Place) -> str:
        """Return the state of a message that is new; one that leaves at once saves a write."""
        if self._remote:
            return "new"
        if place.platform not in self._couriers:
            return "failed"
        busy = self._lanes.get(lane)
        if busy is None:
            return "sending"
        if key not in busy and len(busy) >= self._backlog * _HARD_FACTOR:
            raise Unavailable(place.platform, f"{len(busy)} messages wait for it already.")
        return "sending" if busy.idle else "new"

    def _put(self, message: Message) -> None:
        if not message.settled and (lane := self._lane(message)) is not None:
            lane.put(message)

    def _lane(self, message: Message) -> Lane | None:
        """Return the lane of a message with a worker behind it, None when nobody can send it."""
        courier = self._couriers.get(message.place.platform)
        lane = self._lanes.get(message.lane)
        if courier is not None and lane is None and self._open:
            lane = Lane(
                message.lane,
                courier,
                self._store,
                self._clock,
                backlog=self._backlog,
                patience=self._patience,
            )
            self._lanes[message.lane] = lane
            worker = self._group.create_task(self._work(lane), name=f"board {message.lane}")
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return lane

    async def _work(self, lane: Lane) -> None:
        try:
            await lane.work()
        finally:
            self._given_up += lane.given_up
            del self._lanes[lane.name]

    async def _go_rounds(self) -> None:
        """Find what a cancelled call left in the store, now and then."""
        while True:
            await rest(self._missed, self._clock, _ROUND_SECONDS)
            self._missed.clear()
            try:
                await self._take_up()
            except Unavailable as error:
                logger.warning("board not read: {}", error.why)

    async def _take_up(self) -> None:
        """Take up every stored message that does not show what it should."""
        if self._remote:
            return
        for message in await self._store.read(messages.to_do):
            lane = self._lanes.get(message.lane)
            if lane is not None and message.key in lane:
                lane.renew(message)
                continue
            message.left = message.state == "sending"
            if message.place.platform in self._couriers:
                self._put(message)
            elif message.unsent:
                await self._turn_off(message)

    async def _turn_off(self, message: Message) -> None:
        """Give up a message whose platform is no longer configured."""
        message.state, message.reason = "failed", f"{message.place.platform} is off"
        logger.bind(key=message.key).warning("message given up: {}", message.reason)
        await self._store.write(lambda connection: messages.note(connection, message))
