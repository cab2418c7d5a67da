"""``/lock`` and ``/unlock``: keep deployments out of an environment, with a reason."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from tgk.command import EnvironmentName, Request, Rest, command
from tgk.context import Context
from tgk.errors import Missing
from tgk.ports.council import Lock as Held
from tgk.reply import Action, Fact, Facts, Plain, Reply


class Lock(Request):
    """Keep deployments out of an environment until it is unlocked."""

    env: EnvironmentName = Field(description="which one")
    reason: Annotated[str, StringConstraints(min_length=3, max_length=200), Rest()] = Field(
        description="why; everybody who is refused reads it"
    )


class Unlock(Request):
    """Let deployments into an environment again."""

    env: EnvironmentName = Field(description="which one")


@command("lock", permission="lock", effect="change", mirror=("#deployments", "council"))
async def lock(request: Lock, context: Context) -> Reply:
    """Take the lock; raises Locked when somebody else has it."""
    key = f"deploy:{request.env}"
    held = await context.backends.locks.acquire(key, context.caller.person, request.reason)
    facts = (
        Fact(label="Reason", value=held.reason),
        Fact(label="By", value=held.holder),
        Fact(label="Since", at=held.since),
    )
    return Reply(
        topic="lock",
        title=f"{request.env} is locked for deployments",
        tone="warning",
        blocks=(Facts(facts=facts),),
        actions=(Action(label="Unlock", command="unlock", arguments={"env": request.env}),),
        plain=Plain(headline=f"{request.env} is locked", lines=(f"Reason: {held.reason}",)),
        data=held.model_dump(mode="json"),
    )


@command("unlock", permission="lock", effect="change", mirror=("#deployments", "council"))
async def unlock(request: Unlock, context: Context) -> Reply:
    """Release the lock, whoever holds it; who did is in the report and in the audit log."""
    key = f"deploy:{request.env}"

    async def look() -> Held:
        held = await context.backends.locks.holder(key)
        if held is None:
            raise Missing("lock on", request.env)
        return held

    released = await context.steps.once("held", look, Held)
    await context.backends.locks.release(key, released.holder)
    by = context.caller.person
    return Reply(
        topic="lock",
        title=f"{request.env} is open for deployments",
        tone="ok",
        blocks=(
            Facts(facts=(
                Fact(label="Locked by", value=f"{released.holder}: {released.reason}"),
                Fact(label="Unlocked by", value=by),
            )),
        ),
        plain=Plain(headline=f"{request.env} is unlocked", lines=(f"Unlocked by: {by}",)),
        data=released.model_dump(mode="json"),
    )  # fmt: skip
