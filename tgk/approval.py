"""The card of a question to the council; the same state on every platform."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING

from tgk.ports.council import ApprovalRule
from tgk.reply import Action, Block, Fact, Facts, Progress, Reply, Stage, StageState, Text, Tone
from tgk.suggest import enumerated

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.admission import Admission, Admitted
    from tgk.guard import Target
    from tgk.ports.council import Approval

EXCEPTION_SECONDS = 3600.0
"""How long somebody without the right waits for the council's yes, which then counts once."""
_MOST_ROLES = 3
_TONES: dict[str, Tone] = {
    "open": "warning", "approved": "ok", "denied": "bad", "expired": "off",
    "withdrawn": "off",
}  # fmt: skip


def digest(
    rule: ApprovalRule, command: str, raw: Mapping[str, object], policy: str, target: Target
) -> str:
    """Return what an approval is bound to: any change of it voids the approval."""
    parts = [rule.title, rule.facts, command, raw, policy, target.environment, target.service]
    canonical = json.dumps(parts, sort_keys=True, default=str, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()


def bound_to(rule: ApprovalRule, admitted: Admitted, admission: Admission, channel: str) -> str:
    """Return the digest of an admitted request, as the policy and the estate stand now."""
    target = admitted.command.target(admitted.request, channel)
    raw = admitted.request.model_dump(mode="json")
    return digest(rule, admitted.command.name, raw, admission.guard.version, target)


def exception(
    own: ApprovalRule | None, person: str, line: str, roles: Sequence[str]
) -> ApprovalRule:
    """Return what the council is asked about somebody without the right: this once, and no more.

    What the command asks the council anyway is part of the same question.
    """
    name = line.partition(" --")[0]
    needs = enumerated(roles, _MOST_ROLES, last=" or ") or "a right that no role has"
    facts = (("Command", line), ("Missing", f"{person} would need {needs}"))
    return ApprovalRule(
        title=f"Exception for {person}: {name}",
        facts=(*facts, *(own.facts if own else ())),
        needed=max(1, own.needed if own else 1),
        expires_seconds=min(EXCEPTION_SECONDS, own.expires_seconds if own else EXCEPTION_SECONDS),
    )


def voices(approval: Approval) -> Progress:
    """Return how many said yes, and each member with what they said."""
    votes = {vote.person: vote.approve for vote in approval.votes}
    states: dict[bool | None, StageState] = {True: "done", False: "failed", None: "waiting"}
    stages = tuple(
        Stage(name=member, state=states[votes.get(member)]) for member in approval.members
    )
    yes = sum(vote.approve for vote in approval.votes)
    note = ended(approval) or "approvals"
    return Progress(done=min(yes, approval.needed), total=approval.needed, note=note, stages=stages)


def ended(approval: Approval) -> str:
    """Say in a line how it ended, who decided and when; empty while it is open."""
    if approval.state == "open":
        return ""
    if approval.state == "expired":
        return "Nobody decided in time: denied."
    if approval.state == "withdrawn":
        return f"No longer needed: {approval.why}"
    said_yes = approval.state == "approved"
    by = ", ".join(
        f"{vote.person} {vote.at:%H:%M} UTC" for vote in approval.votes if vote.approve == said_yes
    )
    return f"{'Approved' if said_yes else 'Denied'} by {by}"


def card(approval: Approval) -> Reply:
    """Draw the question with its buttons, or how it ended without them."""
    facts = [Fact(label=label, value=value) for label, value in approval.facts]
    facts.append(Fact(label="Asked by", value=approval.requester))
    blocks: list[Block] = [Facts(facts=tuple(facts)), voices(approval)]
    if approval.state == "open":
        expiry = Fact(label="Expires", at=approval.expires_at, value="then it is denied")
        blocks.append(Facts(facts=(expiry,)))
        blocks.append(Text(text="Whoever asked cannot approve.", style="small"))
    reasons = [f"{vote.person}: {vote.reason}" for vote in approval.votes if vote.reason]
    if reasons:
        blocks.append(Text(text="\n".join(reasons), style="quote"))
    return Reply(
        topic="approval",
        title=approval.title,
        tone=_TONES[approval.state],
        blocks=tuple(blocks),
        actions=_buttons(approval),
        footer=f"approval {approval.id}",
        data=approval.model_dump(mode="json"),
    )


def waiting(approval: Approval) -> Reply:
    """Draw what the asker sees meanwhile: the same state, without the buttons."""
    shown = card(approval)
    note = Text(text="Waiting for the council. It goes on by itself once they approve.")
    blocks = (note, *shown.blocks)
    return shown.model_copy(update={"actions": (), "blocks": blocks, "tone": "warning"})


def _buttons(approval: Approval) -> tuple[Action, ...]:
    if approval.state != "open":
        return ()
    arguments = {"approval": approval.id}
    return (
        Action(label="Approve", command="approve", arguments=arguments, style="success"),
        Action(
            label="Deny…", command="deny", arguments=arguments, style="danger", asks=("reason",)
        ),
    )
