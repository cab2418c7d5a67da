"""Refuses circles of roles, which would give each the rights of all, and chains Casbin cuts."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rbac.policy import Policy
    from tgk.yaml_marks import Document, Fault

DEEPEST = 6
"""Links of inheritance in a row; Casbin silently forgets what is farther than ten."""


def inheritance_faults(policy: Policy, document: Document) -> Iterator[Fault]:
    """Return a fault for every role in a circle and every role that inherits over too many."""
    depths = _depths(policy)
    for name in policy.roles:
        path = ("roles", name, "inherits")
        if depths.get(name, 0) > DEEPEST:
            what = f'role "{name}" inherits over more than {DEEPEST} steps'
            yield document.fault(path, what, "inherit from the farther role directly", key=True)
        elif name not in depths and (circle := _circle(name, policy)):
            what = f"role {' -> '.join(circle)} inherits from itself"
            yield document.fault(path, what, "remove one of these links", key=True)


def _parents(name: str, policy: Policy) -> tuple[str, ...]:
    return tuple(parent for parent in policy.roles[name].inherits if parent in policy.roles)


def _depths(policy: Policy) -> dict[str, int]:
    """Return how many links follow each role; roles that lead into a circle are left out."""
    open_parents = {name: set(_parents(name, policy)) for name in policy.roles}
    children: dict[str, list[str]] = {name: [] for name in policy.roles}
    for name, parents in open_parents.items():
        for parent in parents:
            children[parent].append(name)
    depths = {name: 0 for name, parents in open_parents.items() if not parents}
    waiting = list(depths)
    while waiting:
        parent = waiting.pop()
        for name in children[parent]:
            open_parents[name].discard(parent)
            if not open_parents[name]:
                depths[name] = 1 + max(depths[each] for each in _parents(name, policy))
                waiting.append(name)
    return depths


def _circle(start: str, policy: Policy) -> list[str]:
    """Return the way from a role back to itself, empty when there is none."""
    came_from: dict[str, str] = {}
    waiting = [start]
    while waiting:
        name = waiting.pop()
        for parent in _parents(name, policy):
            if parent not in came_from:
                came_from[parent] = name
                waiting.append(parent)
    if start not in came_from:
        return []
    way = [start]
    while len(way) == 1 or way[-1] != start:
        way.append(came_from[way[-1]])
    return way[::-1]
