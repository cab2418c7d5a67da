"""Who is behind an account: one person on every platform, and what the platform vouches for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rbac.guard import is_channel, is_principal
from tgk.caller import Caller

if TYPE_CHECKING:
    from rbac.edition import PolicySource
    from tgk.caller import Platform

COUNCIL = "telegram:council"


class PolicyDirectory:
    """Finds members by their accounts; strangers keep their account and what their groups give.

    No name of a role comes from outside: a Discord role counts by its id alone.
    """

    def __init__(self, source: PolicySource) -> None:
        self._source = source

    def resolve(
        self,
        platform: Platform,
        user_id: str,
        *,
        name: str,  # noqa: ARG002 - display names prove nothing
        channel: str,
        groups: frozenset[str] = frozenset(),
    ) -> Caller:
        """Return the caller behind an account; ``groups`` are platform role ids."""
        edition = self._source.edition
        person = edition.member(platform, user_id)
        claims = {_account(platform, user_id)} | {f"{platform}:role:{one}" for one in groups}
        if person in edition.council:
            claims.add(COUNCIL)
        return Caller(
            person=person or f"{platform}:{user_id}",
            user_id=user_id,
            platform=platform,
            principals=frozenset(claim for claim in claims if is_principal(claim)),
            channel=channel if is_channel(channel) else "-",
            known=person is not None,
        )

    def account(self, person: str, platform: Platform) -> str | None:
        """Return the account id of a member on a platform, to mention them."""
        member = self._source.edition.policy.members.get(person)
        return dict(member.accounts.listed()).get(platform) if member else None


def _account(platform: Platform, user_id: str) -> str:
    return f"gateway:{user_id}" if platform == "gateway" else f"{platform}:user:{user_id}"
