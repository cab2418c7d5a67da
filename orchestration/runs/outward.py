"""Steps that reach outside of the commands: only where the operator says so, each one audited.

A secret is fetched for the one call that needs it. It is in no record, no log and no result.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from orchestration.playbook import model
from orchestration.playbook.check import within
from orchestration.playbook.quoting import address, argument, document
from orchestration.playbook.repeating import repeatable
from orchestration.playbook.secret_places import is_place, secret_at, secret_parameters
from orchestration.runs.commanding import delivery_of, known_as, own_key
from orchestration.runs.halt import unless_halted
from orchestration.runs.hiding import hidden
from orchestration.runs.passage import passage_of
from orchestration.runs.records import Fault, Result
from tgk.ports.journal import Attempt, Conclusion
from tgk.recording import correlation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable, Mapping

    from orchestration.playbook.model import Playbook, Secret
    from orchestration.playbook.template import Template
    from orchestration.runs.frame import Frame
    from orchestration.runs.means import Means
    from orchestration.runs.ports import Reached
    from orchestration.runs.records import StepRecord

_CALLING: Final = "an answer from outside"


@dataclass(frozen=True, slots=True)
class Wish:
    """What a step wants: as the audit log shows it, and how it is done under a key."""

    shown: Mapping[str, object]
    act: Callable[[str], Awaitable[Reached]]


async def outward(
    means: Means, step: model.Http | model.Shell, frame: Frame, record: StepRecord
) -> Result:
    """Play one attempt of it; one that a kill cut off is not repeated where that could double it.

    Raises Halted when it was stopped, and what the journal or the other side says.
    """
    wish = _http(means, step, frame) if isinstance(step, model.Http) else _shell(means, step, frame)
    if isinstance(wish, str):
        return _failed(record, "off", wish)
    if refused := await _refused(means, step, record, wish):
        return refused
    if record.waits == _CALLING and not repeatable(step):
        return _failed(record, "unknown", "it was cut off; whether it was done is not known")
    await means.memory.note(record, waits=_CALLING)
    key = _key(means, step, frame, record)
    async with means.pulse.busy(frame.halt):
        return await unless_halted(frame.halt, _journaled(means, record, wish, key))


def _http(means: Means, step: model.Http, frame: Frame) -> Wish | str:
    """Return the call; or why it is not made."""
    url = address(step.url, frame.scope())
    if means.outward is None or not any(within(url, host) for host in means.hosts):
        return "no operator has allowed this address"
    outside, headers, body = means.outward, step.headers, step.body

    async def act(key: str) -> Reached:
        secrets = await _revealed(means, frame, (*headers.values(), *((body,) if body else ())))
        scope = frame.scope(**secrets, secrets=secrets)
        written = {name: each.text(scope) for name, each in headers.items()}
        reached = await outside.http(
            step.method,
            url,
            headers=written,
            body=document(body, written, scope) if body else None,
            expect=step.expect,
            key=key,
        )
        return replace(reached, output=hidden(dict(reached.output), secrets.values()))

    return Wish({"method": step.method, "url": url}, act)


def _shell(means: Means, step: model.Shell, frame: Frame) -> Wish | str:
    program = means.programs.get(step.program)
    if means.outward is None or program is None:
        return f"no operator has allowed the program {step.program}"
    outside, path = means.outward, program
    arguments = [argument(each, frame.scope()) for each in step.arguments]

    async def act(key: str) -> Reached:
        return await outside.shell(path, arguments, key=key)

    return Wish({"program": step.program, "arguments": " ".join(arguments)}, act)


async def _refused(
    means: Means, step: model.Http | model.Shell, record: StepRecord, wish: Wish
) -> Result | None:
    """Ask the policy as it is now; a no is in the audit log, and the step fails by it."""
    await means.standing.refresh(record.began)
    passage, run = passage_of(step), means.pulse.record
    assert passage is not None  # noqa: S101 - of these two kinds there is one
    decision = passage.decided(run.environment, run.starter, means.consents.admission)
    if decision.allowed:
        return None
    why = f"the policy does not let {run.starter.person} do {passage}"
    conclusion = Conclusion(result="denied", allowed=False, rule=decision.rule, detail=why)
    await means.journal.conclude(_attempt(means, record, wish), conclusion)
    return _failed(record, "denied", why)


def _attempt(means: Means, record: StepRecord, wish: Wish) -> Attempt:
    delivery = delivery_of(means.run, record)
    return Attempt(
        corr=correlation(delivery),
        command="/orchestrate step",
        args={"run": means.run, "step": record.path, **wish.shown},
        caller=means.pulse.record.starter,
        delivery=delivery,
    )


async def _journaled(means: Means, record: StepRecord, wish: Wish, key: str) -> Result:
    """Do it between two lines of the audit log; without the first nothing is done."""
    attempt = _attempt(means, record, wish)
    await means.carrier.permit()
    await means.journal.intend(attempt)
    began, good, note = means.clock.monotonic(), False, "it did not come to an end"
    try:
        reached = await wish.act(key)
        good, note = reached.good, reached.note
    finally:
        seconds = means.clock.monotonic() - began
        conclusion = Conclusion(
            result="success" if good else "failure",
            allowed=True,
            duration_ms=round(seconds * 1000, 3),
            detail="" if good else note,
        )
        await means.journal.conclude(attempt, conclusion)
    return _result(reached, record)


async def _revealed(means: Means, frame: Frame, texts: Iterable[Template]) -> dict[str, str]:
    """Fetch the secrets that these texts name, and no others."""
    named = {part for text in texts for each in text.references for part in each.path[:2]}
    found: dict[str, str] = {}
    for secret in secrets_of(frame.playbook, frame.values):
        if secret.name in named and means.secrets is not None:
            found[secret.name] = await means.secrets.reveal(secret)
    return found


def secrets_of(playbook: Playbook, values: Mapping[str, Any]) -> tuple[Secret, ...]:
    """Return the secrets that a playbook declares, and those whose places it was given."""
    given = [
        secret_at(values[name], name)
        for name in secret_parameters(playbook)
        if is_place(values.get(name))
    ]
    return (*playbook.secrets, *given)


def _key(means: Means, step: model.Http | model.Shell, frame: Frame, record: StepRecord) -> str:
    """Return what tells the other side that it is asked the same again.

    An own key stays the same in every attempt: an answer that says no is no proof that nothing
    was done, as when a gateway had no patience. Without one each attempt is asked for anew.
    """
    if step.idempotency_key is None:
        return known_as(means, record)
    text = f"{frame.playbook.name}:{step.path}:{own_key(means, step.idempotency_key, frame)}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _result(reached: Reached, record: StepRecord) -> Result:
    output = {**reached.output, "success": reached.good}
    if reached.good:
        return Result(status="succeeded", output=output, note=reached.note)
    return _failed(record, "failure", reached.note).model_copy(update={"output": output})


def _failed(record: StepRecord, kind: str, message: str) -> Result:
    fault = Fault(step=record.path, type=kind, message=message)
    return Result(status="failed", error=fault, note=message)
