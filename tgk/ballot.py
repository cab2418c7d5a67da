"""How voices decide: the rules of an approval, without I/O."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Conflict, Denied
from tgk.guard import Decision

if TYPE_CHECKING:
    from datetime import datetime

    from tgk.ports.council import Approval, Vote


def expired(approval: Approval, now: datetime) -> Approval:
    """Return the approval as it stands now: an open one past its time has expired."""
    if approval.state == "open" and now >= approval.expires_at:
        return approval.model_copy(update={"state": "expired"})
    return approval


def withdrawn(approval: Approval, why: str) -> Approval:
    """Return the approval closed without a decision, if it is still open."""
    if approval.state != "open":
        return approval
    return approval.model_copy(update={"state": "withdrawn", "why": why})


def cast(approval: Approval, vote: Vote) -> Approval:
    """Return the approval with one more voice; the same voice again stands as it was.

    A yes may be taken back by a no while it is open. Raises Denied (outsider, requester) and
    Conflict (already decided, which tells whoever says otherwise now what they said then).
    """
    _require_member(approval, vote)
    if approval.state == "withdrawn":
        raise Conflict(f"{approval.title} is no longer needed.", why=approval.why)
    before = next((each for each in approval.votes if each.person == vote.person), None)
    if before is not None and before.approve == vote.approve:
        return approval
    if approval.state != "open":
        raise Conflict(
            f"{approval.title} is already decided: {approval.state}.",
            why=_said(before) if before else "",
            remedy="Ask again if it is still needed.",
        )
    votes = (*(each for each in approval.votes if each.person != vote.person), vote)
    yes = sum(each.approve for each in votes)
    state = "denied" if not vote.approve else "approved" if yes >= approval.needed else "open"
    return approval.model_copy(update={"votes": votes, "state": state})


def _said(vote: Vote) -> str:
    """Say what somebody said before, which stands."""
    return f"You said {'yes' if vote.approve else 'no'} at {vote.at:%H:%M} UTC, and that stands."


def _require_member(approval: Approval, vote: Vote) -> None:
    voters = tuple(name for name in approval.members if name != approval.requester)
    if vote.person in voters:
        return
    own = vote.person == approval.requester
    raise Denied(
        "approve" if vote.approve else "deny",
        Decision(
            allowed=False,
            rule="council: not the requester" if own else "council: members only",
            people=voters,
        ),
        why="Whoever asked cannot decide it." if own else "Only the council decides this.",
        remedy=f"It waits for {', '.join(voters)}.",
    )
