"""``/lock`` and ``/unlock``: keep deployments out of an environment, with a reason."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from tgk.command import command
from tgk.context import Context
from tgk.errors import Missing
from tgk.options import EnvironmentName, Request, Rest
from tgk.ports.board import Place, answer, mirrors
from tgk.ports.council import Lock as Held
from tgk.reply import Action, Fact, Facts, Plain, Reply

_MIRROR = ("#deployments", "council")
_MOST_CARDS = 12
_SURELY_SENT = timedelta(days=1)
"""A card that is not on its platform after this long never will be, or is long forgotten."""


class _Cards(BaseModel):
    """The messages that say that an environment is locked, by key."""

    model_config = ConfigDict(frozen=True)

    places: dict[str, Place] = {}


class Lock(Request):
    """Keep deployments out of an environment until it is unlocked."""

    env: EnvironmentName = Field(description="which one")
    reason: Annotated[str, StringConstraints(min_length=3, max_length=200), Rest()] = Field(
        description="why; everybody who is refused reads it"
    )


class Unlock(Request):
    """Let deployments into an environment again."""

    env: EnvironmentName = Field(description="which one")


@command("lock", permission="lock", effect="change", mirror=_MIRROR)
async def lock(request: Lock, context: Context) -> Reply:
    """Take the lock; raises Locked when somebody else has it."""
    key = f"deploy:{request.env}"
    held = await context.backends.locks.acquire(key, context.caller.person, request.reason)
    await _note_cards(request.env, context)
    return Reply(
        topic="lock",
        title=f"{request.env} is locked for deployments",
        tone="warning",
        blocks=(Facts(facts=_facts(held)),),
        actions=(Action(label="Unlock", command="unlock", arguments={"env": request.env}),),
        plain=Plain(headline=f"{request.env} is locked", lines=(f"Reason: {held.reason}",)),
        data=held.model_dump(mode="json"),
    )


@command("unlock", permission="lock", effect="change", mirror=_MIRROR)
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
    await _close_cards(request.env, released, context)
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


def _facts(held: Held) -> tuple[Fact, ...]:
    return (
        Fact(label="Reason", value=held.reason),
        Fact(label="By", value=held.holder),
        Fact(label="Since", at=held.since),
    )


async def _note_cards(env: str, context: Context) -> None:
    """Remember where this lock is shown, for whoever opens it."""
    origin = context.invocation.origin
    places = {**await _cards(env, context), **mirrors(context.corr, origin, _MIRROR)}
    if origin:
        places[answer(context.corr)] = origin
    latest = dict(list(places.items())[-_MOST_CARDS:])
    await context.backends.notes.put(_key(env), _Cards(places=latest).model_dump_json())


async def _close_cards(env: str, released: Held, context: Context) -> None:
    """Let every message that says locked say that it is no more, and by whom it was opened."""
    now = context.clock.now()
    minute = now.replace(second=0, microsecond=0)  # two who unlock at once say the same
    opened = Fact(label="Unlocked by", value=context.caller.person, at=minute)
    closed = Reply(
        topic="lock",
        title=f"{env} was locked for deployments",
        tone="off",
        blocks=(Facts(facts=(*_facts(released), opened)),),
    )
    for key, place in (await _cards(env, context)).items():
        if now - released.since < _SURELY_SENT or await context.backends.board.ref(key):
            await context.backends.board.show(key, place, closed)
    await context.backends.notes.drop(_key(env))


async def _cards(env: str, context: Context) -> dict[str, Place]:
    kept = await context.backends.notes.get(_key(env))
    return _Cards.model_validate_json(kept).places if kept else {}


def _key(env: str) -> str:
    return f"lock-cards:{env}"
