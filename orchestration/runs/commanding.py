"""Commands as steps: dispatched like any other, as the one who started the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from orchestration.playbook.binding import command_of, fill
from orchestration.runs.halt import Halted, Unbegun, unless_halted
from orchestration.runs.records import Fault, Result
from tgk.context import Invocation
from tgk.errors import UnknownCommand
from tgk.recording import correlation

if TYPE_CHECKING:
    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.template import Template
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means
    from orchestration.runs.records import StepRecord
    from tgk.outcome import Outcome
    from tgk.reply import Reply

_LONGEST = 500
_KINDS = {"denied": "denied", "invalid": "invalid", "pending": "invalid"}


async def command(
    means: Means,
    line: CommandLine,
    frame: Frame,
    record: StepRecord,
    *,
    turn: str = "",
    key: Template | None = None,
) -> Result:
    """Run the command once; after a kill the change that was under way is joined.

    ``turn`` tells one asking from the next within an attempt; ``key`` is what other systems know
    it by. Raises Halted when it was stopped: then the change has been withdrawn; Unavailable when
    nobody can say any more what the starter may.
    """
    entry = command_of(line, means.registry)
    if entry is None:
        raise UnknownCommand(line.name)
    delivery = delivery_of(means.run, record) + turn
    await means.standing.refresh(record.began)
    invocation = Invocation(
        name=entry.name,
        raw=fill(line, frame.scope(), means.registry),
        caller=means.pulse.record.starter,
        delivery=delivery,
        door="playbook",
        confirmed=True,
        key=_key(means, key, frame) or known_as(means, record, turn),
    )

    async def note(waits: str) -> None:
        await means.memory.note(record, waits=waits)

    begun = False
    try:
        await means.consents.obtain(invocation, frame, note)
        begun = True
        await _freed(means, record)
        async with means.pulse.busy(frame.halt):
            outcome = await unless_halted(frame.halt, means.dispatch(invocation))
    except Halted:
        why = "its time was used up" if frame.halt.why == "timed_out" else "the run stopped it"
        await withdraw(means, delivery, why)
        raise (Halted if begun else Unbegun) from None
    return _result(outcome, record)


async def _freed(means: Means, record: StepRecord) -> None:
    """Note that a step waits for nobody any more, if it did: what it takes from here is work."""
    standing = means.memory.get(record.path, record.label)
    if standing and standing.waits:
        await means.memory.note(record, waits="", freed=means.clock.now())


async def withdraw(means: Means, delivery: str, why: str) -> None:
    """Stop a change that is under way, and take back what the council was asked about it."""
    await means.carrier.withdraw(delivery, why)
    await means.approvals.withdraw(correlation(delivery), means.pulse.record.unasked(why))


def delivery_of(run: str, record: StepRecord) -> str:
    """Return what an attempt of a step is known by, in this life and the next."""
    return f"run:{run}:{record.path}:{record.label}"


def known_as(means: Means, record: StepRecord, turn: str = "") -> str:
    """Return what other systems know an attempt of a step by, in this life and the next.

    They may remember a run of the same id that another installation, or a store that was lost or
    set back, began: this one is never taken for it.
    """
    run = means.pulse.record
    return correlation(f"{run.mark}:{delivery_of(means.run, record)}{turn}")


def own_key(means: Means, key: Template, frame: Frame) -> str:
    """Return what a step's ``idempotency_key`` comes to.

    One that names the run means this very run, not one of the same id that others began.
    """
    text = key.text(frame.scope())
    names_run = any(each.path == ("run", "id") for each in key.references)
    return f"{text}:{means.pulse.record.mark}" if names_run else text


def _key(means: Means, key: Template | None, frame: Frame) -> str:
    """Return the key of a command's step, empty without one; two playbooks never share one."""
    text = own_key(means, key, frame) if key else ""
    return correlation(f"key:{frame.playbook.name}:{text}") if text else ""


def _result(outcome: Outcome, record: StepRecord) -> Result:
    output, reply = dict(outcome.reply.data), outcome.reply
    if outcome.result == "success":
        return Result(
            status="succeeded", output=output, note=reply.title, reference=outcome.reference
        )
    message = _said(reply)
    kind = _KINDS.get(outcome.result, outcome.result)
    fault = Fault(step=record.path, type=kind, message=message)
    return Result(
        status="failed", output=output, error=fault, note=message, reference=outcome.reference
    )


def _said(reply: Reply) -> str:
    """Return why it did not work, and what to do, in a line."""
    texts = [block.text for block in reply.blocks if block.kind == "text"]
    refusal = reply.data if reply.data.get("error") else {}
    advised = (str(refusal.get(part, "")) for part in ("why", "do"))
    words = " ".join(" ".join((reply.title, *texts, *advised)).split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
