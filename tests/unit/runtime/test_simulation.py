"""Test mode: only without any token, only on this machine, and never silently."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.runtime.settings import read_settings
from bot.runtime.simulation import announced, simulated
from tgk.errors import ConfigurationInvalid, Unavailable


def test_with_a_token_the_settings_stay_as_they_are() -> None:
    """Nothing is simulated beside something real."""
    settings = read_settings({"GITHUB_TOKEN": "x" * 20})

    with simulated(settings, Path()) as actual:
        assert actual is settings
        assert not actual.simulated


def test_a_token_and_a_simulated_world_do_not_go_together() -> None:
    """Whoever sets both is told to unset one."""
    settings = read_settings({"GITHUB_TOKEN": "x", "TGK_SANDBOX_URL": "http://127.0.0.1:9"})

    with pytest.raises(ConfigurationInvalid), simulated(settings, Path()):
        pytest.fail("must not start")


@pytest.mark.parametrize(
    "address", ["http://sandbox.example:80", "http://127.0.0.1.example:80", "http://10.0.0.1:80"]
)
def test_a_simulated_world_elsewhere_is_refused(address: str) -> None:
    """Its tokens and addresses would be believed, so it must be ours."""
    with pytest.raises(ConfigurationInvalid):
        announced(address)


def test_a_world_that_does_not_answer_is_unavailable() -> None:
    """With what to start."""
    with pytest.raises(Unavailable) as refusal:
        announced("http://127.0.0.1:9")

    assert "python -m sandbox" in str(refusal.value)
