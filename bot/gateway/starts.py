"""Starts playbooks for events and webhooks: once each, within bounds, by rights of their own."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Self

from loguru import logger

from bot.runtime.launching import Launcher, invocation_of, told_at
from orchestration.triggers.starts import called, service_of, started_by
from tgk.errors import ConfigurationInvalid, Missing, RateLimited, TgkError
from tgk.ports.runs import RunFilter
from tgk.reply import Fact, Facts, Plain, Reply

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from bot.gateway.metrics import Metrics
    from orchestration.playbook.model import Playbook
    from orchestration.runs.ports import Playbooks
    from orchestration.triggers.events import Event
    from orchestration.triggers.starts import Start
    from tgk.context import Invocation
    from tgk.discovery import TriggerBounds
    from tgk.dispatcher import Dispatcher
    from tgk.guard import Directory
    from tgk.outcome import Outcome
    from tgk.ports.operations import Operations
    from tgk.ports.time import Clock

WITHIN: Final = timedelta(hours=1)
FULL_SECONDS: Final = 60
"""After so long a place may be free among the runs that have not ended."""
_MOST_COUNTED: Final = 5000
_FROM_OUTSIDE: Final = ("event:", "webhook:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What became of one start; ``run`` names the run that there is now."""

    playbook: str
    result: str
    """``started``, ``repeated``, ``limited``, or how the dispatcher refused it."""
    run: str = ""
    why: str = ""
    do: str = ""
    reference: str = ""
    retry_after: int = 0

    def told(self) -> dict[str, Any]:
        """Return what a sender reads."""
        facts = {
            "playbook": self.playbook, "result": self.result, "run": self.run, "why": self.why,
            "do": self.do, "reference": self.reference, "retry_after": self.retry_after,
        }  # fmt: skip
        return {name: value for name, value in facts.items() if value}


class Starts:
    """Starts runs through the dispatcher; to be entered before anything is started.

    Each playbook has an identity of its own, ``gateway:trigger:<playbook>``, which may do what the
    policy gives it and nothing else. Only playbooks in ``bounds`` are started.
    """

    def __init__(
        self,
        dispatcher: Dispatcher,
        directory: Directory,
        playbooks: Playbooks,
        operations: Operations,
        *,
        bounds: Mapping[str, TriggerBounds],
        clock: Clock,
        metrics: Metrics,
    ) -> None:
        self._dispatcher = dispatcher
        self._directory = directory
        self._playbooks = playbooks
        self._bounds = dict(bounds)
        self._clock = clock
        self._metrics = metrics
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._launcher = Launcher(dispatcher, operations)

    async def __aenter__(self) -> Self:
        for name in self._bounds:
            book = self._book(name)
            if book and not book.triggers:
                logger.bind(playbook=name).warning("this playbook has no triggers")
        await self._launcher.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of runs that go on: the engine carries them."""
        await self._launcher.__aexit__(kind, error, trace)

    async def event(self, event: Event) -> tuple[Answer, ...]:
        """Start every playbook that wants this event; what was started for it before is named."""
        found = [book for name in self._bounds if (book := self._book(name))]
        starts = [start for book in found if (start := started_by(event, book))]
        return tuple([await self._start(start) for start in starts])

    async def hook(self, playbook: str, given: Mapping[str, Any], delivery: str) -> Answer:
        """Start a playbook for a call of its webhook."""
        try:
            book = self._open(playbook)
            start = called(book, given, delivery)
        except (Missing, ConfigurationInvalid) as error:
            invocation = self._invocation(playbook, f"webhook:{playbook}", delivery, {})
            return self._refused(playbook, await self._dispatcher.refuse(invocation, error))
        return await self._start(start)

    def _open(self, playbook: str) -> Playbook:
        """Return a playbook that may be started from outside; raises Missing for all others."""
        if playbook not in self._bounds:
            raise Missing("webhook", playbook)
        return self._playbooks.get(playbook)

    def _book(self, name: str) -> Playbook | None:
        try:
            return self._playbooks.get(name)
        except (Missing, ConfigurationInvalid) as error:
            logger.bind(playbook=name).warning("triggers are not read: {}", error)
            return None

    async def _start(self, start: Start) -> Answer:
        async with self._locks[start.playbook]:  # so that nobody slips past the bound
            try:
                answer = await self._answer(start)
            except TgkError as error:
                answer = Answer(playbook=start.playbook, result="unavailable", why=str(error))
        self._metrics.webhook("trigger", answer.result)
        log = logger.bind(playbook=start.playbook, cause=start.cause, run=answer.run)
        log.bind(result=answer.result).info("start from outside")
        return answer

    async def _answer(self, start: Start) -> Answer:
        known = await self._dispatcher.backends.runs.started(start.delivery)
        if known is not None:
            return Answer(playbook=start.playbook, result="repeated", run=known.id)
        invocation = self._invocation(start.playbook, start.cause, start.delivery, start.parameters)
        error = start.fault or await self._too_many(start)
        if error is None:
            return await self._begun(start, invocation)
        answer = self._refused(start.playbook, await self._dispatcher.refuse(invocation, error))
        if isinstance(error, RateLimited):
            return await self._limited(start, answer, error)
        await self._tell(start, answer)
        return answer

    async def _too_many(self, start: Start) -> RateLimited | None:
        """Return when another run may be started, None for now; runs are counted over restarts."""
        most, now = self._bounds[start.playbook].per_hour, self._clock.now()
        wanted = RunFilter(playbook=start.playbook, since=now - WITHIN, limit=_MOST_COUNTED)
        found = await self._dispatcher.backends.runs.find(wanted)
        asked = sorted(run.asked for run in found if run.cause.startswith(_FROM_OUTSIDE))
        if len(asked) < most:
            return None
        left = (asked[-most] + WITHIN - now).total_seconds()
        error = RateLimited(max(1.0, left))
        error.what = f"{start.playbook} was not started."
        error.why = f"{most} starts within an hour are its bound."
        return error

    async def _limited(self, start: Start, answer: Answer, error: RateLimited) -> Answer:
        limited = Answer(
            playbook=start.playbook,
            result="limited",
            why=error.why,
            do=error.remedy,
            reference=answer.reference,
            retry_after=round(error.retry_after + 0.5),
        )
        await self._tell(start, limited)
        return limited

    async def _begun(self, start: Start, invocation: Invocation) -> Answer:
        """Let the run begin; it goes on by itself."""
        launched = await self._launcher.launch(invocation)
        if launched.outcome is None:
            return Answer(playbook=start.playbook, result="started", run=launched.run)
        answer = self._refused(start.playbook, launched.outcome)
        await self._tell(start, answer)
        return answer

    def _refused(self, playbook: str, outcome: Outcome) -> Answer:
        said = outcome.reply.data
        is_full = said.get("error") == "Conflict"  # so many runs go on, or so many of this one's
        return Answer(
            playbook=playbook,
            result="limited" if is_full else outcome.result,
            retry_after=FULL_SECONDS if is_full else 0,
            why=" ".join(str(said[key]) for key in ("what", "why") if said.get(key)),
            do=_advice(playbook, outcome),
            reference=outcome.reference,
        )

    async def _tell(self, start: Start, answer: Answer) -> None:
        """Show people what was not started, on one card an hour; the audit log has every one."""
        key = f"trigger:{start.playbook}:{self._clock.now():%Y%m%d%H}"
        try:
            for place in told_at(self._dispatcher.admission.discovery):
                card = refusal_card(start, answer)
                await self._dispatcher.backends.board.show(key, place, card, loud=True)
        except TgkError as error:
            logger.bind(playbook=start.playbook).warning("refused start not shown: {}", error)

    def _invocation(
        self, playbook: str, cause: str, delivery: str, parameters: Mapping[str, str]
    ) -> Invocation:
        identity, (kind, _, _) = service_of(playbook), cause.partition(":")
        caller = self._directory.resolve("gateway", identity, name=identity, channel=kind)
        rest = dict(parameters)
        environment = rest.pop("environment", None)  # judged by the rights for it, like any other
        return invocation_of(playbook, rest, caller, delivery, environment=environment)


def refusal_card(start: Start, answer: Answer) -> Reply:
    """Draw a start that was refused."""
    rows = (("Why", answer.why), ("Do", answer.do), ("Cause", start.cause))
    facts = tuple(Fact(label=label, value=value) for label, value in rows if value)
    title = f"{start.playbook} was not started"
    return Reply(
        topic="denied",
        title=title,
        tone="warning",
        blocks=(Facts(facts=facts),),
        footer=f"audit {answer.reference}" if answer.reference else "",
        plain=Plain(headline=title, lines=tuple(f"{label}: {value}" for label, value in rows)),
        data=answer.told(),
    )


def _advice(playbook: str, outcome: Outcome) -> str:
    if outcome.reply.data.get("error") == "Denied":
        name = service_of(playbook)
        return f"Give {name} a role under sources in rbac/policy.yml, or a grant."
    return str(outcome.reply.data.get("do", ""))
