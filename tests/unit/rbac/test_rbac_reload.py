"""The policy file changes while the bot runs."""

from __future__ import annotations

import asyncio
import errno
from typing import TYPE_CHECKING

import pytest

from rbac.policy_file import PolicyFile
from tgk.errors import ConfigurationInvalid
from tgk.guard import Target
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

OPEN = """roles: {viewer: {permissions: [/status, /logs]}}
members: {vik: {roles: [viewer], accounts: {discord: 3004}}}
"""
CLOSED = OPEN.replace(", /logs", "")


class Ears:
    """Remembers what the policy file reports."""

    def __init__(self) -> None:
        self.faults: list[ConfigurationInvalid] = []
        self.versions: list[str] = []
        self.heard = asyncio.Event()

    def on_faults(self, error: ConfigurationInvalid) -> None:
        """Remember a refusal."""
        self.faults.append(error)
        self.heard.set()

    def on_reload(self, version: str) -> None:
        """Remember a new version."""
        self.versions.append(version)
        self.heard.set()


def opened(path: Path, ears: Ears, text: str = OPEN) -> PolicyFile:
    """Write a policy and load it."""
    path.write_text(text)
    return PolicyFile(path, {}, FakeClock(), on_faults=ears.on_faults, on_reload=ears.on_reload)


def may_log(policy: PolicyFile) -> bool:
    """Ask as vik, in the same second as always."""
    caller = policy.directory.resolve("discord", "3004", name="", channel="-")
    return policy.guard.decide(caller, "/logs", Target()).allowed


def test_a_right_taken_away_is_gone_at_once(tmp_path: Path) -> None:
    """No remembered decision outlives the edition it was made from."""
    ears = Ears()
    policy = opened(tmp_path / "p.yml", ears)
    before = policy.guard.version
    assert may_log(policy)

    policy.path.write_text(CLOSED)
    policy.reload()

    assert not may_log(policy)
    assert ears.versions == [policy.guard.version]
    assert before != policy.guard.version


@pytest.mark.parametrize("bad", ["roles: [", "", "roles: {viewer: {permissions: [status]}}"])
def test_a_bad_file_keeps_the_old_policy_and_says_why(tmp_path: Path, bad: str) -> None:
    """Nothing changes, and whoever runs the bot hears every fault."""
    ears = Ears()
    policy = opened(tmp_path / "p.yml", ears)
    before = policy.guard.version

    policy.path.write_text(bad)
    policy.reload()

    assert may_log(policy)
    assert (before, []) == (policy.guard.version, ears.versions)
    assert [len(error.faults) for error in ears.faults] == [1]


def test_a_file_that_vanished_keeps_the_old_policy(tmp_path: Path) -> None:
    """An editor that replaces a file leaves a moment without one."""
    ears = Ears()
    policy = opened(tmp_path / "p.yml", ears)

    policy.path.unlink()
    policy.reload()

    assert may_log(policy)
    assert len(ears.faults) == 1


def test_a_comment_reloads_silently_with_its_new_lines(tmp_path: Path) -> None:
    """Nobody is told of a policy that decides as before, but rules point to where they now are."""
    ears = Ears()
    policy = opened(tmp_path / "p.yml", ears)
    caller = policy.directory.resolve("discord", "3004", name="", channel="-")
    assert policy.guard.decide(caller, "/logs", Target()).rule.endswith("(p.yml:1)")

    policy.path.write_text("# why\n" + OPEN)
    policy.reload()

    assert ears.versions == []
    assert policy.guard.decide(caller, "/logs", Target()).rule.endswith("(p.yml:2)")


def test_the_first_load_must_succeed(tmp_path: Path) -> None:
    """A bot without a policy does not start."""
    with pytest.raises(ConfigurationInvalid):
        opened(tmp_path / "p.yml", Ears(), "roles: {}")


def test_taking_away_a_role_that_discord_maps_is_refused(tmp_path: Path) -> None:
    """The mapping of discovery.yml is checked at every reload."""
    ears = Ears()
    path = tmp_path / "p.yml"
    path.write_text(OPEN)
    policy = PolicyFile(path, {"2004": "viewer"}, FakeClock(), on_faults=ears.on_faults)

    path.write_text("roles: {other: {permissions: [/status]}}")
    policy.reload()

    assert "Discord role 2004" in ears.faults[0].faults[0]


@pytest.mark.parametrize("how", ["written", "replaced"])
async def test_saving_the_file_is_noticed(tmp_path: Path, how: str) -> None:
    """Editors that write in place and those that rename a new file over it both count."""
    ears, stop = Ears(), asyncio.Event()
    policy = opened(tmp_path / "p.yml", ears)
    fresh = policy.path if how == "written" else tmp_path / "p.yml.new"

    async with asyncio.timeout(20), asyncio.TaskGroup() as tasks:
        tasks.create_task(policy.watch(stop))
        while not ears.heard.is_set():
            await asyncio.to_thread(_save, fresh, policy.path)
            await _heard(ears.heard)
        stop.set()

    assert not may_log(policy)
    assert ears.faults == []


async def test_without_notices_from_the_system_the_file_is_polled(tmp_path: Path) -> None:
    """A machine that has given out all its watches does not lose reloads, nor the process."""
    asked: list[object] = []

    async def changes(*_: Path, force_polling: bool, **__: object) -> AsyncIterator[object]:
        asked.append(force_polling)
        if not force_polling:
            raise OSError(errno.ENOSPC, "no watches left")
        policy.path.write_text(CLOSED)
        yield {1}

    path = tmp_path / "p.yml"
    path.write_text(OPEN)
    policy = PolicyFile(path, {}, FakeClock(), changes=changes)

    await policy.watch()

    assert asked == [False, True]
    assert not may_log(policy)


def _save(fresh: Path, path: Path) -> None:
    fresh.write_text(CLOSED)
    fresh.replace(path)


async def _heard(event: asyncio.Event) -> None:
    """Wait a moment: the watcher may not have begun when the file was saved."""
    try:
        async with asyncio.timeout(1.5):
            await event.wait()
    except TimeoutError:
        return


def test_a_permission_of_no_command_is_not_reloaded(tmp_path: Path) -> None:
    """The old policy stays in force, and the fault says what was meant."""
    ears, path = Ears(), tmp_path / "p.yml"
    path.write_text(OPEN)
    known = ("/status", "/logs")
    policy = PolicyFile(path, {}, FakeClock(), permissions=known, on_faults=ears.on_faults)

    path.write_text(OPEN.replace("/logs", "/lgos"))
    policy.reload()

    assert may_log(policy)
    assert ears.faults[0].faults == (
        f'{path}:1:41: no command has the permission "/lgos"; did you mean "/logs"?',
    )
