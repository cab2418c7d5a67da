"""What somebody does whom the policy does not know."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bot.cli.session import Answer


def stranger_advice(answer: Answer, user: str) -> str:
    """Return what to do when nobody of the policy has this terminal account; else nothing."""
    if answer.known or answer.outcome.result != "denied":
        return ""
    return (
        f'no member of rbac/policy.yml has the account "cli: {user}". Set TGK_USER to yours,'
        " or ask an administrator to add it to your accounts there."
    )
