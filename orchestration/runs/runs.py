"""Runs of playbooks behind the port that commands use."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Never

from loguru import logger

from orchestration.runs.authority import reached, require, require_sound
from orchestration.runs.awaiting import waits_for
from orchestration.runs.beginnings import Asked, begun, digest, require_same, said
from orchestration.runs.books import Books
from orchestration.runs.consents import RunGrants, withdraw_all
from orchestration.runs.estate import Estate
from orchestration.runs.frame import values_of
from orchestration.runs.generations import failed
from orchestration.runs.ledger import Ledger
from orchestration.runs.memory import Memory
from orchestration.runs.play import Play, checkpoint
from orchestration.runs.records import Force, Pause, RunRecord, Wish
from orchestration.runs.rounds import Rounds
from orchestration.runs.slots import Slots, Turns
from orchestration.runs.staging import Parts, Stage
from orchestration.runs.successors import Successors, going
from orchestration.runs.views import bare, whole
from orchestration.runs.voters import Electorate, require_voters
from orchestration.runs.wording import STATE_WORDS
from orchestration.store import store_away
from tgk.errors import Conflict, TgkError, Unavailable
from tgk.ports.runs import ENDED, Checkpoint, RunFilter, RunRequest, RunView, none_going

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from orchestration.runs.successors import Word
    from tgk.caller import Caller
    from tgk.dispatcher import Dispatcher


_LOOKED_BACK = 100


class DurableRuns:
    """Implements Runs; ``bind`` must name the dispatcher before anything is started.

    ``run`` must be owned by the process: it takes up what a former process left.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._clock = parts.clock
        self._ledger = Ledger(parts.store)
        self._slots = Slots(self._ledger, parts.limits.at_once)
        self._turns = Turns(self._ledger, parts.locks, parts.clock, parts.limits.lock_wait)
        self._plays: dict[str, Play] = {}
        self._books = Books(self._ledger, lambda: self._admission.registry)
        self._dispatcher: Dispatcher | None = None
        self._rounds = Rounds(self._ledger, self._clock, parts.carrier, self._plays)
        parts.carrier.plays(self.play)

    def bind(self, dispatcher: Dispatcher) -> None:
        """Name what dispatches the commands of steps."""
        self._dispatcher = dispatcher

    @property
    def grants(self) -> RunGrants:
        """What people approved of steps of runs that go on; for the dispatcher."""
        return RunGrants(self._ledger, self._clock)

    async def run(self) -> Never:
        """Take up every run that nobody plays, and forget very old ones; until cancelled."""
        await self._rounds.run()
        raise AssertionError  # pragma: no cover - rounds never end by themselves

    def stir(self) -> None:
        """Look at once for runs that nobody plays."""
        self._rounds.stir()

    async def start(
        self, request: RunRequest, starter: Caller, *, delivery: str, cause: str = "asked"
    ) -> RunView:
        """Check, queue and return the run; the same delivery again returns the first."""
        book = self._parts.playbooks.get(request.playbook)
        books = reached(book, self._parts.playbooks)
        require_sound(books, self._admission)
        asked = Asked(request, starter, delivery, cause, book.name)
        estate = Estate(self._admission.discovery, self._parts.voters)
        record = begun(asked, books, estate, self._clock.now())
        require(books, values_of(record, book), starter, self._admission)
        electorate = Electorate(self._parts.council, self._parts.voters)
        require_voters(books, starter, electorate, self._admission)
        sources = {
            each.digest: (each.file, self._parts.playbooks.source(each.name))
            for each in books.values()
        }
        require_same(sources)
        limits = self._parts.limits
        kept_record, fresh = await self._ledger.admit(
            record, sources, most=limits.waiting, per_minute=limits.per_minute
        )
        if fresh or kept_record.state not in ENDED:
            await self._parts.carrier.begin(kept_record.id)
        return await self.view(kept_record.id)

    async def started(self, delivery: str) -> RunView | None:
        """Return the run that a delivery started, None where it has started none."""
        record = await self._ledger.delivered(digest(delivery))
        return await self.view(record.root) if record else None

    async def view(self, run: str) -> RunView:
        """Return one run; the root means its newest generation."""
        return await self._view(await self._ledger.newest(run))

    async def current(self, person: str) -> RunView:
        """Return the newest run of this person that goes on, else the only one that does."""
        alive = await self._ledger.alive()
        own = [record for record in alive if record.starter.person == person]
        if own:
            return await self._view(own[-1])
        if len(alive) > 1:
            listed = ", ".join(record.id for record in alive)
            raise Conflict("Several runs go on.", why=listed, remedy="Name one of them.")
        if not alive:
            raise none_going(await self.find(RunFilter(limit=_LOOKED_BACK)), person)
        return await self._view(alive[0])

    async def find(self, wanted: RunFilter) -> tuple[RunView, ...]:
        """Return runs without their steps, the newest first."""
        return tuple(bare(record) for record in await self._ledger.find(wanted))

    async def ended(self, run: str, watch: Callable[[RunView], Awaitable[None]]) -> RunView:
        """Wait for the end, showing the run at each change, at most every second."""
        shown = -1
        while True:
            news = self._ledger.news(run)
            view = await self._view(await self._ledger.load(run))
            if view.revision != shown:
                shown = view.revision
                await watch(view)
            if view.state in ENDED:
                return view
            await news.wait()
            await self._clock.sleep(1.0)

    async def pause(
        self, run: str, *, who: str, reason: str, until: Any, checkpoint: bool, delivery: str = ""
    ) -> RunView:
        """Begin no more steps; what is under way ends and is kept."""
        delivery = said(delivery)
        record = await self._addressed(run, delivery)
        pause = Pause(who=who, reason=reason, until=until, at=self._clock.now())
        record = await self._say(record.id, delivery, lambda stands: _paused(stands, pause))
        if checkpoint and record.pause:
            await self._checkpoint(record.id, f"{who}: {reason}")
        return await self.view(record.id)

    async def resume(
        self,
        run: str,
        *,
        who: Caller,
        from_step: str = "",
        skip_failed: bool = False,
        parameters: Mapping[str, str] | None = None,
        checkpoint: str = "",
        delivery: str = "",
    ) -> RunView:
        """Go on with a paused run, or begin a new generation of one that ended badly."""
        delivery, successors = said(delivery), self._successors
        record = await self._addressed(run, delivery)
        if delivery in record.words:
            return await self.view(await successors.settled(record))
        anew = bool(from_step or parameters or checkpoint)
        goes_on = record.pause is not None and record.state not in ENDED and not anew
        if goes_on and not (skip_failed and failed(await self._ledger.steps(record.id))):
            await self._say(record.id, delivery, _resumed)
            return await self.view(record.id)
        _require_resting(record, where=bool(from_step or checkpoint), anew=anew or skip_failed)
        upto = await successors.upto(record, checkpoint)
        wish = Wish(from_step=from_step, skip_failed=skip_failed, upto=upto)
        changed = dict(parameters or {})
        return await self.view(await successors.begin(record, wish, who, changed, delivery))

    async def complete(self, run: str, *, who: str, reason: str, delivery: str = "") -> RunView:
        """Declare a run over: steps under way are cancelled, ``finally`` is run.

        Said while it takes back, that stops and ``finally`` comes; said in ``finally``, that stops.
        """
        delivery = said(delivery)
        record = await self._addressed(run, delivery)
        force = Force(who=who, reason=reason, at=self._clock.now(), stops=())
        await self._say(record.id, delivery, lambda stands: _forced(stands, force))
        return await self.view(record.id)

    async def checkpoints(self, run: str) -> tuple[Checkpoint, ...]:
        """Return the checkpoints of a run, oldest first."""
        record = await self._ledger.newest(run)
        return tuple(each for each, _ in await self._ledger.checkpoints(record.id))

    async def play(self, run: str) -> None:
        """Play a run to its end; called by the carrier, again after a kill."""
        record = await self._ledger.load(run)
        if record.state in ENDED:
            return
        try:
            self._plays[run] = play = await self._staged(record)
            await play.run()
            self._rounds.stir()  # an heir begins
        except Exception as error:  # noqa: BLE001 - a fault of ours must end the run, not hang it
            if away := store_away(error):  # whoever has the store again goes on from there
                raise away from None
            logger.bind(run=run).opt(exception=error).error("run crashed")
            await self._crashed(run, error)
        finally:
            self._plays.pop(run, None)

    async def _crashed(self, run: str, error: Exception) -> None:
        reason = str(error) if isinstance(error, TgkError) else f"fault: {type(error).__name__}"
        await self._turns.give(run)
        await withdraw_all(self._parts.approvals, await self._ledger.load(run), "failed")
        now = self._clock.now()
        await self._ledger.change(run, state="failed", reason=reason, ended=now, counting=None)
        await self._slots.give(run)

    async def _staged(self, record: RunRecord) -> Play:
        """Build what one life of a run works with."""
        books = await self._books.of(record)
        steps = await self._ledger.steps(record.id)
        stage = Stage(self._parts, self._ledger, self._slots, self._turns, self._bound)
        means = stage.means(record, books, steps)
        book = books[record.playbook]

        async def tell(event: str, facts: Mapping[str, Any]) -> None:
            if means.pulse.record.superseded:
                return  # it goes on, and has not failed
            view = await self._view(means.pulse.record.model_copy(update=facts))
            await self._parts.heralds.tell(book, event, view, record.parameters)

        return Play(means, self._ledger, book, tell)

    @property
    def _bound(self) -> Dispatcher:
        if self._dispatcher is None:
            raise Unavailable("runs", "They are not up yet.")
        return self._dispatcher

    @property
    def _admission(self) -> Any:
        return self._bound.admission

    @property
    def _successors(self) -> Successors:
        return Successors(self._parts, self._ledger, self._books, self._admission, self._say)

    async def _view(self, record: RunRecord) -> RunView:
        steps = await self._ledger.steps(record.id)
        people = any(step.waits.startswith("approval") for step in steps if step.result is None)
        asked = await self._parts.approvals.open() if people else ()
        view = whole(record, steps, await self._books.of(record), self._parts.redact, asked)
        waits = await waits_for(record, steps, self._ledger, self._parts.locks)
        return view.model_copy(update={"waits_for": self._parts.redact(waits)})

    async def _addressed(self, run: str, delivery: str) -> RunRecord:
        """Return the generation that this delivery was about before, else the newest."""
        newest = await self._ledger.newest(run)
        return await self._ledger.heard(newest.root, delivery) or newest

    async def _say(self, run: str, delivery: str, word: Word) -> RunRecord:
        record = await self._ledger.say(run, delivery, word)
        if play := self._plays.get(run):
            play.means.pulse.learn(record)
        return record

    async def _checkpoint(self, run: str, reason: str) -> None:
        steps = await self._ledger.steps(run)
        memory = Memory(run, self._ledger, self._clock, steps)
        await checkpoint(self._ledger, memory, at=self._clock.now(), reason=reason)


def _paused(stands: RunRecord, pause: Pause) -> Mapping[str, Any]:
    if known := going(stands).pause:
        remedy = f"Let it go on with /orchestrate resume {stands.id}, then pause it anew."
        raise Conflict(f"{stands.id} is paused already.", why=known.reason, remedy=remedy)
    return {"pause": pause}


def _resumed(stands: RunRecord) -> Mapping[str, Any]:
    going(stands)
    return {"pause": None, "reason": ""}


def _forced(stands: RunRecord, force: Force) -> Mapping[str, Any]:
    """Stop what is being played now, besides what was to be stopped before."""
    known = going(stands).force or force
    stops = tuple(dict.fromkeys((*known.stops, stands.phase)))
    return {"force": known.model_copy(update={"stops": stops}), "pause": None}


def _require_resting(record: RunRecord, *, where: bool, anew: bool) -> None:
    """Refuse to resume what goes on, and what has succeeded unless it is said from where."""
    resting = record.state == "paused" and record.pause is not None
    if record.state not in ENDED and not resting:
        why = f"It is {STATE_WORDS[record.state]}."
        remedy = f"It goes on by itself: /orchestrate status {record.id} shows what it waits for."
        if anew:
            remedy = "Pause it first, and wait until nothing is under way."
        raise Conflict(f"{record.id} cannot be resumed.", why=why, remedy=remedy)
    if record.state == "succeeded" and not where:
        remedy = "Name a step to begin from, as in --from-step deploy."
        raise Conflict(f"{record.id} has succeeded.", remedy=remedy)
