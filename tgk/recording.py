"""One line of the audit log in the making: whatever happens inside, its end is recorded."""

from __future__ import annotations

import asyncio
import base64
import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Protocol, Self

from loguru import logger

from tgk.errors import JournalUnavailable, TgkError
from tgk.masking import masked
from tgk.ports.journal import Attempt, Conclusion
from tgk.refusal import crashed, refused

if TYPE_CHECKING:
    from collections.abc import Callable, Container
    from types import TracebackType

    from tgk.context import Invocation
    from tgk.outcome import Outcome
    from tgk.ports.journal import Journal
    from tgk.ports.time import Clock
    from tgk.reply import Reply


_RUN: Final = "workflow"


class Observer(Protocol):
    """Hears of every invocation, for metrics."""

    def observed(self, command: str, door: str, result: str, seconds: float) -> None:
        """Count one invocation; ``command`` is a registered name or ``unknown``."""


def correlation(delivery: str) -> str:
    """Return the id of an invocation; the same delivery always gets the same one."""
    hashed = hashlib.sha256(delivery.encode()).digest()[:10]
    return base64.b32encode(hashed).decode().lower()


def reference(corr: str) -> str:
    """Return the part of an id that people read out."""
    return corr[:6]


class Recorder:
    """Opens entries, and writes and counts how they end."""

    def __init__(
        self,
        journal: Journal,
        clock: Clock,
        *,
        known: Container[str],
        redact: Callable[[str], str],
        observer: Observer | None,
    ) -> None:
        self.clock = clock
        self._journal = journal
        self._known = known
        self._redact = redact
        self._observer = observer

    def entry(self, invocation: Invocation) -> Entry:
        """Return an entry for one invocation, to be used as ``async with``."""
        attempt = Attempt(
            corr=correlation(invocation.delivery),
            command="/" + invocation.name,
            args=dict(invocation.raw),
            caller=invocation.caller,
            delivery=invocation.delivery,
        )
        return Entry(self, attempt, invocation)

    async def intend(self, attempt: Attempt) -> None:
        """Record that a side effect is about to happen; raises JournalUnavailable."""
        await self._journal.intend(attempt)

    async def name(self, attempt: Attempt, run: str) -> None:
        """Record which run a change goes on as, which may be for days; it goes on without, too."""
        try:
            await self._journal.intend(replace(attempt, links={_RUN: run}))
        except JournalUnavailable as error:
            logger.bind(corr=attempt.corr, run=run).error("audit record lost: {}", error.why)

    def veil(self, outcome: Outcome) -> Outcome:
        """Return the outcome with every secret in its reply masked, whoever put it there."""
        reply = masked(outcome.reply, self._redact)
        return outcome if reply is outcome.reply else outcome.model_copy(update={"reply": reply})

    async def conclude(self, entry: Entry, seconds: float) -> None:
        """Record and count the end of an attempt; a read goes on when it cannot be recorded."""
        outcome, invocation = entry.outcome, entry.invocation
        if self._observer:
            name = invocation.name if invocation.name in self._known else "unknown"
            self._observer.observed(name, invocation.door, outcome.result, seconds)
        conclusion = Conclusion(
            result=outcome.result,
            allowed=None if outcome.result == "invalid" else outcome.result != "denied",
            rule=entry.rule,
            duration_ms=round(seconds * 1000, 3),
            detail=entry.detail,
            links={str(k): str(v) for k, v in outcome.reply.data.get("links", {}).items()},
        )
        try:
            await self._journal.conclude(entry.attempt, conclusion)
        except JournalUnavailable as error:
            logger.bind(corr=entry.attempt.corr).error("audit record lost: {}", error.why)


def run_of(reply: Reply) -> str:
    """Return the run that a reply is about; empty where there is none."""
    return str(reply.data.get("links", {}).get(_RUN, ""))


def _withdrawal(error: BaseException) -> TgkError | None:
    """Return why a change was withdrawn, and let its task go on to record that."""
    why = error.args[0] if isinstance(error, asyncio.CancelledError) and error.args else None
    if not isinstance(why, TgkError):
        return None
    if task := asyncio.current_task():
        task.uncancel()
    return why


class Entry:
    """Holds the outcome; an error inside becomes the refusal or the fault that the asker reads.

    Cancellation passes through unrecorded: the engine goes on with the change after the restart.
    One that carries a refusal has withdrawn the change for good, and ends with that.
    """

    def __init__(self, recorder: Recorder, attempt: Attempt, invocation: Invocation) -> None:
        self.attempt = attempt
        self.invocation = invocation
        self.outcome = crashed(command=invocation.name, reference=reference(attempt.corr))
        self.rule = ""
        self.detail = ""
        self.handed_on = False
        """Whether somebody else records how it ends."""
        self._recorder = recorder
        self._began = recorder.clock.monotonic()

    @property
    def corr(self) -> str:
        """What joins the records of this invocation."""
        return self.attempt.corr

    @property
    def seconds(self) -> float:
        """How long it has been going on."""
        return self._recorder.clock.monotonic() - self._began

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        if error is not None and not isinstance(error, Exception):
            error = _withdrawal(error)
            if error is None:
                return False
        if error is not None:
            self.handed_on = False
            self._end_with(error)
        self.outcome = self._recorder.veil(self.outcome)
        if not self.handed_on:
            await self._recorder.conclude(self, self.seconds)
        return True

    def _end_with(self, error: Exception) -> None:
        log, known = logger.bind(corr=self.corr), reference(self.corr)
        if isinstance(error, TgkError):
            self.detail = f"{type(error).__name__}: {error}"
            self.outcome = refused(error, command=self.invocation.name, reference=known)
            if error.__cause__ is not None:
                log.opt(exception=error.__cause__).debug("cause")
        else:
            self.detail = "fault"
            log.opt(exception=error).error("command crashed")
        if decision := getattr(error, "decision", None):
            self.rule = decision.rule
