"""A board that remembers what it was shown, and a courier whose platform can fail."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tgk.ports.board import MessageRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.errors import TgkError
    from tgk.ports.board import Place
    from tgk.reply import Reply


@dataclass(frozen=True, slots=True)
class Shown:
    """One call of ``show``."""

    key: str
    place: Place
    reply: Reply
    loud: bool


class FakeBoard:
    """Implements Board; every message stands the moment it is shown."""

    def __init__(self) -> None:
        self.shows: list[Shown] = []
        self.refs: dict[str, MessageRef] = {}

    async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
        """Remember the call and give the key a message."""
        self.shows.append(Shown(key, place, reply, loud))
        ref = MessageRef(
            platform=place.platform, channel=place.room, message=str(len(self.refs) + 1)
        )
        self.refs.setdefault(key, ref)

    async def adopt(
        self,
        key: str,
        place: Place,  # noqa: ARG002 - named by the protocol
        ref: MessageRef,
    ) -> None:
        """Take over a message, unless the key already has one."""
        self.refs.setdefault(key, ref)

    async def ref(self, key: str) -> MessageRef | None:
        """Return where the message of ``key`` stands."""
        return self.refs.get(key)

    @property
    def keys(self) -> tuple[str, ...]:
        """Every key shown, in order of its first show."""
        return tuple(dict.fromkeys(shown.key for shown in self.shows))

    def of(self, key: str) -> list[Reply]:
        """Return every reply shown under ``key``, in order."""
        return [shown.reply for shown in self.shows if shown.key == key]

    def last(self, key: str) -> Reply:
        """Return what ``key`` shows now."""
        return self.of(key)[-1]


@dataclass(slots=True)
class Message:
    """A message on the platform, with everything it ever showed."""

    ref: MessageRef
    place: Place
    key: str
    loud: bool
    replies: list[Reply] = field(default_factory=list)


class FakeCourier:
    """Implements Courier over a list of messages.

    Every error put into ``faults`` is raised by one call; with ``lossy`` set, a faulty send arrives
    all the same, as when only the answer was lost.
    """

    def __init__(
        self,
        platform: Literal["discord", "telegram"] = "telegram",
        *,
        edit_interval: float = 0.0,
    ) -> None:
        self._platform: Literal["discord", "telegram"] = platform
        self._edit_interval = edit_interval
        self.messages: list[Message] = []
        self.faults: list[TgkError] = []
        self.lossy = False
        self.sends = 0
        self.edits = 0
        self.finds = 0

    @property
    def platform(self) -> Literal["discord", "telegram"]:
        """Which places it serves."""
        return self._platform

    @property
    def edit_interval(self) -> float:
        """Least seconds between two edits of one message."""
        return self._edit_interval

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Put up a message, or fail as told."""
        self.sends += 1
        if self.faults and not self.lossy:
            raise self.faults.pop(0)
        ref = MessageRef(
            platform=self._platform, channel=place.room, message=str(1000 + len(self.messages))
        )
        self.messages.append(Message(ref, place, key, loud, [reply]))
        if self.faults:
            raise self.faults.pop(0)
        return ref

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change a message, or fail as told; a message that is gone is no error."""
        self.edits += 1
        if self.faults:
            raise self.faults.pop(0)
        for message in self.messages:
            if message.ref == ref:
                message.replies.append(reply)

    async def find(
        self,
        place: Place,
        reply: Reply,  # noqa: ARG002 - named by the protocol
        *,
        key: str,
        after: MessageRef | None,
        known: Sequence[MessageRef] = (),  # noqa: ARG002 - named by the protocol
    ) -> MessageRef | None:
        """Look the key up among the messages of the place after ``after``."""
        self.finds += 1
        last = int(after.message) if after else 0
        return next(
            (
                message.ref
                for message in self.messages
                if message.key == key
                and message.place.room == place.room
                and int(message.ref.message) > last
            ),
            None,
        )

    def text(self, key: str) -> list[str]:
        """Return the titles that the messages of ``key`` show now; more than one is a double."""
        return [message.replies[-1].title for message in self.messages if message.key == key]
