"""The one door to an effect: journal, parse, authorise, confirm, approve, do, journal again."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Protocol, Self

from loguru import logger

from tgk import approval as council
from tgk.context import Context, Invocation, Show, show_nothing
from tgk.errors import Conflict, Declined, JournalUnavailable, TgkError
from tgk.masking import masked
from tgk.outcome import Outcome
from tgk.ports.board import Place
from tgk.ports.council import Approval
from tgk.ports.journal import Attempt, Conclusion
from tgk.ports.operations import Operation, Record
from tgk.refusal import crashed, refused
from tgk.view import View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from types import TracebackType

    from tgk.admission import Admission, Admitted
    from tgk.backends import Backends
    from tgk.ports.journal import Journal
    from tgk.ports.operations import Operations, Steps
    from tgk.ports.time import Clock
    from tgk.reply import Reply

LOUD_AFTER_SECONDS = 15.0
"""A change that took longer ends with a new message, because edits do not notify."""


class Observer(Protocol):
    """Hears of every invocation, for metrics."""

    def observed(self, command: str, door: str, result: str, seconds: float) -> None:
        """Count one invocation; ``command`` is a registered name or ``unknown``."""


@dataclass(frozen=True, slots=True)
class Preview:
    """What a surface must know before it answers the platform's clock."""

    private: bool
    change: bool
    """Whether progress and end are kept on the board at the origin, where all may see them."""


class Forgetful:
    """The steps of a read: nothing is remembered, because repeating it is free."""

    async def once(
        self,
        name: str,  # noqa: ARG002 - named by the protocol
        act: Callable[[], Awaitable[Record]],
        returns: type[Record],  # noqa: ARG002 - named by the protocol
    ) -> Record:
        """Do it."""
        return await act()


def correlation(delivery: str) -> str:
    """Return the id of an invocation; the same delivery always gets the same one."""
    hashed = hashlib.sha256(delivery.encode()).digest()[:10]
    return base64.b32encode(hashed).decode().lower()


def reference(corr: str) -> str:
    """Return the part of an id that people read out."""
    return corr[:6]


class Dispatcher:
    """Runs every command of every surface. Nobody else calls a handler."""

    def __init__(
        self,
        *,
        admission: Admission,
        journal: Journal,
        operations: Operations,
        backends: Backends,
        clock: Clock,
        observer: Observer | None = None,
        redact: Callable[[str], str] = str,
        simulated: bool = False,
    ) -> None:
        self.admission = admission
        self.backends = backends
        self._journal = journal
        self._operations = operations
        self._clock = clock
        self._observer = observer
        self._redact = redact
        self._simulated = simulated

    def preview(self, invocation: Invocation) -> Preview:
        """Say at once, without I/O, whether the answer is only for the asker."""
        try:
            admitted = self.admission.admit(invocation, count=False)
        except TgkError:
            return Preview(private=True, change=False)
        asks = self._asks_first(admitted, invocation)
        private = asks or admitted.command.private
        change = admitted.command.effect == "change" and not private
        return Preview(private=private, change=change)

    async def run(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end. Only cancellation and faults of the surface are raised."""
        attempt = self._attempt(invocation)
        async with _Entry(self, attempt, invocation) as entry:
            admitted = self.admission.admit(invocation)
            entry.rule = admitted.decision.rule
            context = self._context(invocation, attempt.corr, Forgetful(), invocation.show)
            if admitted.command.check:
                await admitted.command.check(admitted.request, context)
            if self._asks_first(admitted, invocation) and admitted.command.confirm:
                question = await admitted.command.confirm.question(admitted.request, context)
                entry.outcome = _pending(question, attempt.corr)
            elif admitted.command.effect == "read":
                reply = await admitted.command.handle(admitted.request, context)
                entry.outcome = _finished(reply, attempt.corr)
            else:
                entry.journaled = True  # the operation keeps its own intent and outcome
                entry.outcome = await self._operate(invocation, attempt.corr)
        return entry.outcome

    async def refuse(self, invocation: Invocation, error: TgkError) -> Outcome:
        """Record an attempt that a surface could not even read, and return what to answer."""
        async with _Entry(self, self._attempt(invocation), invocation) as entry:
            raise error
        return entry.outcome

    async def perform(self, operation: Operation, steps: Steps, watch: Show) -> Outcome:
        """Do an admitted change; called by the engine, again after a kill until it has ended."""
        shown = self._shown(operation, watch)
        invocation = Invocation(
            name=operation.command,
            raw=operation.raw,
            caller=operation.caller,
            delivery=operation.delivery,
            door=operation.caller.platform,
            confirmed=True,
            origin=operation.origin,
            show=shown,
        )
        attempt = self._attempt(invocation)
        began = self._clock.monotonic()
        async with _Entry(self, attempt, invocation) as entry:
            await self._journal.intend(attempt)
            context = self._context(invocation, attempt.corr, steps, shown)
            admitted = self.admission.admit(invocation, count=False)
            entry.rule = admitted.decision.rule
            await self._ask_council(admitted, context)
            reply = await admitted.command.handle(admitted.request, context)
            entry.outcome = _finished(reply, attempt.corr)
        slow = self._clock.monotonic() - began > LOUD_AFTER_SECONDS
        await self._report(operation, entry.outcome, shown, loud=slow)
        return entry.outcome

    def view(self, invocation: Invocation) -> View:
        """Return what this caller may see and run."""
        return View(self, invocation)

    async def _operate(self, invocation: Invocation, corr: str) -> Outcome:
        operation = Operation(
            corr=corr,
            command=invocation.name,
            raw=self._kept(invocation.raw),
            caller=invocation.caller,
            delivery=invocation.delivery,
            origin=invocation.origin,
        )
        return await self._operations.run(operation, invocation.show)

    def _kept(self, raw: Mapping[str, object]) -> dict[str, object]:
        """Return arguments as they may be stored: a secret in free text is masked before."""
        return {k: self._redact(v) if isinstance(v, str) else v for k, v in raw.items()}

    async def _ask_council(self, admitted: Admitted, context: Context) -> None:
        """Wait for the council where the command demands it; raises Declined or Conflict."""
        discovery = self.admission.discovery
        rule = admitted.command.approval and admitted.command.approval(admitted.request, discovery)
        if not rule:
            return
        if not discovery.telegram:
            raise Declined(f"{rule.title} was not approved.", why="No council is configured.")
        bound_to = self._digest(admitted, context)
        now = self._clock.now()
        question = Approval(
            id=context.corr[:10],
            corr=context.corr,
            title=rule.title,
            facts=rule.facts,
            requester=context.caller.person,
            members=discovery.telegram.council.members,
            needed=rule.needed,
            digest=bound_to,
            asked_at=now,
            expires_at=now + timedelta(seconds=rule.expires_seconds),
        )
        asked = await self.backends.approvals.ask(question)
        await context.show(council.waiting(asked))
        verdict = await self.backends.approvals.decided(asked.id)
        if verdict.state != "approved":
            raise Declined(f"{rule.title} was not approved.", why=council.ended(verdict))
        self.admission.admit(context.invocation, count=False)
        if verdict.digest != self._digest(admitted, context):
            raise Conflict(
                f"{rule.title} was not done.",
                why="The policy or the request changed after the council was asked.",
                remedy="Ask again.",
            )

    def _digest(self, admitted: Admitted, context: Context) -> str:
        target = admitted.command.target(admitted.request, context.caller.channel)
        raw = admitted.request.model_dump(mode="json")
        return council.digest(admitted.command.name, raw, self.admission.guard.version, target)

    async def _report(
        self, operation: Operation, outcome: Outcome, shown: Show, *, loud: bool
    ) -> None:
        """Leave the end where the asker looks, and mirror it where the command says."""
        await shown(outcome.reply)
        board, key = self.backends.board, f"op:{operation.corr}"
        if operation.origin and loud:
            ref = await board.ref(key)
            end = operation.origin.model_copy(update={"reply_to": ref.message if ref else ""})
            await board.show(f"{key}:end", end, _summary(operation, outcome.reply), loud=True)
        if outcome.result not in ("success", "failure"):
            return
        command = self.admission.registry[operation.command]
        for room in command.mirror:
            place = Place(platform="telegram" if room == "council" else "discord", room=room)
            if not operation.origin or operation.origin.room != room:
                await board.show(f"{key}:{room}", place, outcome.reply, loud=True)

    def _shown(self, operation: Operation, watch: Show) -> Show:
        """Show progress to whoever waits in this process, and durably where it was asked."""
        key, origin = f"op:{operation.corr}", operation.origin

        async def show(reply: Reply) -> None:
            if origin:
                await self.backends.board.show(key, origin, reply)
            await watch(reply)

        return show

    def _context(self, invocation: Invocation, corr: str, steps: Steps, show: Show) -> Context:
        return Context(
            invocation=invocation,
            corr=corr,
            discovery=self.admission.discovery,
            backends=self.backends,
            clock=self._clock,
            steps=steps,
            access=self.view(invocation),
            show=self._veiled(show),
            redact=self._redact,
            simulated=self._simulated,
        )

    def _veiled(self, show: Show) -> Show:
        async def veiled(reply: Reply) -> None:
            await show(masked(reply, self._redact))

        return veiled

    def veil(self, outcome: Outcome) -> Outcome:
        """Return the outcome with every secret in its reply masked, whoever put it there."""
        reply = masked(outcome.reply, self._redact)
        return outcome if reply is outcome.reply else outcome.model_copy(update={"reply": reply})

    def _asks_first(self, admitted: Admitted, invocation: Invocation) -> bool:
        confirm = admitted.command.confirm
        return bool(
            confirm
            and not invocation.confirmed
            and confirm.when(admitted.request, self.admission.discovery)
        )

    def _attempt(self, invocation: Invocation) -> Attempt:
        return Attempt(
            corr=correlation(invocation.delivery),
            command="/" + invocation.name,
            args=dict(invocation.raw),
            caller=invocation.caller,
            delivery=invocation.delivery,
        )

    async def conclude(
        self, attempt: Attempt, invocation: Invocation, entry: _Entry, seconds: float
    ) -> None:
        """Record and count the end of an attempt; a read goes on when it cannot be recorded."""
        outcome = entry.outcome
        known = invocation.name in self.admission.registry
        if self._observer and not entry.journaled:
            name = invocation.name if known else "unknown"
            self._observer.observed(name, invocation.door, outcome.result, seconds)
        if entry.journaled:
            return
        conclusion = Conclusion(
            result=outcome.result,
            allowed=None if outcome.result == "invalid" else outcome.result != "denied",
            rule=entry.rule,
            duration_ms=round(seconds * 1000, 3),
            detail=entry.detail,
            links={str(k): str(v) for k, v in outcome.reply.data.get("links", {}).items()},
        )
        try:
            await self._journal.conclude(attempt, conclusion)
        except JournalUnavailable as error:
            logger.bind(corr=attempt.corr).error("audit record lost: {}", error.why)


class _Entry:
    """One line of the audit log in the making: whatever happens inside, its end is recorded."""

    def __init__(self, door: Dispatcher, attempt: Attempt, invocation: Invocation) -> None:
        self.outcome = crashed(command=invocation.name, reference=reference(attempt.corr))
        self.rule = ""
        self.detail = ""
        self.journaled = False
        self._door = door
        self._attempt = attempt
        self._invocation = invocation
        self._began = door._clock.monotonic()  # noqa: SLF001 - the entry is a part of the door

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is not None and not isinstance(error, Exception):
            return False  # a cancelled task or a stopping process: the engine goes on after restart
        if error is not None:
            self.journaled = False
            self._end_with(error)
        self.outcome = self._door.veil(self.outcome)
        seconds = self._door._clock.monotonic() - self._began  # noqa: SLF001 - as above
        await self._door.conclude(self._attempt, self._invocation, self, seconds)
        return True

    def _end_with(self, error: Exception) -> None:
        known = reference(self._attempt.corr)
        self.detail = f"{type(error).__name__}: {error}" if isinstance(error, TgkError) else "fault"
        if isinstance(error, TgkError):
            self.outcome = refused(error, command=self._invocation.name, reference=known)
            if error.__cause__ is not None:
                logger.bind(corr=self._attempt.corr).opt(exception=error.__cause__).debug("cause")
        else:
            logger.bind(corr=self._attempt.corr).opt(exception=error).error("command crashed")
        if decision := getattr(error, "decision", None):
            self.rule = decision.rule


def _finished(reply: Reply, corr: str) -> Outcome:
    result: Any = "failure" if reply.failed else "success"
    return Outcome(result=result, reply=reply, reference=reference(corr))


def _pending(question: Reply, corr: str) -> Outcome:
    private = question.model_copy(update={"private": True})
    return Outcome(result="pending", reply=private, reference=reference(corr))


def _summary(operation: Operation, reply: Reply) -> Reply:
    """Return the short, loud end of a long change, naming who asked."""
    return reply.model_copy(
        update={"blocks": (), "actions": (), "mentions": (operation.caller.person,)}
    )


__all__ = ["Dispatcher", "Forgetful", "Observer", "Preview", "correlation", "show_nothing"]
