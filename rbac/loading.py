"""Loads a policy whole or not at all: every fault at once, each with its line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError

from rbac.inheritance import inheritance_faults
from rbac.policy import SHAPES, Policy
from tgk.suggest import nearest
from tgk.yaml_faults import model_faults
from tgk.yaml_marks import Bounds, Document, Fault, Mark, read, refusal

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path


_BOUNDS = Bounds(size=1_048_576, nodes=100_000)
"""Room for some thousand people and exceptions."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """A policy without faults, and where its parts are written."""

    policy: Policy
    document: Document


def load_policy(path: Path, discord_roles: Mapping[str, str] | None = None) -> Loaded:
    """Load a policy file; raises ConfigurationInvalid naming every fault."""
    try:
        source = path.read_bytes()
    except OSError as error:
        fault = Fault(Mark(1, 1), f"it cannot be read ({error.strerror})", "name another file")
        raise refusal(path.name, [fault]) from error
    return parse_policy(source, path.name, discord_roles)


def parse_policy(
    source: bytes, file: str, discord_roles: Mapping[str, str] | None = None
) -> Loaded:
    """Return the policy of a text; raises ConfigurationInvalid naming every fault."""
    document = read(source, file, _BOUNDS)
    faults = list(document.faults)
    try:
        policy = Policy.model_validate(document.root.plain() or {})
    except ValidationError as error:
        faults += model_faults(document, error, Policy, SHAPES)
        raise refusal(file, faults) from None
    faults += _cross_checks(policy, document)
    faults += _unmapped(policy, discord_roles or {})
    if faults:
        raise refusal(file, faults)
    return Loaded(policy, document)


def _cross_checks(policy: Policy, document: Document) -> Iterator[Fault]:
    yield from _empty(policy, document)
    yield from _unknown_roles(policy, document)
    yield from inheritance_faults(policy, document)
    yield from _shared_accounts(policy, document)
    yield from _exemptions(policy, document)


def _empty(policy: Policy, document: Document) -> Iterator[Fault]:
    allowed = any(role.permissions for role in policy.roles.values())
    if not (allowed or policy.everyone or policy.grants):
        hint = 'give a role a permission, as in permissions: ["/status"]'
        yield document.fault(("roles",), "the policy allows nothing", hint, key=True)


def _unknown_roles(policy: Policy, document: Document) -> Iterator[Fault]:
    lists = [(("roles", name, "inherits"), role.inherits) for name, role in policy.roles.items()]
    lists += [(("members", name, "roles"), one.roles) for name, one in policy.members.items()]
    lists += [(("sources", name, "roles"), one.roles) for name, one in policy.sources.items()]
    for path, names in lists:
        for position, name in enumerate(names):
            if name not in policy.roles:
                yield document.fault((*path, position), *_no_role(name, policy))


def _no_role(name: str, policy: Policy) -> tuple[str, str]:
    near = nearest(name, policy.roles)
    known = f"known roles: {', '.join(policy.roles)}"
    return f'there is no role "{name}"', f'did you mean "{near[0]}"?' if near else known


def _shared_accounts(policy: Policy, document: Document) -> Iterator[Fault]:
    holders: dict[tuple[str, str], str] = {}
    for name, member in policy.members.items():
        for platform, account in member.accounts.listed():
            holder = holders.setdefault((platform, account), name)
            if holder != name:
                path = ("members", name, "accounts", platform)
                what = f"{platform} account {account} is {holder}'s already"
                yield document.fault(path, what, "give each person their own account")


def _exemptions(policy: Policy, document: Document) -> Iterator[Fault]:
    for section, entries in (("grants", policy.grants), ("denies", policy.denies)):
        for position, entry in enumerate(entries):
            path = (section, position)
            kind, _, name = entry.who.partition(":")
            if kind == "role" and name not in policy.roles:
                yield document.fault((*path, "who"), *_no_role(name, policy))
            if kind == "person" and name not in policy.members:
                near = nearest(name, policy.members)
                hint = f'did you mean "{near[0]}"?' if near else "name somebody under members:"
                yield document.fault((*path, "who"), f'there is no member "{name}"', hint)
            if entry.nbf and entry.exp and entry.exp <= entry.nbf:
                hint = "write a later time"
                yield document.fault((*path, "exp"), "exp is not after nbf", hint)


def _unmapped(policy: Policy, discord_roles: Mapping[str, str]) -> Iterator[Fault]:
    for group, name in discord_roles.items():
        if name not in policy.roles:
            what = f'Discord role {group} stands for the role "{name}", which is not here'
            yield Fault(Mark(1, 1), what, "add it here, or mend discord.roles in discovery.yml")
