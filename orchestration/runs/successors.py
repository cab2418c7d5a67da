"""Going on from a run that stands or has ended badly, as another generation of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.runs.authority import require
from orchestration.runs.beginnings import Asked, begun
from orchestration.runs.changes import Changes
from orchestration.runs.estate import Estate
from orchestration.runs.frame import values_of
from orchestration.runs.generations import Wish, kept
from tgk.errors import Conflict, Missing
from tgk.ports.runs import ENDED

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from orchestration.runs.books import Books
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.records import RunRecord
    from orchestration.runs.staging import Parts
    from tgk.admission import Admission
    from tgk.caller import Caller


@dataclass(frozen=True, slots=True)
class Successors:
    """Begets generations."""

    parts: Parts
    ledger: Ledger
    books: Books
    admission: Admission
    supersede: Callable[[str], Awaitable[Any]]
    """Says of a run that it ends where it stands."""

    async def begin(
        self, record: RunRecord, wish: Wish, who: Caller, changed: dict[str, str]
    ) -> str:
        """Begin the next generation with what is kept of the last; return its id."""
        books = await self.books.of(record, self.admission.registry)
        known = kept(await self.ledger.steps(record.id), books, record.playbook, wish)
        raw = {**record.request.parameters, **changed}
        request = record.request.model_copy(update={"parameters": raw})
        name, number = f"{record.root}.{record.generation + 1}", record.generation + 1
        asked = Asked(request, who, name, record.cause, record.playbook)
        estate = Estate(self.admission.discovery, self.parts.voters)
        made = begun(asked, books, estate, self.parts.clock.now())
        changes = Changes.between(record, made.parameters, books)
        if not wish.says_where:
            changes.require_said(known)
        require(books, values_of(made, books[record.playbook]), who, self.admission)
        facts = {
            "id": name,
            "root": record.root,
            "key": "",
            "generation": number,
            "previous": record.id,
            "stamp": record.stamp,
            "pinned": record.pinned,
        }
        if record.state not in ENDED:
            await self._superseded(record.id)
        steps = kept(await self.ledger.steps(record.id), books, record.playbook, wish)
        born, _ = await self.ledger.beget(made.model_copy(update=facts), changes.marked(steps))
        await self.parts.carrier.begin(born.id)
        return born.id

    async def upto(self, record: RunRecord, name: str) -> int | None:
        """Return the order of the last step that a checkpoint keeps; raises Missing, Conflict."""
        if not name:
            return None
        known = {each.id: (each, upto) for each, upto in await self.ledger.checkpoints(record.id)}
        if name not in known:
            raise Missing("checkpoint", name, known=list(known))
        made, upto = known[name]
        if made.run != record.id:
            raise Conflict(f"{name} is of {made.run}.", why=f"{record.id} has gone on since.")
        return upto

    async def _superseded(self, run: str) -> None:
        """End a paused run where it stands: what it found goes on in the next generation."""
        await self.supersede(run)
        await self.parts.carrier.begin(run)
        while True:
            news = self.ledger.news(run)
            if (await self.ledger.load(run)).state in ENDED:
                return
            await news.wait()
