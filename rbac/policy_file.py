"""The policy file on disk: loaded at start, reloaded when saved, kept when the new one is bad."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from watchfiles import awatch

from rbac.edition import Edition
from rbac.guard import CasbinGuard
from rbac.identity import PolicyDirectory
from rbac.loading import load_policy
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Collection, Mapping
    from pathlib import Path

    from tgk.ports.time import Clock


def _ignore_faults(error: ConfigurationInvalid) -> None:
    """Keep quiet; the edition before stays in force."""


def _ignore_reload(version: str) -> None:
    """Keep quiet."""


class PolicyFile:
    """Knows the edition in force; its guard and directory follow every reload at once.

    With the permissions of all commands, a policy that names another one is refused.

    Raises ConfigurationInvalid when the first load finds faults.
    """

    def __init__(
        self,
        path: Path,
        discord_roles: Mapping[str, str],
        clock: Clock,
        *,
        council: Collection[str] = (),
        permissions: Collection[str] | None = None,
        on_faults: Callable[[ConfigurationInvalid], None] = _ignore_faults,
        on_reload: Callable[[str], None] = _ignore_reload,
        changes: Callable[..., AsyncIterator[object]] = awatch,
    ) -> None:
        self.path = path
        self._discord_roles = dict(discord_roles)
        self._council = tuple(council)
        self._permissions = permissions
        self._on_faults = on_faults
        self._on_reload = on_reload
        self._changes = changes
        self._edition = self._load()
        self.guard = CasbinGuard(self, clock)
        self.directory = PolicyDirectory(self)

    @property
    def edition(self) -> Edition:
        """The edition in force now."""
        return self._edition

    def people(self, name: str) -> tuple[str, ...]:
        """Return who is meant by the name of a person or of a role, by the policy in force."""
        return self.edition.people(name)

    def reload(self) -> None:
        """Put the file as it is now into force, or report its faults and keep the old edition."""
        try:
            fresh = self._load()
        except ConfigurationInvalid as error:
            self._on_faults(error)
            return
        changed = fresh.version != self._edition.version
        self._edition = fresh
        if changed:
            self._on_reload(fresh.version)

    async def watch(self, stop: asyncio.Event | None = None) -> None:
        """Reload whenever the file is saved, replaced or linked anew, until stopped.

        Looks every few hundred milliseconds where the system has no notices left to give.
        """
        try:
            await self._follow(stop, polling=False)
        except (OSError, RuntimeError):  # its internal error is a RuntimeError
            await self._follow(stop, polling=True)

    async def _follow(self, stop: asyncio.Event | None, *, polling: bool) -> None:
        folders = {self.path.resolve().parent, self.path.absolute().parent}
        async for _ in self._changes(
            *folders,
            stop_event=stop,
            recursive=False,
            debounce=400,
            rust_timeout=5000,
            watch_filter=None,
            force_polling=polling,
        ):
            await asyncio.to_thread(self.reload)

    def _load(self) -> Edition:
        loaded = load_policy(self.path, self._discord_roles, self._permissions)
        return Edition(loaded, self._discord_roles, self._council)
