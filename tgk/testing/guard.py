"""A guard that decides from a small table."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.guard import Decision

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.caller import Caller
    from tgk.guard import Target


class FakeGuard:
    """Implements Guard from ``{person: permissions}``; ``*`` stands for every person or permission.

    A permission may be narrowed to an environment: ``/deploy@staging``.
    """

    def __init__(self, table: Mapping[str, frozenset[str] | set[str]], version: str = "v1") -> None:
        self._table = table
        self._version = version
        self.asked: list[tuple[str, str, Target]] = []

    @property
    def version(self) -> str:
        """The version given."""
        return self._version

    def decide(self, caller: Caller, permission: str, target: Target) -> Decision:
        """Look the person up, then everybody."""
        self.asked.append((caller.person, permission, target))
        wanted = {"*", permission, f"{permission}@{target.environment}"}
        allowed = any(wanted & self._table.get(who, set()) for who in (caller.person, "*"))
        people = tuple(who for who, held in self._table.items() if who != "*" and wanted & held)
        return Decision(
            allowed=allowed,
            rule=f"{caller.person} {permission}" if allowed else "no rule",
            roles_held=(caller.person,) if caller.person in self._table else (),
            roles_needed=people,
            people=people,
        )

    def permissions(self) -> frozenset[str]:
        """Every permission in the table."""
        held = {each.split("@")[0] for permissions in self._table.values() for each in permissions}
        return frozenset(held - {"*"})


def everybody() -> FakeGuard:
    """Return a guard that allows everything to everybody."""
    return FakeGuard({"*": {"*"}})
