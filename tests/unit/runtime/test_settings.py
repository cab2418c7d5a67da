"""The environment: read once, every fault named, secrets never shown."""

from __future__ import annotations

import pytest

from bot.runtime.settings import read_settings, terminal_wishes, without_tokens
from tgk.errors import ConfigurationInvalid


def test_an_empty_environment_means_test_mode() -> None:
    """Without a token nothing is meant for real, and every address has a default or is off."""
    settings = read_settings({})

    assert not settings.has_token
    assert not settings.simulated
    assert settings.loki_url is None
    assert settings.http == "127.0.0.1:8080"


@pytest.mark.parametrize("name", ["DISCORD_TOKEN", "TELEGRAM_BOT_TOKEN", "GITHUB_TOKEN"])
def test_one_token_is_enough_to_be_meant_for_real(name: str) -> None:
    """Some tokens: real for those, never a simulation beside them."""
    assert read_settings({name: "x" * 20}).has_token


def test_an_empty_variable_is_the_same_as_none() -> None:
    """As compose files leave them."""
    assert not read_settings({"DISCORD_TOKEN": "", "LOKI_URL": " "}).has_token


def test_every_fault_is_named_at_once_without_its_value() -> None:
    """A wrong address may hold a password, so the value is not repeated."""
    environ = {"LOKI_URL": "loki:secret", "TGK_HTTP": "8080", "LOG_LEVEL": "LOUD"}

    with pytest.raises(ConfigurationInvalid) as refusal:
        read_settings(environ)

    named = {fault.split(":")[0] for fault in refusal.value.faults}
    assert {"LOKI_URL", "TGK_HTTP", "LOG_LEVEL"} == named
    assert "loki:secret" not in str(refusal.value)


@pytest.mark.parametrize("address", ["banana", "8080", "127.0.0.1:", "127.0.0.1:port"])
def test_an_address_to_listen_on_is_refused_with_one_that_is_right(address: str) -> None:
    """In words, where a pattern would say nothing to most readers."""
    with pytest.raises(ConfigurationInvalid) as refusal:
        read_settings({"TGK_HTTP": address})

    assert ("TGK_HTTP: write host:port, such as 127.0.0.1:8080",) == tuple(refusal.value.faults)


def test_secrets_are_known_to_redaction_and_to_nothing_else() -> None:
    """Printing the settings shows none of them."""
    settings = read_settings({"DISCORD_TOKEN": "very-secret", "AUDIT_HMAC_KEY": "also-secret"})

    assert {"very-secret", "also-secret"} == set(settings.secrets())
    assert "-secret" not in repr(settings)


def test_what_a_simulated_world_announces_counts() -> None:
    """Announced addresses override, and the mode is known."""
    announced = {"LOKI_URL": "http://127.0.0.1:1/loki", "TGK_SIMULATED": "true"}

    settings = read_settings({"LOKI_URL": "http://real"}, announced)

    assert settings.loki_url == "http://127.0.0.1:1/loki"
    assert settings.simulated


def test_a_child_gets_no_token() -> None:
    """The demo's processes cannot reach anything real."""
    environ = {"DISCORD_TOKEN": "x", "D12_TOKEN": "y", "PATH": "/bin", "TGK_STATE": "var"}

    assert {"PATH": "/bin"} == without_tokens(environ)


@pytest.mark.parametrize(
    ("environ", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True)],
)
def test_colour_follows_the_conventions(environ: dict[str, str], *, colour: bool) -> None:
    """no-color.org, and the way to insist."""
    assert colour == terminal_wishes(environ).colour
