"""What Discord lets a member do in a channel: its own arithmetic of roles and overwrites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

_ADMINISTRATOR = 1 << 3
EVERYTHING = ~0
NEEDED: Mapping[str, int] = {"View Channel": 1 << 10, "Send Messages": 1 << 11}
WANTED: Mapping[str, int] = {
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Create Public Threads": 1 << 35,
    "Send Messages in Threads": 1 << 38,
}


def rights_in(
    channel: Mapping[str, Any],
    *,
    guild: str,
    me: str,
    mine: Collection[str],
    roles: Sequence[Mapping[str, Any]],
) -> int:
    """Return the permission bits of member ``me`` with the role ids ``mine``."""
    base = 0
    for role in roles:
        if role.get("id") in (guild, *mine):
            base |= int(role.get("permissions", 0))
    if base & _ADMINISTRATOR:
        return EVERYTHING
    overwrites = {each.get("id"): each for each in channel.get("permission_overwrites", ())}
    base = _changed(base, [overwrites.get(guild)])
    base = _changed(base, [overwrites.get(role) for role in mine])
    return _changed(base, [overwrites.get(me)])


def lacking(rights: int, wanted: Mapping[str, int]) -> list[str]:
    """Return the names of the permissions that are not there."""
    return [name for name, bit in wanted.items() if not rights & bit]


def _changed(base: int, overwrites: Sequence[Mapping[str, Any] | None]) -> int:
    denied = allowed = 0
    for each in overwrites:
        if each:
            denied |= int(each.get("deny", 0))
            allowed |= int(each.get("allow", 0))
    return base & ~denied | allowed
