"""What a policy names beside itself: permissions of commands, and somebody who is admin."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from rbac.policy import Policy
    from tgk.yaml_marks import Document, Fault
    from tgk.yaml_marks import Path as Place

ADMIN = "admin"


def reach_faults(
    policy: Policy,
    document: Document,
    known: Collection[str],
    discord_roles: Mapping[str, str] | None,
) -> Iterator[Fault]:
    """Yield permissions that no command has, and an admin who may nothing or whom nobody is.

    Whom Discord makes admin counts only where its roles are given; without them nobody is missed.
    """
    for place, permission in _written(policy):
        if permission != "*" and permission not in known:
            hint = _meant(permission, known)
            yield document.fault(place, f'no command has the permission "{permission}"', hint)
    yield from _verbs(policy, document, known)
    if ADMIN in policy.roles:
        yield from _admin(policy, document, discord_roles)


def _meant(permission: str, known: Collection[str]) -> str:
    """Return what to write instead: what looks alike, else the verbs of the family, else all."""
    family, _, verb = permission.partition(" ")
    verbs = sorted(v for f, _, v in (each.partition(" ") for each in known) if v and f == family)
    if verb and verbs:
        near = [f"{family} {each}" for each in nearest(verb, verbs)]
        listed = [f"{family} {each}" for each in verbs]
    else:
        near = [*nearest(permission, known)]
        listed = sorted(each for each in known if " " not in each)
    return f'did you mean "{near[0]}"?' if near else f"known: {', '.join(listed)}"


def _verbs(policy: Policy, document: Document, known: Collection[str]) -> Iterator[Fault]:
    """Yield actions that no command of the permission has, and those that contradict it."""
    for section, entries in (("grants", policy.grants), ("denies", policy.denies)):
        for position, entry in enumerate(entries):
            family, _, verb = entry.permission.partition(" ")
            place = (section, position, "action")
            if entry.action in ("*", verb):
                continue
            if verb:
                what = f'the permission names the verb "{verb}" already'
                yield document.fault(place, what, "leave action out")
            elif not any(_is_verb(each, family, entry.action) for each in known):
                hint = _meant(f"{family} {entry.action}", known)
                yield document.fault(place, f'{family} has no verb "{entry.action}"', hint)


def _is_verb(known: str, family: str, verb: str) -> bool:
    return known == f"{family} {verb}" or (family == "*" and known.endswith(f" {verb}"))


def _written(policy: Policy) -> Iterator[tuple[Place, str]]:
    for name, role in policy.roles.items():
        for position, permission in enumerate(role.permissions):
            yield ("roles", name, "permissions", position), permission
    for position, permission in enumerate(policy.everyone):
        yield ("everyone", position), permission
    for section, entries in (("grants", policy.grants), ("denies", policy.denies)):
        for position, entry in enumerate(entries):
            yield (section, position, "permission"), entry.permission


def _admin(
    policy: Policy, document: Document, discord_roles: Mapping[str, str] | None
) -> Iterator[Fault]:
    role = policy.roles[ADMIN]
    granted = any(entry.who == f"role:{ADMIN}" for entry in policy.grants)
    if not (role.permissions or role.inherits or granted):
        place = ("roles", ADMIN, "permissions")
        yield document.fault(place, "admin may nothing", 'write permissions: ["*"]')
    if discord_roles is not None and ADMIN not in _held(policy, discord_roles):
        hint = "give one of members: the role, or map a Discord role to it in discovery.yml"
        yield document.fault(("roles", ADMIN), "nobody is admin", hint, key=True)


def _held(policy: Policy, discord_roles: Mapping[str, str]) -> set[str]:
    """Return the roles that people have, with those they inherit."""
    held = set(discord_roles.values()).union(*(one.roles for one in policy.members.values()))
    waiting = list(held)
    while waiting:
        role = policy.roles.get(waiting.pop())
        fresh = set(role.inherits) - held if role else set()
        held |= fresh
        waiting += fresh
    return held
