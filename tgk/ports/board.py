"""Messages the bot keeps on chat platforms: a wished-for state, reached again after failures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.reply import Reply


class Place(BaseModel):
    """Where a message stands."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: Literal["discord", "telegram"]
    room: str
    """A name of discovery.yml (``#alerts``, ``council``) or the platform's own id."""
    thread: str = ""
    """A Telegram topic id; the council's own is filled in by the courier."""
    reply_to: str = ""
    """The id of a message that this one answers."""
    under: str = ""
    """The id of a message in whose thread it stands (Discord), made where there is none."""


class MessageRef(BaseModel):
    """A message that exists."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    platform: Literal["discord", "telegram"]
    channel: str
    message: str


def mirrors(corr: str, origin: Place | None, rooms: Sequence[str]) -> dict[str, Place]:
    """Return by key the messages that report an invocation, besides the one that answers it."""
    places = {
        room: Place(platform="telegram" if room == "council" else "discord", room=room)
        for room in rooms
        if not origin or origin.room != room
    }
    return {f"{answer(corr)}:{room}": place for room, place in places.items()}


def answer(corr: str) -> str:
    """Return the key of the message that answers an invocation where it was asked."""
    return f"op:{corr}"


class Board(Protocol):
    """Keeps one message per ``key`` as last shown.

    ``show`` returns once the wish is stored: a platform that is down, a flood limit or a kill delay
    the message, they do not lose or double it. Edits are coalesced, the last one is always sent.
    """

    async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
        """Create the message of ``key`` or change what it shows; ``loud`` lets a new one notify."""

    async def adopt(self, key: str, place: Place, ref: MessageRef) -> None:
        """Take over a message that a surface already sent, so that later shows edit it."""

    async def ref(self, key: str) -> MessageRef | None:
        """Return where the message of ``key`` stands, once it has been sent."""


class Courier(Protocol):
    """Carries messages to one platform. Raises Unavailable (tried again) or Rejected (given up)."""

    @property
    def platform(self) -> Literal["discord", "telegram"]:
        """Which places it serves."""

    @property
    def edit_interval(self) -> float:
        """Least seconds between two edits of one message."""

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Send a new message; ``key`` lets platforms that can recognise a repeated send do so."""

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change a message; a message that is already so, or gone, is no error."""

    async def find(
        self,
        place: Place,
        reply: Reply,
        *,
        key: str,
        after: MessageRef | None,
        known: Sequence[MessageRef] = (),
    ) -> MessageRef | None:
        """Find a message whose sending was cut off, to say whether it arrived.

        ``after`` is the last message known to stand in that place, ``known`` are the latest ones
        anywhere on the platform, for platforms whose places share one row of ids.
        """
