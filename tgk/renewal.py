"""Whoever waited is looked at again: what the policy and the platform vouch for now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Never

from tgk.errors import Refused, Upstream

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tgk.caller import Caller, Platform
    from tgk.guard import Directory
    from tgk.ports.groups import Groups

    Renew = Callable[[Caller], Awaitable[Caller]]


class Renewal:
    """Resolves a caller afresh; roles that a platform gave are asked of that platform again."""

    def __init__(self, directory: Directory, groups: Mapping[Platform, Groups]) -> None:
        self._directory = directory
        self._groups = dict(groups)

    async def __call__(self, caller: Caller) -> Caller:
        """Return the caller as they are now; raises Refused when that cannot be known."""
        return self._directory.resolve(
            caller.platform,
            caller.user_id,
            name=caller.person,
            channel=caller.channel,
            groups=await self._held(caller),
        )

    async def _held(self, caller: Caller) -> frozenset[str]:
        """Ask the platform, if the caller came with roles of it: one who had none gets none."""
        claim = f"{caller.platform}:role:"
        if not any(each.startswith(claim) for each in caller.principals):
            return frozenset()
        groups = self._groups.get(caller.platform)
        if groups is None:
            _refuse(caller, f"{caller.platform} is off.")
        try:
            return await groups.held(caller.user_id)
        except Upstream as error:
            _refuse(caller, f"{error.system}: {error.why}", error)


async def unknowable(caller: Caller) -> Caller:
    """Refuse: without a directory nobody can say what the caller may by now."""
    _refuse(caller, "nothing here knows them.")


def _refuse(caller: Caller, why: str, cause: Upstream | None = None) -> Never:
    raise Refused(
        "It was approved, and not done.",
        why=f"The rights of {caller.person} could not be checked again: {why}",
        remedy="Ask again in a moment.",
    ) from cause
