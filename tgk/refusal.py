"""Turns an error into the card the asker reads: what, why, what to do, id."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import (
    AlreadySo,
    ConfigurationInvalid,
    Conflict,
    Declined,
    Denied,
    InvalidRequest,
    JournalUnavailable,
    Missing,
    RateLimited,
    Refused,
    TgkError,
    Unavailable,
    UnknownCommand,
    Upstream,
    VerbWanted,
)
from tgk.outcome import Outcome
from tgk.reply import Action, Fact, Facts, Plain, Reply, Text, Tone, Topic

if TYPE_CHECKING:
    from tgk.outcome import Result

_FATE: tuple[tuple[type[TgkError], Result, Topic, Tone], ...] = (
    (AlreadySo, "success", "notice", "ok"),
    (Denied, "denied", "denied", "bad"),
    (Declined, "denied", "denied", "bad"),
    (InvalidRequest, "invalid", "invalid", "warning"),
    (UnknownCommand, "invalid", "invalid", "warning"),
    (Missing, "invalid", "invalid", "warning"),
    (ConfigurationInvalid, "failure", "invalid", "warning"),
    (RateLimited, "denied", "denied", "warning"),
    (Refused, "denied", "denied", "warning"),
    (Conflict, "denied", "denied", "warning"),
    (Unavailable, "unavailable", "unavailable", "warning"),
    (Upstream, "failure", "failure", "bad"),
    (JournalUnavailable, "unavailable", "unavailable", "bad"),
)


_UNTOUCHED = ("denied", "invalid", "success")
"""Ends of what was never begun; after others something may have changed."""
_RULES = {
    "no rule": "no rule allows it",
    "unknown-caller": "this account is nobody the policy knows",
    "invalid-token": "a value has signs that no name has",
    "policy-fault": "the policy could not be asked",
}
"""What a verdict without a row of the policy means."""


def refused(error: TgkError, *, command: str, reference: str) -> Outcome:
    """Return the outcome that an error stands for; foreign details stay out of it."""
    result, topic, tone = next(
        (fate[1:] for fate in _FATE if isinstance(error, fate[0])), ("failure", "failure", "bad")
    )
    rows = [("Why", error.why), ("Do", error.remedy)]
    if isinstance(error, Denied):
        rows.append(("Rule", _RULES.get(error.decision.rule, error.decision.rule)))
    facts = tuple(Fact(label=label, value=value) for label, value in rows if value)
    reply = Reply(
        topic=topic,
        title=error.what,
        tone=tone,
        blocks=(Facts(facts=facts),) if facts else (),
        actions=_ways_out(error),
        footer=f"nothing was changed · audit {reference}" if result in _UNTOUCHED
        else f"audit {reference}",
        private=result in ("denied", "invalid"),
        failed=result == "failure",
        plain=Plain(headline=error.what, lines=tuple(f"{label}: {v}" for label, v in rows if v)),
        data={
            **({} if result == "success" else {"error": type(error).__name__}),
            "command": command, "what": error.what, "why": error.why, "do": error.remedy,
            "reference": reference,
        },
    )  # fmt: skip
    return Outcome(result=result, reply=reply, reference=reference)


def crashed(*, command: str, reference: str) -> Outcome:
    """Return the outcome of a fault of ours: no detail leaves the log."""
    reply = Reply(
        topic="failure",
        title=f"/{command} ran into a fault of the bot.",
        tone="bad",
        blocks=(
            Text(text="It is recorded. Whether anything was changed is in the audit log."),
            Facts(facts=(Fact(label="Do", value=f"Tell an administrator the id {reference}."),)),
        ),
        footer=f"audit {reference}",
        failed=True,
        data={"error": "Fault", "command": command, "reference": reference},
    )
    return Outcome(result="failure", reply=reply, reference=reference)


def _ways_out(error: TgkError) -> tuple[Action, ...]:
    if isinstance(error, Denied):
        return (
            *error.ways_out,
            Action(label="Who can?", command="help", arguments={"command": error.command}),
            Action(label="What may I do?", command="whoami"),
        )
    if isinstance(error, VerbWanted):
        what = {"command": error.family}
        return (Action(label=f"/help {error.family}", command="help", arguments=what),)
    if isinstance(error, InvalidRequest):
        return error.ways_out
    if isinstance(error, UnknownCommand):
        return (Action(label="All commands", command="help"),)
    return ()
