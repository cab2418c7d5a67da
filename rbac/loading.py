"""Loads a policy whole or not at all: every fault at once, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from rbac.inheritance import inheritance_faults
from rbac.policy import SHAPES, Policy
from rbac.reach import reach_faults
from tgk.suggest import nearest
from tgk.yaml_faults import validated
from tgk.yaml_marks import Bounds, Document, Fault, Mark, read, refusal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path


_BOUNDS = Bounds(size=1_048_576, nodes=100_000)
"""Room for some thousand people and exceptions."""
_ELSEWHERE = (
    "it stands in rbac/ beside discovery.yml: start in that folder, or name its discovery.yml "
    "with TGK_CONFIG (`tgk --config FILE …`)"
)


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy without faults, and where its parts are written."""

    policy: Policy
    document: Document


def load_policy(
    path: Path,
    discord_roles: Mapping[str, str] | None = None,
    permissions: Collection[str] | None = None,
) -> Loaded:
    """Load a policy file; raises ConfigurationInvalid naming every fault.

    With the permissions of all commands, one that none of them has is a fault as well.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        fault = Fault(Mark(1, 1), f"it cannot be read ({error.strerror})", _ELSEWHERE)
        raise refusal(str(path), [fault]) from error
    return parse_policy(source, str(path), discord_roles, permissions)


def parse_policy(
    source: bytes,
    file: str,
    discord_roles: Mapping[str, str] | None = None,
    permissions: Collection[str] | None = None,
) -> Loaded:
    """Return the policy of a text; raises like ``load_policy``."""
    document = read(source, file, _BOUNDS)
    policy, faults = validated(document, Policy, SHAPES)
    faults += document.faults
    if policy is not None:
        faults = faults or list(_empty(policy, document))
        faults += _Checks(policy, document).faults(discord_roles or {})
        if permissions is not None:
            faults += reach_faults(policy, document, permissions, discord_roles)
    if policy is None or faults:
        raise refusal(file, faults)
    return Loaded(policy, document)


class _Checks:
    """What only the whole file can show: names that lead nowhere and rules that contradict."""

    def __init__(self, policy: Policy, document: Document) -> None:
        self._policy = policy
        self._document = document
        self._roles = _named(document, "roles", policy.roles)
        self._members = _named(document, "members", policy.members)

    def faults(self, discord_roles: Mapping[str, str]) -> Iterator[Fault]:
        yield from self._unknown_roles()
        yield from inheritance_faults(self._policy, self._document)
        yield from self._shared_accounts()
        yield from self._exemptions()
        yield from self._unmapped(discord_roles)

    def _unknown_roles(self) -> Iterator[Fault]:
        lists = [
            (("roles", name, "inherits"), role.inherits)
            for name, role in self._policy.roles.items()
        ]
        lists += [
            (("members", name, "roles"), one.roles) for name, one in self._policy.members.items()
        ]
        lists += [
            (("sources", name, "roles"), one.roles) for name, one in self._policy.sources.items()
        ]
        for path, names in lists:
            for position, name in enumerate(names):
                if name not in self._roles:
                    yield self._document.fault((*path, position), *self._no_role(name))

    def _no_role(self, name: str) -> tuple[str, str]:
        near = nearest(name, self._roles)
        known = f"known roles: {', '.join(self._roles)}"
        return f'there is no role "{name}"', f'did you mean "{near[0]}"?' if near else known

    def _shared_accounts(self) -> Iterator[Fault]:
        holders: dict[tuple[str, str], str] = {}
        for name, member in self._policy.members.items():
            for platform, account in member.accounts.listed():
                holder = holders.setdefault((platform, account), name)
                if holder != name:
                    path = ("members", name, "accounts", platform)
                    what = f"{platform} account {account} is {holder}'s already"
                    yield self._document.fault(path, what, "give each person their own account")

    def _exemptions(self) -> Iterator[Fault]:
        for section, entries in (("grants", self._policy.grants), ("denies", self._policy.denies)):
            for position, entry in enumerate(entries):
                path = (section, position)
                kind, _, name = entry.who.partition(":")
                if kind == "role" and name not in self._roles:
                    yield self._document.fault((*path, "who"), *self._no_role(name))
                if kind == "person" and name not in self._members:
                    near = nearest(name, self._members)
                    hint = f'did you mean "{near[0]}"?' if near else "name somebody under members:"
                    yield self._document.fault((*path, "who"), f'there is no member "{name}"', hint)
                if entry.nbf and entry.exp and entry.exp <= entry.nbf:
                    hint = "write a later time"
                    yield self._document.fault((*path, "exp"), "exp is not after nbf", hint)

    def _unmapped(self, discord_roles: Mapping[str, str]) -> Iterator[Fault]:
        for group, name in discord_roles.items():
            if name not in self._roles:
                what = f'Discord role {group} stands for the role "{name}", which is not here'
                yield Fault(Mark(1, 1), what, "add it here, or mend discord.roles in discovery.yml")


def _named(document: Document, section: str, sound: Iterable[str]) -> tuple[str, ...]:
    """Return the names in a section, those at fault otherwise as well."""
    node = document.node((section,))
    return tuple(dict.fromkeys([*sound, *(node.keys if node else ())]))


def _empty(policy: Policy, document: Document) -> Iterator[Fault]:
    allowed = any(role.permissions for role in policy.roles.values())
    if not (allowed or policy.everyone or policy.grants):
        hint = 'give a role a permission, as in permissions: ["/status"]'
        yield document.fault(("roles",), "the policy allows nothing", hint, key=True)
