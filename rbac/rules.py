"""One row of the policy as the enforcer keeps it, and as people read it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from rbac.policy import Exemption, Policy
    from tgk.yaml_marks import Document

Effect = Literal["allow", "deny"]


@dataclass(frozen=True, slots=True)
class Rule:
    """Who is allowed or denied what, since when and until when, and where it is written."""

    who: str
    permission: str
    action: str = "*"
    effect: Effect = "allow"
    environment: str = "*"
    service: str = "*"
    channel: str = "*"
    nbf: str = "-"
    exp: str = "-"
    where: str = ""

    def row(self) -> list[str]:
        """Return the fields in the order of model.conf."""
        what = [self.who, self.permission, self.action, self.environment, self.service]
        return [*what, self.channel, self.nbf, self.exp, self.effect]

    @property
    def written(self) -> str:
        """The permission as a policy writes it, with the verb: ``/infra``, ``/infra deploy``."""
        verb = "" if self.action == "*" or self.permission == "*" else f" {self.action}"
        return self.permission + verb

    def text(self) -> str:
        """Return the rule as in ``allow role:developer /logs (policy.yml:14)``."""
        parts = [self.effect, self.who, self.written]
        parts += [f"{name} {value}" for name, value in self._narrowed() if value != "*"]
        if self.exp != "-":
            parts.append("for a time")
        return " ".join(parts) + (f" ({self.where})" if self.where else "")

    def is_total(self, verb: str = "*") -> bool:
        """Say whether the rule holds for a verb on every target and at all times."""
        held = self.action in ("*", verb)
        return held and not self.edges() and all(v == "*" for _, v in self._narrowed()[1:])

    def edges(self) -> tuple[float, ...]:
        """Return the moments at which the rule starts or ends to hold."""
        return tuple(float(edge) for edge in (self.nbf, self.exp) if edge != "-")

    def _narrowed(self) -> tuple[tuple[str, str], ...]:
        verb = self.action if self.permission == "*" else "*"
        return (
            ("action", verb),
            ("in", self.environment),
            ("on", self.service),
            ("from", self.channel),
        )


def rules_of(policy: Policy, document: Document) -> tuple[Rule, ...]:
    """Return every rule of a policy, each written row once, in the order of the file."""
    unique: dict[tuple[str, ...], Rule] = {}
    for rule in _all_rules(policy, document):
        unique.setdefault(tuple(rule.row()), rule)
    return tuple(unique.values())


def links_of(
    policy: Policy, discord_roles: dict[str, str], council: frozenset[str]
) -> tuple[tuple[str, str], ...]:
    """Return who holds what: accounts are people, people and groups hold roles, roles inherit."""
    links = [(f"discord:role:{group}", f"role:{role}") for group, role in discord_roles.items()]
    for person, member in policy.members.items():
        links += [(f"{p}:user:{account}", f"person:{person}") for p, account in
                  member.accounts.listed()]  # fmt: skip
        links += [(f"person:{person}", f"role:{role}") for role in member.roles]
        if person in council:
            links.append((f"person:{person}", "telegram:council"))
    for source, roles in policy.callers().items():
        links += [(f"gateway:{source}", f"role:{role}") for role in roles]
    for name, role in policy.roles.items():
        links += [(f"role:{name}", f"role:{parent}") for parent in role.inherits]
    return tuple(dict.fromkeys(links))


def _all_rules(policy: Policy, document: Document) -> Iterator[Rule]:
    for name, role in policy.roles.items():
        for position, permission in enumerate(role.permissions):
            where = document.where(("roles", name, "permissions", position))
            yield Rule(f"role:{name}", *split(permission), where=where)
    for position, permission in enumerate(policy.everyone):
        where = document.where(("everyone", position))
        yield Rule("everyone", *split(permission), where=where)
    for position, entry in enumerate(policy.grants):
        yield _exemption(entry, "allow", document.where(("grants", position)))
    for position, entry in enumerate(policy.denies):
        yield _exemption(entry, "deny", document.where(("denies", position)))


def split(permission: str) -> tuple[str, str]:
    """Return a written permission and its verb: ``/infra deploy`` is one verb of ``/infra``."""
    family, _, verb = permission.partition(" ")
    return family, verb or "*"


def _exemption(entry: Exemption, effect: Effect, where: str) -> Rule:
    permission, verb = split(entry.permission)
    return Rule(
        who=entry.who,
        permission=permission,
        effect=effect,
        action=entry.action if verb == "*" else verb,
        environment=entry.environment,
        service=entry.service,
        channel=entry.channel,
        nbf=_epoch(entry.nbf),
        exp=_epoch(entry.exp),
        where=where,
    )


def _epoch(moment: datetime | None) -> str:
    return "-" if moment is None else repr(moment.timestamp())
