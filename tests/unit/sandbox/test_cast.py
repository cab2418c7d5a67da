"""The cast follows the operator's files."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.cast import Cast, default_cast, load_cast

ROOT = Path(__file__).parents[3]


def test_shipped_files_give_the_shipped_cast() -> None:
    """The files in the repository and the constants say the same."""
    assert default_cast() == load_cast(ROOT / "discovery.yml", ROOT / "rbac/policy.yml")


def test_an_operators_own_files_change_the_cast(tmp_path: Path) -> None:
    """Guild, channels, roles and people come from the files."""
    (tmp_path / "discovery.yml").write_text(
        "discord: {guild: '123456789012345678', channels: {'#ops': '223456789012345678'},\n"
        "  roles: {'323456789012345678': boss}}\n"
        "telegram: {council: {chat: -1009, thread: 7, members: [zoe]}}\n"
    )
    (tmp_path / "policy.yml").write_text("members: {zoe: {roles: [boss], accounts: {}}}\n")

    cast = load_cast(tmp_path / "discovery.yml", tmp_path / "policy.yml")

    assert (cast.guild, cast.council_chat, cast.council_thread) == ("123456789012345678", -1009, 7)
    assert cast.person("zoe").roles == ("323456789012345678",)
    assert cast.channel("#ops").name == "ops"
    assert cast.roles[0].name == "Boss"


def test_somebody_unknown_is_not_invented(cast: Cast) -> None:
    """Asking for a stranger or a missing channel is an error."""
    with pytest.raises(KeyError):
        cast.person("nobody")
    with pytest.raises(KeyError):
        cast.channel("#nowhere")
