"""One question to the council for all protected steps of a run, instead of one for each.

A yes counts for exactly the lines that the question showed, in this run, for a while. Whatever was
not shown, or changed since, is asked about on its own. It takes no right from anybody's place: each
step is authorised as ever, only the question is not put again.
"""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from orchestration.runs.ahead import Known, Lookout
from orchestration.runs.frame import values_of
from orchestration.runs.halt import unless_halted
from orchestration.runs.records import Consent, Line
from tgk.approval import bound_to, ended
from tgk.context import Invocation
from tgk.errors import Declined, Missing, TgkError
from tgk.ports.council import Approval
from tgk.ports.runs import ENDED
from tgk.typed import value_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
    from typing import Any

    from orchestration.playbook.model import Playbook
    from orchestration.runs.ahead import Ahead
    from orchestration.runs.frame import Frame
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.pulse import Pulse
    from orchestration.runs.records import RunRecord
    from tgk.admission import Admission, Admitted
    from tgk.ports.council import ApprovalRule, Approvals
    from tgk.ports.runs import RunState
    from tgk.ports.time import Clock

    Noting = Callable[[str], Awaitable[None]]

GRANTED: Final = timedelta(hours=1)
"""How long a yes counts after it was given."""
_OVER: Final[Mapping[RunState, str]] = {
    "forced": "was ended by hand", "timed_out": "ran out of time", "cancelled": "was cancelled",
    "failed": "failed", "rolled_back": "failed", "rollback_failed": "failed",
}  # fmt: skip
_MOST_LINES: Final = 20
"""More are not shown on one card, and so are asked about later."""
_LONGEST_LINE: Final = 300


@dataclass(frozen=True, slots=True)
class Guarded:
    """One protected line as it would be asked about."""

    line: Line
    rule: ApprovalRule


@dataclass(slots=True, kw_only=True)
class Consents:
    """What one life of a run asks for, and what it was given."""

    ledger: Ledger
    pulse: Pulse
    clock: Clock
    approvals: Approvals
    admission: Admission
    council: tuple[str, ...]
    playbook: Playbook
    playbooks: Mapping[str, Playbook]
    results: Mapping[str, Any]
    """What the named steps at the top have found by now."""
    redact: Callable[[str], str] = str
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def obtain(self, invocation: Invocation, frame: Frame, note: Noting) -> None:
        """Have a yes for a step before it begins, if it needs one; raises Declined or Halted."""
        guarded = self._guarded(invocation)
        if guarded is None or not self.council:
            return  # the dispatcher says what there is to say
        async with self._asking:
            consent = self._standing(guarded) or await self._opened(guarded)
        if consent.state == "open":
            consent = await self._decided(consent, frame, note)
        if consent.state == "refused":
            verdict = await self.approvals.decided(consent.question.id)
            raise Declined(f"{guarded.rule.title} was not approved.", why=ended(verdict))

    def shown_by(self, needed: int, voters: Iterable[str]) -> tuple[Line, ...]:
        """Return the lines that a question with these voters may cover, as things are now."""
        if not set(voters) <= set(self.council):
            return ()
        fitting = (each.line for each in self._ahead() if self._needed([each]) <= needed)
        return tuple(fitting)[:_MOST_LINES]

    async def keep(self, consent: Consent) -> Consent:
        """Remember a consent; it replaces the one of the same question."""
        others = [
            each for each in self.pulse.record.consents if each.question.id != consent.question.id
        ]
        facts = {"consents": (*others, consent)}
        self.pulse.learn(await self.ledger.change(self.pulse.record.id, **facts))
        return consent

    def settled(self, consent: Consent, verdict: Approval) -> Consent:
        """Return the consent as the vote left it."""
        if verdict.state != "approved":
            return consent.model_copy(update={"question": verdict, "state": "refused"})
        until = max((vote.at for vote in verdict.votes), default=self.clock.now()) + GRANTED
        update = {"question": verdict, "state": "granted", "until": until}
        return consent.model_copy(update=update)

    async def forget(self, consent: Consent) -> None:
        """Let go of a consent, so that its lines are asked about on their own."""
        left = [
            each for each in self.pulse.record.consents if each.question.id != consent.question.id
        ]
        changed = await self.ledger.change(self.pulse.record.id, consents=tuple(left))
        self.pulse.learn(changed)

    def of(self, question: str) -> Consent | None:
        """Return the consent of a question, if one was kept."""
        found = (each for each in self.pulse.record.consents if each.question.id == question)
        return next(found, None)

    async def _decided(self, consent: Consent, frame: Frame, note: Noting) -> Consent:
        waits = f"approval {consent.question.id}"
        await note(waits)
        question = await self.approvals.ask(consent.question)

        async def heard(_: Approval) -> None:
            await note(waits)  # whoever watches the run sees how the vote stands

        async with self.pulse.resting("approval"):
            verdict = await unless_halted(frame.halt, self.approvals.decided(question.id, heard))
        async with self._asking:
            standing = self.of(question.id) or consent
            if standing.state != "open":
                return standing
            return await self.keep(self.settled(standing, verdict))

    def _standing(self, guarded: Guarded) -> Consent | None:
        """Return the newest consent that showed this line, unless its yes is over."""
        now = self.clock.now()
        for each in reversed(self.pulse.record.consents):
            shown = any(line.digest == guarded.line.digest for line in each.lines)
            over = each.state == "granted" and not each.covers(guarded.line.digest, now)
            if shown and not over:
                return each
        return None

    async def _opened(self, guarded: Guarded) -> Consent:
        """Put the question of this line, and of every other one that is known and not covered."""
        others = [
            each
            for each in self._ahead()
            if each.line.digest != guarded.line.digest and self._standing(each) is None
        ]
        asked = [guarded, *others][:_MOST_LINES]
        lines = tuple(each.line for each in asked)
        return await self.keep(Consent(question=self._question(asked), lines=lines))

    def _question(self, asked: list[Guarded]) -> Approval:
        run, now = self.pulse.record, self.clock.now()
        key = f"run:{run.id}:consent:{len(run.consents) + 1}"
        bound = " ".join(sorted(each.line.digest for each in asked))
        one = asked[0].rule
        title = one.title if len(asked) == 1 else f"{run.playbook}: {len(asked)} protected steps"
        expires = min(each.rule.expires_seconds for each in asked)
        return Approval(
            id=hashlib.sha256(key.encode()).hexdigest()[:10],
            corr=key,
            title=title,
            facts=(
                ("Run", run.id),
                ("Playbook", run.playbook),
                *displayed(each.line for each in asked),
            ),
            requester=run.starter.person,
            members=self.council,
            needed=self._needed(asked),
            digest=hashlib.sha256(bound.encode()).hexdigest(),
            asked_at=now,
            expires_at=now + timedelta(seconds=expires),
        )

    def _needed(self, asked: list[Guarded]) -> int:
        """Return the voices that all of them need; a stranger may be one of the members."""
        return max(each.rule.needed for each in asked) + (not self.pulse.record.starter.known)

    def _ahead(self) -> list[Guarded]:
        """Return every protected line of the run that is known by now, each once."""
        values = values_of(self.pulse.record, self.playbook)
        scope = Known({**self.results, "steps": self.results, **values})
        look = Lookout(self.playbooks, self.admission.registry)
        book = self.playbook
        found: dict[str, Guarded] = {}
        for ahead in look.lines((*book.steps, *book.finally_), scope):
            guarded = self._guarded(self._invocation(ahead))
            if guarded is not None:
                found.setdefault(guarded.line.digest, guarded)
        return list(found.values())

    def _invocation(self, ahead: Ahead) -> Invocation:
        return Invocation(
            name=ahead.name,
            raw=ahead.raw,
            caller=self.pulse.record.starter,
            delivery="",
            door="playbook",
            confirmed=True,
        )

    def _guarded(self, invocation: Invocation) -> Guarded | None:
        """Return what the council would be asked about a request; None for nothing.

        None as well where the request would not be admitted: then the step itself says why.
        """
        try:
            admitted = self.admission.admit(invocation, count=False)
        except TgkError:
            return None
        approval = admitted.command.approval
        rule = approval(admitted.request, self.admission.discovery) if approval else None
        if rule is None:
            return None
        channel = invocation.caller.channel
        digest = bound_to(rule, admitted, self.admission, channel)
        return Guarded(Line(text=self._text(admitted), digest=digest), rule)

    def _text(self, admitted: Admitted) -> str:
        """Write a request as a line, everything secret masked."""
        raw = admitted.request.model_dump(mode="json", exclude_defaults=True)
        return self.redact(value_line(admitted.command.name, raw))


async def withdraw_all(approvals: Approvals, run: RunRecord, state: RunState) -> None:
    """Take back whatever people are still asked about a run that is over."""
    how = "goes on as another generation" if run.superseded else _OVER.get(state, "has ended")
    for question in await approvals.open():
        if question.corr.startswith(f"run:{run.id}:"):
            await approvals.withdraw(question.corr, f"{run.id} {how}.")


class RunGrants:
    """Implements Grants for the steps of runs."""

    def __init__(self, ledger: Ledger, clock: Clock) -> None:
        self._ledger = ledger
        self._clock = clock

    async def covering(self, invocation: Invocation, digest: str) -> str:
        """Return the approval that showed exactly this step of a run that goes on, if any."""
        kind, _, rest = invocation.delivery.partition(":")
        if kind != "run" or invocation.door != "playbook":
            return ""
        try:
            record = await self._ledger.load(rest.partition(":")[0])
        except Missing:
            return ""
        if record.state in ENDED or record.starter.person != invocation.caller.person:
            return ""
        now = self._clock.now()
        found = (each for each in record.consents if each.covers(digest, now))
        return next((each.question.id for each in found), "")


def displayed(lines: Iterable[Line]) -> Iterator[tuple[str, str]]:
    """Yield the lines as facts of a card, and for how long a yes to them counts."""
    listed = list(lines)
    yield from ((f"{place}", each.text[:_LONGEST_LINE]) for place, each in enumerate(listed, 1))
    if listed:
        minutes = round(GRANTED.total_seconds() / 60)
        yield ("Counts for", f"these lines in this run, for {minutes} minutes")
