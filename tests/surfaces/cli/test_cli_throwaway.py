"""The state of a demo: whoever keeps something in it was told before that it goes away."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bot.cli.throwaway import throwaway

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_said_at_both_ends_that_it_goes_away(tmp_path: Path) -> None:
    """And it does, with what lies in it."""
    said: list[str] = []

    with throwaway(tmp_path / "var", said.append, keep=False) as folder:
        (folder / "draft.yml").touch()
        first = list(said)

    assert first == [f"State: {folder}, thrown away at the end (--keep keeps it)"]
    assert said[1:] == [f"{folder} is thrown away."]
    assert not folder.exists()


def test_ctrl_c_is_an_end_like_others(tmp_path: Path) -> None:
    """The folder goes, that is said, and the interrupt is still one."""
    said: list[str] = []

    with (
        pytest.raises(KeyboardInterrupt),
        throwaway(tmp_path / "var", said.append, keep=False) as folder,
    ):
        raise KeyboardInterrupt

    assert said[-1] == f"{folder} is thrown away."
    assert not folder.exists()


def test_it_stays_where_that_is_wanted(tmp_path: Path) -> None:
    """Also said at both ends."""
    said: list[str] = []

    with throwaway(tmp_path / "var", said.append, keep=True) as folder:
        pass

    assert said == [f"State: {folder}, it stays", f"{folder} stays."]
    assert folder.exists()


def test_it_stays_after_a_failure(tmp_path: Path) -> None:
    """Whoever is told to look into its log finds it."""
    said: list[str] = []

    with pytest.raises(SystemExit), throwaway(tmp_path / "var", said.append, keep=False) as folder:
        raise SystemExit(1)

    assert said[-1] == f"{folder} stays, to be looked into."
    assert folder.exists()
