"""Secrets of playbooks: from the environment and from Vault, and never the bot's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import pytest
from pydantic import SecretStr

from bot.runtime.settings import Settings
from integrations.secrets import SecretSources
from orchestration.playbook.model import Secret
from orchestration.playbook.origin import Span
from tgk.errors import Missing, Rejected
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pytest_httpserver import HTTPServer


def sources(**variables: str) -> SecretSources:
    """Return the sources of an environment."""
    return SecretSources(
        FakeClock(), lambda name: SecretStr(variables[name]) if name in variables else None
    )


def environment(variable: str) -> Secret:
    """Return a secret that is a variable."""
    return Secret(name="key", span=Span(1, 1), source="environment", variable=variable)


async def test_a_variable_is_revealed_or_missing() -> None:
    """By its name."""
    assert await sources(API_KEY="k1").reveal(environment("API_KEY")) == "k1"
    with pytest.raises(Missing, match="OTHER"):
        await sources(API_KEY="k1").reveal(environment("OTHER"))


OWN = [
    str(field.alias)
    for field in Settings.model_fields.values()
    if SecretStr in (field.annotation, *get_args(field.annotation))
]


@pytest.mark.parametrize("name", [*OWN, "DATABASE_URL", "JIRA_API_TOKEN", "VAULT_TOKEN", "AWS_X"])
async def test_what_the_bot_is_trusted_with_is_no_secret_of_a_playbook(name: str) -> None:
    """Though it stands in the environment, and the value is in no error."""
    with pytest.raises(Rejected) as caught:
        await sources(**{name: "hush"}).reveal(environment(name))
    assert "hush" not in str(caught.value)


async def test_what_providers_are_let_in_with_is_no_secret_of_a_playbook() -> None:
    """Their variables are theirs alone; every other one is a playbook's to name."""
    given = {"OPERATIONS_TOKEN": SecretStr("hush"), "API_KEY": SecretStr("k1")}
    found = SecretSources(FakeClock(), given.get, providers=["OPERATIONS_TOKEN"])

    with pytest.raises(Rejected, match="no playbook may have it") as refused:
        await found.reveal(environment("OPERATIONS_TOKEN"))

    assert "hush" not in str(refused.value)
    assert await found.reveal(environment("API_KEY")) == "k1"


async def test_vault_is_asked_for_its_newest_version(httpserver: HTTPServer) -> None:
    """With the token, under the mount that the path begins with."""
    httpserver.expect_request(
        "/v1/secrets/data/prod/db", headers={"X-Vault-Token": "t1"}
    ).respond_with_json({"data": {"data": {"database_password": "p1", "user": "u"}}})
    found = sources(VAULT_ADDR=httpserver.url_for("").rstrip("/"), VAULT_TOKEN="t1")
    secret = Secret(
        name="database_password", span=Span(1, 1), source="vault", path="/secrets/prod/db"
    )
    assert await found.reveal(secret) == "p1"


async def test_a_simulated_world_says_that_it_reads_no_variables() -> None:
    """It does not claim that one is not set, which may well be; elsewhere that is what is told."""
    secret = Secret(name="p", span=Span(1, 1), source="vault", path="/secrets/prod/db")
    simulated = SecretSources(FakeClock(), {}.get, simulated=True)

    with pytest.raises(Rejected, match="a simulated world reads no variables of yours"):
        await simulated.reveal(secret)
    with pytest.raises(Rejected, match="VAULT_ADDR is not set"):
        await sources().reveal(secret)
