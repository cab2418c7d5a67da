"""Who asks: one person, seen through the accounts and roles that a surface vouches for."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

Platform = Literal["discord", "telegram", "cli", "console", "gateway", "playbook"]


class Caller(BaseModel):
    """The one who asks. ``person`` is the same on every platform; strangers keep their account.

    ``principals`` such as ``discord:role:2001`` or ``telegram:user:7000001`` are only what the
    platform itself vouches for; role names never come from it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    person: str
    user_id: str
    platform: Platform
    principals: frozenset[str] = frozenset()
    channel: str = "-"
    """Where it was asked, as people write it: ``#deployments``, ``council``, ``terminal``."""
    known: bool = False
    """Whether the account belongs to a member named in the policy."""
