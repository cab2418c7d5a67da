"""Steps that wait: for people, for a time, until something holds. Nothing sleeps over a kill."""

from __future__ import annotations

import hashlib
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from orchestration.playbook.durations import seconds
from orchestration.runs.commanding import command
from orchestration.runs.consents import displayed
from orchestration.runs.halt import Halted, unless_halted
from orchestration.runs.moments import until
from orchestration.runs.records import Consent, Fault, Result
from tgk.approval import ended
from tgk.ports.council import Approval

if TYPE_CHECKING:
    from orchestration.playbook.model import ApprovalStep, Wait
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means
    from orchestration.runs.records import StepRecord


async def approved(means: Means, step: ApprovalStep, frame: Frame, record: StepRecord) -> Result:
    """Ask people and wait for their voices; one question for each attempt of each step.

    Raises Halted when it was stopped: then nobody is asked any more.
    """
    question = _question(means, step, frame, record)
    consent = means.consents.of(question.id)
    if consent is None and step.exclude_requester:
        consent = await _covering(means, step, question)
    await means.memory.note(record, waits=f"approval {question.id}")
    asked = await means.approvals.ask(consent.question if consent else question)

    async def heard(_: Approval) -> None:
        await means.memory.note(record)  # whoever watches the run sees how the vote stands

    try:
        async with means.pulse.resting("approval"):
            verdict = await unless_halted(frame.halt, means.approvals.decided(asked.id, heard))
    except Halted:
        if consent is None:  # else a yes still counts for the steps that it showed
            why = "its time was used up" if frame.halt.why == "timed_out" else "it was stopped"
            await means.approvals.withdraw(asked.corr, means.pulse.record.unasked(why))
        raise
    if consent and consent.state == "open" and verdict.state == "approved":
        await means.consents.keep(means.consents.settled(consent, verdict))
    elif consent and consent.state == "open":
        await means.consents.forget(consent)  # a no to this question is none to each step
    return _voiced(step, verdict, record)


async def _covering(means: Means, step: ApprovalStep, question: Approval) -> Consent | None:
    """Show the protected steps that a yes to this question covers, if there are any."""
    lines = means.consents.shown_by(step.count, question.members)
    if not lines:
        return None
    digests = " ".join((question.digest, *(line.digest for line in lines)))
    facts = {
        "facts": (*question.facts, *displayed(lines)),
        "digest": hashlib.sha256(digests.encode()).hexdigest(),
    }
    shown = question.model_copy(update=facts)
    return await means.consents.keep(Consent(question=shown, lines=lines))


async def waited(means: Means, step: Wait, frame: Frame, record: StepRecord) -> Result:
    """Wait for a time that was fixed when the step began, or until something holds."""
    if step.until is not None:
        return await _until(means, step, frame, record)
    wait = _seconds(step.seconds.value(frame.scope()) if step.seconds else 0, record.path)
    if isinstance(wait, Result):
        return wait
    end = record.began + timedelta(seconds=wait)
    await means.memory.note(record, waits=f"until {end:%H:%M:%S} UTC")
    async with means.pulse.resting("time"):
        await unless_halted(frame.halt, until(means.clock, end))
    return Result(status="succeeded", note=f"waited {wait:g} s", output={"seconds": wait})


async def _until(means: Means, step: Wait, frame: Frame, record: StepRecord) -> Result:
    """Look again and again, at moments that a restart does not move."""
    every = max(1.0, step.every)
    turn = int(max(0.0, (means.clock.now() - record.began).total_seconds()) // every)
    last = Result(status="succeeded")
    if step.until is not None:
        await means.memory.note(record, waits=f"until {step.until.source}")
    while True:
        if step.command is not None:
            last = await command(means, step.command, frame, record, turn=f"@{turn}")
        scope = frame.scope(output=last.output, **({step.name: last.value()} if step.name else {}))
        if step.until is not None and step.until.test(scope):
            return last.model_copy(update={"status": "succeeded", "error": None})
        turn += 1
        moment = record.began + timedelta(seconds=turn * every)
        if step.limit is not None and turn * every > step.limit:
            message = f"not so within {step.limit:g} s"
            fault = Fault(step=record.path, type="timed_out", message=message)
            return last.model_copy(update={"status": "timed_out", "error": fault, "note": message})
        async with means.pulse.resting("time"):
            await unless_halted(frame.halt, until(means.clock, moment))


def _question(means: Means, step: ApprovalStep, frame: Frame, record: StepRecord) -> Approval:
    run, title = means.pulse.record, step.prompt.text(frame.scope())
    key = f"run:{means.run}:{record.path}:{record.label}"
    bound = hashlib.sha256(f"{key} {run.digest} {title}".encode()).hexdigest()
    members = tuple(dict.fromkeys(one for name in step.approvers for one in means.voters(name)))
    return Approval(
        id=hashlib.sha256(key.encode()).hexdigest()[:10],
        corr=key,
        title=title,
        facts=(("Run", means.run), ("Playbook", run.playbook), ("Step", record.path)),
        requester=run.starter.person if step.exclude_requester else means.run,
        members=members or means.council,
        needed=step.count,
        digest=bound,
        asked_at=record.began,
        expires_at=record.began + timedelta(seconds=step.expires),
    )


def _voiced(step: ApprovalStep, verdict: Approval, record: StepRecord) -> Result:
    said = [vote.model_dump(include={"person", "approve", "reason"}) for vote in verdict.votes]
    output: dict[str, Any] = {
        "approved": verdict.state == "approved", "votes": said, "needed": verdict.needed,
    }  # fmt: skip
    note = ended(verdict)
    if verdict.state == "approved":
        return Result(status="succeeded", output=output, note=note)
    if verdict.state == "expired" and step.on_timeout != "fail":
        skips = step.on_timeout == "skip"
        output["approved"] = not skips
        told = "Nobody decided in time: " + ("skipped" if skips else "approved")
        return Result(status="skipped" if skips else "succeeded", output=output, note=told)
    expired = verdict.state == "expired"
    fault = Fault(step=record.path, type="expired" if expired else "declined", message=note)
    status = "timed_out" if expired else "failed"
    return Result(status=status, output=output, error=fault, note=note)


def _seconds(value: object, path: str) -> float | Result:
    """Return a duration as computed: a number of seconds, or ``5m``."""
    found = seconds(value) if isinstance(value, int | float | str) else None
    if found is not None:
        return found
    message = f"{value!r} is no duration, such as 300 or 5m"
    fault = Fault(step=path, type="invalid", message=message)
    return Result(status="failed", error=fault, note=message)
