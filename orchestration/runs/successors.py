"""Going on from a run that stands or has ended badly, as another generation of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.runs.authority import require
from orchestration.runs.beginnings import Asked, begun
from orchestration.runs.changes import Changes
from orchestration.runs.estate import Estate
from orchestration.runs.frame import values_of
from orchestration.runs.generations import kept
from orchestration.runs.records import Heir, RunRecord, Wish
from orchestration.runs.wording import STATE_WORDS
from tgk.errors import Conflict, Missing
from tgk.ports.runs import ENDED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from orchestration.playbook.model import Playbook
    from orchestration.runs.books import Books
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.staging import Parts
    from tgk.admission import Admission
    from tgk.caller import Caller

    Word = Callable[[RunRecord], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Successors:
    """Begets generations, so that at every moment exactly one of a run can go on."""

    parts: Parts
    ledger: Ledger
    books: Books
    admission: Admission
    say: Callable[[str, str, Word], Awaitable[RunRecord]]
    """Changes a run by how it stands, and lets who plays it know."""

    async def begin(
        self, record: RunRecord, wish: Wish, who: Caller, changed: dict[str, str], delivery: str
    ) -> str:
        """Begin the next generation with what is kept of the last; return its id.

        One that stands paused is told of its heir, and ends; with that the heir begins. Both
        outlive a kill.
        """
        books = await self.books.of(record)
        made = self._made(record, who, changed, books)
        made = made.model_copy(update={"words": (delivery,) if delivery else ()})
        steps = kept(await self.ledger.steps(record.id), books, record.playbook, wish)
        changes = Changes.between(record, made.parameters, books)
        if not wish.says_where:
            changes.require_said(steps)
        require(books, values_of(made, books[record.playbook]), who, self.admission)
        if record.state in ENDED:
            await self.ledger.beget(made, changes.marked(steps))
            await self.parts.carrier.begin(made.id)
            return made.id
        heir = Heir(record=made, wish=wish)
        told = await self.say(record.id, delivery, lambda stands: _superseded(stands, heir))
        await self.parts.carrier.begin(record.id)
        return await self.settled(told)

    async def settled(self, record: RunRecord) -> str:
        """Return the generation that goes on, once one that is to end for it has."""
        while record.heir and record.state not in ENDED:
            news = self.ledger.news(record.id)
            record = await self.ledger.load(record.id)
            if record.state not in ENDED:
                await news.wait()
        newest = await self.ledger.newest(record.root)
        if record.heir and newest.id == record.id:
            raise Conflict(f"{record.id} ended before another could follow.", why=record.reason)
        await self.parts.carrier.begin(newest.id)
        return newest.id

    async def upto(self, record: RunRecord, name: str) -> int | None:
        """Return the order of the last step that a checkpoint keeps; raises Missing, Conflict."""
        if not name:
            return None
        known = {each.id: (each, upto) for each, upto in await self.ledger.checkpoints(record.id)}
        if name not in known:
            raise Missing("checkpoint", name, known=list(known))
        made, upto = known[name]
        if made.run != record.id:
            remedy = f"--from-step {made.step} goes back as far." if made.step else ""
            why = f"{record.id} has gone on since."
            raise Conflict(f"{name} is of {made.run}.", why=why, remedy=remedy)
        return upto

    def _made(
        self, record: RunRecord, who: Caller, changed: dict[str, str], books: dict[str, Playbook]
    ) -> RunRecord:
        """Return the next generation, with the values that it is to have."""
        raw = {**record.request.parameters, **changed}
        request = record.request.model_copy(update={"parameters": raw})
        name, number = f"{record.root}.{record.generation + 1}", record.generation + 1
        asked = Asked(request, who, name, record.cause, record.playbook)
        estate = Estate(self.admission.discovery, self.parts.voters)
        made = begun(asked, books, estate, self.parts.clock.now())
        facts = {
            "id": name,
            "root": record.root,
            "key": "",
            "generation": number,
            "previous": record.id,
            "stamp": record.stamp,
            "pinned": record.pinned,
        }
        return made.model_copy(update=facts)


def going(stands: RunRecord) -> RunRecord:
    """Return a run that something can be said about; raises Conflict for one that is over."""
    if stands.state in ENDED:
        why = f"{STATE_WORDS[stands.state].capitalize()}."
        raise Conflict(f"{stands.id} has ended.", why=why)
    if stands.heir:
        raise Conflict(f"{stands.heir.record.id} goes on from there already.")
    return stands


def _superseded(stands: RunRecord, heir: Heir) -> Mapping[str, Any]:
    """Return what lets a paused run end where it stands, and another go on from there."""
    if going(stands).state != "paused" or stands.pause is None:
        raise Conflict(
            f"{stands.id} cannot be resumed.",
            why="It has just gone on by itself.",
            remedy=f"See with /orchestrate status {stands.id} how it does.",
        )
    return {"superseded": True, "heir": heir}
