"""The one door to an effect: journal, parse, authorise, confirm, approve, do, journal again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tgk import approval as council
from tgk.caller import Caller
from tgk.context import Context, Invocation, Show
from tgk.errors import Conflict, Declined, InvalidRequest, TgkError
from tgk.masking import masked
from tgk.outcome import Outcome
from tgk.ports.board import mirrors
from tgk.ports.council import Approval
from tgk.ports.grants import NoGrants
from tgk.ports.operations import Operation, Record
from tgk.recording import Observer, Recorder, correlation, reference, run_of
from tgk.renewal import unknowable
from tgk.typed import value_line
from tgk.view import View

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tgk.admission import Admission, Admitted
    from tgk.backends import Backends
    from tgk.ports.council import ApprovalRule
    from tgk.ports.grants import Grants
    from tgk.ports.journal import Attempt, Journal
    from tgk.ports.operations import Operations, Steps
    from tgk.ports.time import Clock
    from tgk.renewal import Renew
    from tgk.reply import Reply

LOUD_AFTER_SECONDS = 15.0
"""A change that took longer ends with a new message, because edits do not notify."""


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
        renew: Renew = unknowable,
        observer: Observer | None = None,
        redact: Callable[[str], str] = str,
        simulated: bool = False,
        grants: Grants | None = None,
    ) -> None:
        self.admission = admission
        self.backends = backends
        self._operations = operations
        self._clock = clock
        self.renew = renew
        self._redact = redact
        self._recorder = Recorder(
            journal, clock, known=admission.registry, redact=redact, observer=observer
        )
        self._simulated = simulated
        self._grants = grants or NoGrants()

    def preview(self, invocation: Invocation) -> Preview:
        """Say at once, without I/O, whether the answer is only for the asker."""
        try:
            invocation = self._meant(invocation)
            admitted = self.admission.admit(invocation, count=False)
        except TgkError:
            return Preview(private=True, change=False)
        asks = self._asks_first(admitted, invocation)
        private = asks or admitted.command.private
        change = admitted.command.effect == "change" and not private
        return Preview(private=private, change=change)

    async def run(self, invocation: Invocation) -> Outcome:
        """Run one invocation to its end. Only cancellation and faults of the surface are raised."""
        with suppress(InvalidRequest):  # refused below, where it is recorded
            invocation = self._meant(invocation)
        invocation = await self._presentable(invocation)
        async with self._recorder.entry(invocation) as entry:
            change = self._change(invocation, entry.corr)
            if change and await self._operations.known(change):  # joined, not judged again
                entry.handed_on = True
                entry.outcome = await self._operations.run(change, invocation.show)
                return entry.outcome
            admitted = self.admission.admit(invocation)
            entry.rule = admitted.decision.rule
            context = self._context(invocation, entry.corr, Forgetful(), invocation.show)
            if admitted.command.check:
                await admitted.command.check(admitted.request, context)
            if self._asks_first(admitted, invocation) and admitted.command.confirm:
                question = await admitted.command.confirm.question(admitted.request, context)
                entry.outcome = _pending(question, entry.corr)
            elif change is None:
                reply = await admitted.command.handle(admitted.request, context)
                entry.outcome = _finished(reply, entry.corr)
            else:
                entry.handed_on = True  # the operation keeps its own intent and outcome
                entry.outcome = await self._operations.run(change, invocation.show)
        return entry.outcome

    async def refuse(self, invocation: Invocation, error: TgkError) -> Outcome:
        """Record an attempt that a surface could not even read, and return what to answer.

        It counts like one that was read: after too many, the answer is how long to wait.
        """
        invocation = await self._presentable(invocation)
        async with self._recorder.entry(invocation) as entry:
            self.admission.count(invocation)
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
            door=operation.door or operation.caller.platform,
            key=operation.key,
            confirmed=True,
            pleads=operation.pleads,
            origin=operation.origin,
            show=shown,
        )
        async with self._recorder.entry(invocation) as entry:
            await self._recorder.intend(entry.attempt)
            named = self._named(entry.attempt, shown)
            context = self._context(invocation, entry.corr, steps, named)
            admitted = self.admission.admit(invocation, count=False)
            entry.rule = admitted.decision.rule
            entry.detail = await self._ask_council(admitted, context)
            reply = await admitted.command.handle(admitted.request, context)
            entry.outcome = _finished(reply, entry.corr)
        slow = entry.seconds > LOUD_AFTER_SECONDS
        await self._report(operation, entry.outcome, shown, loud=slow)
        return entry.outcome

    def view(self, invocation: Invocation) -> View:
        """Return what this caller may see and run."""
        return View(self.admission, self.backends, self.run, invocation)

    def _meant(self, invocation: Invocation) -> Invocation:
        """Return what a command stands for that is another one with such options."""
        registry = self.admission.registry
        if invocation.name not in registry:
            return invocation
        entry = registry[invocation.name]
        other = entry.instead(entry.parse(invocation.raw)) if entry.instead else None
        return replace(invocation, name=other[0], raw=other[1]) if other else invocation

    async def _presentable(self, invocation: Invocation) -> Invocation:
        """Return it without what its command wants nobody to record, store or show."""
        registry = self.admission.registry
        name = registry.defaults.get(
            invocation.name, invocation.name
        )  # of a line nobody could read
        veil = registry[name].veil if name in registry else None
        if veil is None:
            return invocation
        corr = correlation(invocation.delivery)
        context = self._context(invocation, corr, Forgetful(), invocation.show)
        return replace(invocation, raw=await veil(invocation.raw, context))

    def _change(self, invocation: Invocation, corr: str) -> Operation | None:
        """Return what the engine is asked to do; None for what changes nothing."""
        registry = self.admission.registry
        if invocation.name not in registry or registry[invocation.name].effect == "read":
            return None
        return Operation(
            corr=corr,
            command=invocation.name,
            raw=self._kept(invocation.raw),
            caller=invocation.caller,
            delivery=invocation.delivery,
            origin=invocation.origin,
            door=invocation.door,
            key=invocation.key,
            pleads=invocation.pleads,
        )

    def _kept(self, raw: Mapping[str, object]) -> dict[str, object]:
        """Return arguments as they may be stored: a secret in free text is masked before."""
        return {k: self._redact(v) if isinstance(v, str) else v for k, v in raw.items()}

    async def _ask_council(self, admitted: Admitted, context: Context) -> str:
        """Wait for the council where the command demands it; raises Declined or Conflict.

        Returns what the audit log must say of an approval that was given beforehand.
        """
        discovery = self.admission.discovery
        rule = self._rule(admitted, context)
        if not rule:
            return ""
        if not discovery.telegram:
            raise Declined(f"{rule.title} was not approved.", why="No council is configured.")
        bound_to = self._digest(rule, admitted, context)
        granted = await self._grants.covering(context.invocation, bound_to)
        if granted:
            await self._admit_again(context)
            return f"approval {granted}"
        members = discovery.telegram.council.members
        question = self._question(rule, context, members, bound_to)
        asked = await self.backends.approvals.ask(question)
        await context.show(council.waiting(asked))
        verdict = await self.backends.approvals.decided(asked.id)
        if verdict.state != "approved":
            raise Declined(f"{rule.title} was not approved.", why=council.ended(verdict))
        await self._admit_again(context)
        if (verdict.corr, verdict.digest) != (
            context.corr,
            self._digest(self._rule(admitted, context), admitted, context),
        ):
            raise Conflict(
                f"{rule.title} was not done.",
                why="The policy or the request changed after the council was asked.",
                remedy="Ask again.",
            )
        return ""

    def _question(
        self, rule: ApprovalRule, context: Context, members: tuple[str, ...], bound_to: str
    ) -> Approval:
        now = self._clock.now()
        return Approval(
            id=context.corr[:10],
            corr=context.corr,
            title=rule.title,
            facts=rule.facts,
            requester=context.caller.person,
            members=members,
            needed=rule.needed + (not context.caller.known),  # a stranger may be one of the members
            digest=bound_to,
            asked_at=now,
            expires_at=now + timedelta(seconds=rule.expires_seconds),
        )

    async def _admit_again(self, context: Context) -> None:
        """Judge the request with the rights that the asker has by now; asked of platforms once."""

        async def renewed() -> Caller:
            return await self.renew(context.caller)

        caller = await context.steps.once("rights", renewed, Caller)
        self.admission.admit(replace(context.invocation, caller=caller), count=False)

    def _rule(self, admitted: Admitted, context: Context) -> ApprovalRule | None:
        """Return what the council must be asked about a request, as things are now."""
        approval = admitted.command.approval
        own = approval(admitted.request, self.admission.discovery) if approval else None
        if not admitted.excused:
            return own
        raw = admitted.request.model_dump(mode="json", exclude_none=True)
        line = self._redact(value_line(admitted.command.name, raw))
        return council.exception(own, context.caller.person, line, admitted.decision.roles_needed)

    def _digest(self, rule: ApprovalRule | None, admitted: Admitted, context: Context) -> str:
        if rule is None:
            return ""
        return council.bound_to(rule, admitted, self.admission, context.caller.channel)

    async def _report(
        self, operation: Operation, outcome: Outcome, shown: Show, *, loud: bool
    ) -> None:
        """Leave the end where the asker looks, and mirror it where the command says.

        A step of a playbook is told by its run, which has a card and a mirror of its own. A
        terminal prints the outcome itself, and cannot take back what it printed as progress.
        """
        if operation.door != "cli":
            await shown(outcome.reply)
        board, key = self.backends.board, f"op:{operation.corr}"
        if operation.origin and loud:
            ref = await board.ref(key)
            end = operation.origin.model_copy(update={"reply_to": ref.message if ref else ""})
            await board.show(f"{key}:end", end, _summary(operation, outcome.reply), loud=True)
        told = outcome.result in ("success", "failure") and outcome.reply.mirrored
        if not told or operation.door == "playbook":
            return
        command = self.admission.registry[operation.command]
        for kept, place in mirrors(operation.corr, operation.origin, command.mirror).items():
            await board.show(kept, place, outcome.reply.retold(), loud=True)

    def _shown(self, operation: Operation, watch: Show) -> Show:
        """Show progress to whoever waits in this process, and durably where it was asked."""
        key, origin = f"op:{operation.corr}", operation.origin

        async def show(reply: Reply) -> None:
            if origin:
                await self.backends.board.show(key, origin, reply)
            await watch(reply)

        return show

    def _named(self, attempt: Attempt, show: Show) -> Show:
        """Let the log know which run a change has begun as soon as it shows one."""
        known: set[str] = set()

        async def named(reply: Reply) -> None:
            run = run_of(reply)
            if run and run not in known:
                known.add(run)
                await self._recorder.name(attempt, run)
            await show(reply)

        return named

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

    def _asks_first(self, admitted: Admitted, invocation: Invocation) -> bool:
        confirm = admitted.command.confirm
        return bool(
            confirm
            and not invocation.confirmed
            and confirm.when(admitted.request, self.admission.discovery)
        )


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
