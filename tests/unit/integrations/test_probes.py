"""What `tgk doctor` finds at each vendor, against the simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from bot.runtime.clock import SystemClock
from integrations.discord.probe import probe as probe_discord
from integrations.discord.rights import NEEDED, lacking, rights_in
from integrations.github.probe import probe as probe_github
from integrations.telegram.probe import probe as probe_telegram
from sandbox.stage import build, opened
from tests.conftest import ROOT, load_shipped_discovery
from tgk.discovery import Council, Pipeline

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

GUILD, ME, ROLE = "1" * 18, "2" * 18, "3" * 18
VIEW, SEND = 1 << 10, 1 << 11
EVERYONE = {"id": GUILD, "permissions": str(VIEW | SEND)}


@pytest.fixture
async def address() -> AsyncIterator[str]:
    """A simulated world."""
    async with opened(build(ROOT / "discovery.yml")) as found:
        yield found


def lacks(channel: dict[str, Any], *, mine: tuple[str, ...] = (), more: int = 0) -> list[str]:
    """Return what the bot needs and has not."""
    roles = [EVERYONE, {"id": ROLE, "permissions": str(more)}]
    rights = rights_in(channel, guild=GUILD, me=ME, mine=mine, roles=roles)
    return lacking(rights, NEEDED)


@pytest.mark.parametrize(
    ("overwrites", "expected"),
    [
        ([], []),
        ([{"id": GUILD, "deny": str(SEND), "allow": "0"}], ["Send Messages"]),
        ([{"id": GUILD, "deny": str(SEND)}, {"id": ROLE, "allow": str(SEND)}], []),
        ([{"id": ROLE, "allow": str(SEND)}, {"id": ME, "deny": str(VIEW)}], ["View Channel"]),
        ([{"id": "9" * 18, "deny": str(VIEW)}], []),
    ],
)
def test_overwrites_count_in_discords_order(
    overwrites: list[dict[str, str]], expected: list[str]
) -> None:
    """Everyone first, then roles, then the member; strangers' overwrites do not count."""
    assert expected == lacks({"permission_overwrites": overwrites}, mine=(ROLE,))


def test_an_administrator_may_everything() -> None:
    """No overwrite binds who holds that right."""
    channel = {"permission_overwrites": [{"id": ME, "deny": str(VIEW)}]}

    assert [] == lacks(channel, mine=(ROLE,), more=1 << 3)


async def test_a_channel_that_is_not_there_is_named(address: str) -> None:
    """The others are looked at all the same."""
    discord = load_shipped_discovery().discord
    assert discord is not None
    channels = {**discord.channels, "#gone": "4" * 18}
    token = SecretStr(build(ROOT / "discovery.yml").cast.discord_token)

    found = await probe_discord(
        token, discord.model_copy(update={"channels": channels}), SystemClock(),
        f"{address}/discord/api/v10",
    )  # fmt: skip

    assert ["#gone"] == [each.name for each in found.findings if each.state == "bad"]
    assert found.ahead is not None
    assert abs(found.ahead) < 5


@pytest.mark.parametrize(("chat", "thread", "bad"), [
    (-1001234567890, 25782, []), (-1001234567890, 4711, ["topic"]), (-100999, 25782, ["council"]),
])  # fmt: skip
async def test_the_council_and_its_topic_are_found(
    address: str, chat: int, thread: int, bad: list[str]
) -> None:
    """A wrong chat and a wrong topic are told apart."""
    token = SecretStr(build(ROOT / "discovery.yml").cast.telegram_token)
    council = Council(chat=chat, thread=thread, members=("ana",))

    found = await probe_telegram(token, council, chat, SystemClock(), f"{address}/telegram")

    assert bad == [each.name for each in found.findings if each.state == "bad"]


async def test_a_workflow_that_is_not_there_is_named(address: str) -> None:
    """The repository is shown, its file is not."""
    name = "strategickhaos/sovereignty-architecture"
    wanted = [Pipeline(repository=name, workflow=file) for file in ("deploy.yml", "gone.yml")]

    found = await probe_github(
        SecretStr("sandbox-github-token"), wanted, SystemClock(), f"{address}/github"
    )

    assert [f"{name} gone.yml"] == [each.name for each in found.findings if each.state == "bad"]
