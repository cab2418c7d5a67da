"""The salt of masked secrets: made and kept by a bot alone, given where several must agree."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from bot.runtime.memory import open_memory
from bot.runtime.salt import FILE, known_salt, salt_of
from bot.runtime.settings import read_settings
from tgk.errors import ConfigurationInvalid
from tgk.redaction import Redactor
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from bot.runtime.settings import Settings

GIVEN = "5a" * 32


def settings(state: Path, **more: str) -> Settings:
    """Return the settings of a process with this state folder."""
    state.mkdir(exist_ok=True)
    return read_settings({"TGK_STATE": str(state), **more})


def test_a_salt_that_is_given_is_used_and_nothing_is_kept(tmp_path: Path) -> None:
    """Else one is made, once."""
    given, alone = settings(tmp_path / "a", TGK_SALT=GIVEN), settings(tmp_path / "b")

    assert b"\x5a" * 32 == salt_of(given) == known_salt(given)
    assert not (given.state / FILE).exists()
    assert known_salt(alone) is None
    assert salt_of(alone) == salt_of(alone) == known_salt(alone)


@pytest.mark.parametrize("salt", ["5a" * 31, "5a" * 33, "5g" * 32, "short-but-secret"])
def test_what_is_no_salt_is_refused_and_not_repeated(tmp_path: Path, salt: str) -> None:
    """The refusal names the variable and what makes a good one."""
    with pytest.raises(ConfigurationInvalid) as refusal:
        settings(tmp_path, TGK_SALT=salt)

    (fault,) = refusal.value.faults
    assert fault.startswith("TGK_SALT: write 64 hexadecimal digits")
    assert salt not in fault


async def test_processes_with_the_same_salt_share_a_database_and_others_are_told_why(
    tmp_path: Path, postgres: str
) -> None:
    """A worker with another salt, given or made, ends with what to do about it."""

    async def join(name: str, **more: str) -> None:
        own = settings(tmp_path / name, DATABASE_URL=postgres, **more)
        async with AsyncExitStack() as stack:
            redactor = Redactor(salt_of(own))
            await open_memory(own, FakeClock(), stack, kind="worker", redactor=redactor)

    await join("one", TGK_SALT=GIVEN)
    await join("two", TGK_SALT=GIVEN.upper())
    for more, named in (({"TGK_SALT": "5b" * 32}, "TGK_SALT"), ({}, FILE)):
        with pytest.raises(ConfigurationInvalid, match="in different ways") as refusal:
            await join("other", **more)

        assert named in refusal.value.faults[0]
        assert "the same TGK_SALT for all" in refusal.value.remedy
