"""``/approve``, ``/deny`` and ``/approvals``: the council's voice, typed or pressed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from tgk import approval as council
from tgk.command import command
from tgk.context import Context
from tgk.options import ApprovalId, Request, Rest
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table

if TYPE_CHECKING:
    from tgk.ports.council import Approval


class Approve(Request):
    """Say yes to a question the council was asked."""

    approval: ApprovalId = Field(description="id on the card")


class Deny(Request):
    """Say no to a question the council was asked."""

    approval: ApprovalId = Field(description="id on the card")
    reason: Annotated[str, StringConstraints(max_length=200), Rest()] = Field(
        default="", description="why; shown on the card"
    )


class Approvals(Request):
    """List the questions that wait for the council."""


@command("approve", permission="approve", effect="change", private=True)
async def approve(request: Approve, context: Context) -> Reply:
    """Count a yes."""
    state = await context.backends.approvals.vote(request.approval, context.caller, approve=True)
    return _voice(state, "Your voice: yes.")


@command("deny", permission="approve", effect="change", private=True)
async def deny(request: Deny, context: Context) -> Reply:
    """Count a no; one is enough."""
    state = await context.backends.approvals.vote(
        request.approval, context.caller, approve=False, reason=request.reason
    )
    return _voice(state, "Your voice: no.")


@command("approvals", permission="approve", private=True)
async def approvals(request: Approvals, context: Context) -> Reply:  # noqa: ARG001 - asks nothing
    """List what is open, with a way to answer."""
    waiting = await context.backends.approvals.open()
    rows = tuple((each.id, each.title, each.requester) for each in waiting)
    buttons = tuple(
        Action(label=f"Approve {each.id}", command="approve", arguments={"approval": each.id})
        for each in waiting[:5]
    )
    return Reply(
        topic="approval",
        title=_waiting(len(rows)),
        tone="warning" if rows else "ok",
        blocks=(Table(columns=("Id", "Question", "Asked by"), rows=rows),) if rows else (),
        actions=buttons,
        private=True,
        data={"approvals": [each.model_dump(mode="json") for each in waiting]},
    )


def _waiting(count: int) -> str:
    if not count:
        return "Nothing waits for the council"
    return "1 question waits" if count == 1 else f"{count} questions wait"


def _voice(state: Approval, said: str) -> Reply:
    count = council.voices(state)
    tally = council.ended(state) or f"{count.done} of {count.total} approvals"
    return Reply(
        topic="approval",
        title=said,
        tone="ok",
        blocks=(Facts(facts=(Fact(label=state.title, value=tally),)),),
        private=True,
        plain=Plain(headline=said, lines=(f"{state.title}: {tally}",)),
        data={**state.model_dump(mode="json"), "links": {"question": state.corr}},
    )
