"""Mending writes the text alone: whose file it is, and where it stands, is left as it was."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

SLIP = "name: mine\nsteps:\n  - name: a\n    comand: /status\n"
MENDED = SLIP.replace("comand", "command")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664])
async def test_a_mended_file_keeps_its_mode_and_owner(
    world: World, tmp_path: Path, mode: int
) -> None:
    """Whatever the mask of the process is."""
    file = tmp_path / "playbooks" / "mine.yml"
    file.parent.mkdir(exist_ok=True)
    file.write_text(SLIP)
    file.chmod(mode)
    if os.getuid() == 0:
        os.chown(file, 4711, 4712)
    before = file.stat()
    mask = os.umask(0o077)
    try:
        outcome = await world.run("/orchestrate validate mine --fix", "dana")
    finally:
        os.umask(mask)

    after = file.stat()
    assert outcome.result == "success"
    assert file.read_text() == MENDED
    assert stat.S_IMODE(after.st_mode) == mode
    assert (after.st_uid, after.st_gid) == (before.st_uid, before.st_gid)


async def test_mending_what_a_link_points_to_leaves_the_link(world: World, tmp_path: Path) -> None:
    """A playbook may stand elsewhere; nothing is left beside either."""
    target = tmp_path / "elsewhere" / "kept.yml"
    target.parent.mkdir()
    target.write_text(SLIP)
    link = tmp_path / "playbooks" / "mine.yml"
    link.parent.mkdir(exist_ok=True)
    link.symlink_to("../elsewhere/kept.yml")

    await world.run("/orchestrate validate mine --fix", "dana")

    assert link.is_symlink()
    assert target.read_text() == MENDED
    assert [each.name for each in target.parent.iterdir()] == ["kept.yml"]
