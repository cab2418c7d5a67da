"""How an invocation ended: the reply to show and the result to record."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from tgk.reply import Reply

Result = Literal[
    "success",  # done as asked
    "failure",  # tried, and it did not work
    "denied",  # the policy or the council said no
    "invalid",  # the request made no sense; nothing was tried
    "pending",  # waits for a confirmation or an approval
    "unavailable",  # a system that is needed did not answer
    "unknown",  # the process ended between intent and outcome
]


class Outcome(BaseModel):
    """What the caller sees and what the audit log keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    result: Result
    reply: Reply
    reference: str = ""
    """The id of the audit entry, short enough to read out."""
