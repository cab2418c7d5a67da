"""One edition of the policy: everything a decision needs, built whole and never changed."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from rbac.enforcer import Enforcers, implied
from rbac.rules import links_of, rules_of
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from rbac.loading import Loaded
    from rbac.policy import Policy
    from rbac.rules import Rule

EVERYONE = "everyone"


class Edition:
    """A loaded policy with its rules in force and everybody's roles worked out."""

    def __init__(
        self,
        loaded: Loaded,
        discord_roles: Mapping[str, str] | None = None,
        council: Collection[str] = (),
    ) -> None:
        groups, members = dict(discord_roles or {}), frozenset(council)
        self.policy: Policy = loaded.policy
        self.version = loaded.policy.digest(sorted(groups.items()), sorted(members))
        self.council = members
        self.rules: tuple[Rule, ...] = rules_of(loaded.policy, loaded.document)
        if not any(rule.effect == "allow" for rule in self.rules):
            file = loaded.document.file
            raise ConfigurationInvalid(f"{file} allows nothing.", [f"{file}: no rule"])
        self.enforcers = Enforcers(self.rules)
        self._machines = _machine_roles(loaded.policy, frozenset(groups.values()))
        self._implied = implied(links_of(loaded.policy, groups, members))
        self._edges = sorted({edge for rule in self.rules for edge in rule.edges()})

    def everything(self, principals: Iterable[str]) -> frozenset[str]:
        """Return the principals with the people, roles and groups they imply.

        Whoever is a member or holds a role is one of everyone; webhooks are not.
        """
        named = frozenset(principals)
        found = named.union(*(self._implied.get(one, frozenset()) for one in named))
        personal = any(one.startswith(("person:", "role:")) for one in found - self._machines)
        if personal and not any(one.startswith("gateway:") for one in named):
            found |= {EVERYONE}
        return found

    def roles_in(self, who: frozenset[str]) -> tuple[str, ...]:
        """Return the names of the roles among somebody's principals, in the policy's order."""
        return tuple(name for name in self.policy.roles if f"role:{name}" in who)

    def steady_until(self, now: float, longest: float) -> float:
        """Return the moment until which no rule starts or ends, at most ``longest`` seconds on."""
        place = bisect_right(self._edges, now)
        later = self._edges[place] if place < len(self._edges) else now + longest
        return min(now + longest, later)

    def member(self, platform: str, user_id: str) -> str | None:
        """Return the person an account belongs to."""
        return self._people.get((platform, user_id))

    def people(self, name: str) -> tuple[str, ...]:
        """Return who is meant by the name of a person or of a role; nobody for an unknown one."""
        if name in self.policy.members:
            return (name,)
        return tuple(
            person
            for person in self.policy.members
            if name in self.roles_in(self.everything(self.principals_of(person)))
        )

    def principals_of(self, person: str) -> frozenset[str]:
        """Return a member with all of their accounts."""
        accounts = self.policy.members[person].accounts.listed()
        return frozenset({f"person:{person}", *(f"{p}:user:{account}" for p, account in accounts)})

    @cached_property
    def _people(self) -> dict[tuple[str, str], str]:
        return {
            account: person
            for person, member in self.policy.members.items()
            for account in member.accounts.listed()
        }


def _machine_roles(policy: Policy, mapped: frozenset[str]) -> frozenset[str]:
    """Return the roles that only webhooks hold: nobody with one of them is a person."""
    given = {role for roles in policy.callers().values() for role in roles}
    held = mapped.union(*(member.roles for member in policy.members.values()))
    return frozenset(f"role:{role}" for role in given - held)


class PolicySource(Protocol):
    """Whoever knows the edition in force."""

    @property
    def edition(self) -> Edition:
        """The edition in force now; read once for one decision."""


@dataclass(frozen=True, slots=True)
class FixedPolicy:
    """A policy that is never reloaded."""

    edition: Edition
