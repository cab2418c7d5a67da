"""The journal of the dispatcher, kept in the audit log: durable before anything happens."""

from __future__ import annotations

import asyncio
import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import orjson
from loguru import logger

from audit.acknowledge import take_request
from audit.anchors import Anchor
from audit.ledger import reported
from audit.log import Log, LogInUse, LogSettings
from audit.record import CODES, Draft, Ids, Phase, draft, own_fields, plain, stamp
from audit.verify import Verdict, verify
from audit.writer import AuditStats, Writer
from tgk.errors import JournalUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping
    from datetime import datetime
    from types import TracebackType

    from tgk.caller import Caller
    from tgk.ports.journal import Attempt, Conclusion
    from tgk.ports.time import Clock
    from tgk.redaction import Redactor

LARGEST_ARGS = 4096
SHOWN_OF_LARGE = 1024
ANCHOR_RECORDS = 1000
ANCHOR_SECONDS = 900.0
_LOOK_AGAIN = 0.2


@dataclass(frozen=True, slots=True)
class Orphan:
    """A change that an earlier process began and did not conclude."""

    corr: str
    command: str
    user: str
    channel: str
    timestamp: str


def nobody(caller: Caller) -> bool:  # noqa: ARG001 - the shape of a rule
    """Let nobody change anything while room is short."""
    return False


class AuditJournal:
    """Implements tgk.ports.journal.Journal; an async context manager that owns a writer thread.

    ``privileged`` says who may still change things when room is short; ``policy`` returns the
    version of the policy that decided. Entering waits up to ``patience`` seconds for whoever else
    writes, and raises LogInUse when they still do, ConfigurationInvalid when an earlier key is
    needed, JournalUnavailable when the disk refuses.
    """

    def __init__(
        self,
        settings: LogSettings,
        *,
        redactor: Redactor,
        clock: Clock,
        privileged: Callable[[Caller], bool] = nobody,
        policy: Callable[[], str] | None = None,
        simulated: bool = False,
        timeout: float = 10.0,
        patience: float = 0.0,
        queue_bound: int = 16384,
        entropy: Callable[[int], bytes] = os.urandom,
    ) -> None:
        self._settings = settings
        self._redactor = redactor
        self._clock = clock
        self._privileged = privileged
        self._policy = policy
        self._simulated = simulated
        self._timeout = timeout
        self._patience = patience
        self._ids = Ids(entropy)
        self._log = Log(settings, clock, entropy)
        self._writer = Writer(self._log, bound=queue_bound, timeout=timeout)
        self._anchored_at = clock.monotonic()
        self._orphans: dict[str, Mapping[str, Any]] = {}
        self._repeated: set[str] = set()

    async def __aenter__(self) -> Self:
        try:
            await self._open()
        except OSError as error:
            raise JournalUnavailable(f"{error.strerror or error}") from error
        self._orphans = dict(self._log.state.intents)
        self._writer.start()
        return self

    async def _open(self) -> None:
        """Open the files, once nobody else writes to them, or raise LogInUse."""
        ends, told = self._clock.monotonic() + self._patience, False
        while True:
            try:
                return await asyncio.to_thread(self._log.open)
            except LogInUse as error:
                if self._clock.monotonic() >= ends:
                    raise
                if not told:
                    bound = logger.bind(why=error.why, seconds=self._patience)
                    bound.info("the audit log is in use, waiting for it")
                told = True
            await self._clock.sleep(_LOOK_AGAIN)

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if await asyncio.to_thread(self._writer.close, self._timeout):
            self._log.close()  # else the thread still uses the files; they end with the process

    @property
    def stats(self) -> AuditStats:
        """Counters for metrics."""
        return self._writer.stats

    @property
    def damages(self) -> tuple[str, ...]:
        """What is wrong with the files and was not acknowledged; changes are refused meanwhile."""
        return tuple(self._log.state.damages.values())

    @property
    def orphans(self) -> tuple[Orphan, ...]:
        """What earlier processes began and did not conclude, oldest first."""
        return tuple(
            Orphan(each["corr"], each["command"], each["user"], each["channel"], each["timestamp"])
            for each in self._orphans.values()
        )

    async def intend(self, attempt: Attempt) -> None:
        """Record durably that a side effect is about to happen; raises JournalUnavailable.

        A change that a kill cut off after its outcome was recorded is not recorded again.
        """
        if attempt.corr in self._log.state.ended:
            self._repeated.add(attempt.corr)
            return
        if self._log.state.damages:
            await self._look_for_acknowledgement()
        fields = self._fields(attempt, "intent", "pending")
        if attempt.links:
            fields["links"] = self._redactor.value(attempt.links)
        privileged = self._privileged(attempt.caller)
        await self._writer.submit(draft("intent", attempt.corr, fields, privileged=privileged))

    async def conclude(self, attempt: Attempt, conclusion: Conclusion) -> None:
        """Record durably how it ended; raises JournalUnavailable."""
        if attempt.corr in self._repeated:
            self._repeated.discard(attempt.corr)
            return
        fields = self._fields(attempt, "outcome", conclusion.result)
        fields["rbac"] = {
            "allow": conclusion.allowed, "rule": self._redactor.text(conclusion.rule),
        }  # fmt: skip
        if self._policy:
            fields["policy"] = {"sha": self._policy()}
        fields["duration_ms"] = conclusion.duration_ms
        if conclusion.detail:
            fields["detail"] = self._redactor.text(conclusion.detail)
        if conclusion.links:
            fields["links"] = self._redactor.value(conclusion.links)
        await self._writer.submit(draft("outcome", attempt.corr, fields))
        self._orphans.pop(attempt.corr, None)

    async def close_orphans(self, keep: Collection[str] = ()) -> tuple[Orphan, ...]:
        """Record ``unknown`` for every orphan that nobody goes on with, and return those."""
        lost = [orphan for orphan in self.orphans if orphan.corr not in keep]
        for orphan in lost:
            await self._writer.submit(self._unknown(self._orphans[orphan.corr]))
            del self._orphans[orphan.corr]
        return tuple(lost)

    def anchor(self) -> Anchor:
        """Return what to tell a witness: everything up to here is durable."""
        link = self._log.link
        return Anchor(self._settings.origin, link.seq, link.head)

    def anchor_is_due(self) -> bool:
        """Say whether enough was written, or time went by, since the last anchor."""
        ahead = self._log.link.seq - self._log.state.anchored
        old = self._clock.monotonic() - self._anchored_at >= ANCHOR_SECONDS
        return ahead >= ANCHOR_RECORDS or (old and ahead > 1)

    async def anchored(self, anchor: Anchor, witnesses: Collection[str]) -> None:
        """Record that these places, such as ``telegram:council``, have been told."""
        data = {"anchored": anchor.size, "head": anchor.head, "witnesses": sorted(witnesses)}
        await self._writer.submit(self._own("anchor", data))
        self._anchored_at = self._clock.monotonic()

    async def inspect(self) -> Verdict:
        """Verify everything beside the writing; new damage is recorded and refuses changes."""
        verdict = await asyncio.to_thread(verify, self._settings.path, self._settings.keyring)
        known = verdict.acknowledged | set(self._log.state.damages)
        fresh = [damage for damage in verdict.damages if damage.id not in known]
        if fresh and not self._log.state.damages:
            await self._writer.submit(self._own("recover", reported(fresh), "failure"))
        return verdict

    async def acknowledge(self, by: str) -> tuple[str, ...]:
        """Record that somebody has seen the damage, and accept changes again; returns its ids."""
        verdict = await asyncio.to_thread(verify, self._settings.path, self._settings.keyring)
        seen = sorted(verdict.unsettled | set(self._log.state.damages))
        await self._writer.submit(self._own("recover", {"acknowledged": seen, "by": by}))
        return tuple(seen)

    async def _look_for_acknowledgement(self) -> None:
        request = await asyncio.to_thread(take_request, self._settings.path)
        if request and set(self._log.state.damages) <= set(request.damages):
            await self.acknowledge(request.by)

    def _own(self, phase: Phase, data: Mapping[str, Any], result: str = "success") -> Draft:
        fields = own_fields(self._ids, self._clock.now(), phase, data, result=result)
        return draft(phase, "-", fields)

    def _fields(self, attempt: Attempt, phase: Phase, result: str) -> dict[str, Any]:
        now, text, caller = self._clock.now(), self._redactor.text, attempt.caller
        fields = self._begun(now, phase, attempt.corr, result)
        fields["user"] = text(caller.person)
        fields["user_id"] = text(caller.user_id)
        fields["platform"] = caller.platform
        fields["command"] = text(attempt.command)
        fields["args"] = _bounded(self._redactor.value(attempt.args))
        fields["channel"] = text(caller.channel)
        fields["result"] = result
        if attempt.delivery:
            fields["delivery"] = text(attempt.delivery)
        return fields

    def _unknown(self, intent: Mapping[str, Any]) -> Draft:
        fields = self._begun(self._clock.now(), "outcome", intent["corr"], "unknown")
        fields.update({name: intent[name] for name in intent if name not in fields})
        fields["result"] = "unknown"
        fields["detail"] = "the process ended between intent and outcome"
        return draft("outcome", intent["corr"], fields)

    def _begun(self, now: datetime, phase: Phase, corr: str, result: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "id": self._ids.next(now),
            "timestamp": stamp(now),
            "phase": phase,
            "corr": corr,
            "code": CODES[phase, result],
        }
        if self._simulated:
            fields["simulated"] = True
        return fields


def _bounded(args: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return arguments of a size that a log can bear; of larger ones the beginning and a digest."""
    if not args:
        return {}
    try:
        data = orjson.dumps(args)
    except TypeError:
        data = orjson.dumps(plain(args))
    if len(data) <= LARGEST_ARGS:
        return args
    return _cut(data)


def _cut(data: bytes) -> Mapping[str, Any]:
    shown = data[:SHOWN_OF_LARGE].decode("utf-8", "ignore")
    digest = hashlib.sha256(data).hexdigest()
    return {"truncated": shown, "bytes": len(data), "sha256": digest}
