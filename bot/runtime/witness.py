"""Tells chats where the audit log stands: before that point nobody can rewrite it unseen."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from loguru import logger

from audit.anchors import keep
from bot.runtime.settings import ANCHORS
from tgk.errors import JournalUnavailable, Unavailable
from tgk.ports.board import Place
from tgk.reply import Fact, Facts, Reply, Text

if TYPE_CHECKING:
    from pathlib import Path

    from audit.anchors import Anchor
    from audit.journal import AuditJournal
    from tgk.discovery import Discovery
    from tgk.ports.board import Board
    from tgk.ports.time import Clock

LOOK_EVERY_SECONDS = 30.0


class Witness:
    """Posts an anchor whenever one is due, and keeps it beside the log for `tgk audit verify`.

    ``whose`` tells the logs of several processes apart.
    """

    def __init__(
        self,
        journal: AuditJournal,
        board: Board,
        discovery: Discovery,
        *,
        clock: Clock,
        state: Path,
        whose: str = "",
    ) -> None:
        self._whose = whose
        self._journal = journal
        self._board = board
        self._clock = clock
        self._file = state / ANCHORS
        self._places = _places(discovery)

    async def run(self) -> Never:
        """Look every half minute, until cancelled."""
        while True:
            await self._clock.sleep(LOOK_EVERY_SECONDS)
            if self._places and self._journal.anchor_is_due():
                await self.post()

    async def post(self) -> Anchor:
        """Post the present anchor now, without a sound."""
        anchor = self._journal.anchor()
        try:
            for place in self._places:
                key = f"anchor:{self._whose}{anchor.size}:{place.platform}"
                await self._board.show(key, place, anchor_card(anchor, self._whose))
            keep(self._file, anchor)
            witnesses = [f"{place.platform}:{place.room}" for place in self._places]
            await self._journal.anchored(anchor, witnesses)
        except (JournalUnavailable, Unavailable, OSError) as error:
            logger.bind(size=anchor.size).warning("anchor not posted: {}", error)
        return anchor


def anchor_card(anchor: Anchor, whose: str = "") -> Reply:
    """Draw an anchor; its text is what `tgk audit verify --anchors` reads."""
    facts = (
        Fact(label="Records", value=str(anchor.size)),
        Fact(label="Anchor", value=str(anchor), code=True),
    )
    return Reply(
        topic="audit",
        title=f"Audit log of {whose}" if whose else "Audit log",
        blocks=(
            Facts(facts=facts),
            Text(text="Everything up to here can no longer be changed unseen.", style="small"),
        ),
        data={"size": anchor.size, "head": anchor.head},
    )


def _places(discovery: Discovery) -> tuple[Place, ...]:
    places = []
    if discovery.telegram:
        places.append(Place(platform="telegram", room="council"))
    if discovery.discord and "#cluster-status" in discovery.discord.channels:
        places.append(Place(platform="discord", room="#cluster-status"))
    return tuple(places)
