"""The simulated world's controls against other web sites in the same browser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aiohttp
import pytest

from sandbox.play import player
from sandbox.stage import build, opened
from tests.conftest import ROOT

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


@pytest.fixture
async def page() -> AsyncIterator[str]:
    """The address of a world with its controls."""
    stage = build(ROOT / "discovery.yml")
    async with opened(stage, extra={"/play": player(stage)}) as address:
        yield address


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "attacker.example"},
        {"Host": "attacker.example:8090"},
        {"Host": "127.0.0.1.attacker.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://attacker.example"},
        {"Origin": "http://127.0.0.1:1"},
        {"Origin": "null"},
    ],
)
async def test_another_site_cannot_act_in_the_world(page: str, headers: dict[str, str]) -> None:
    """Neither by a name that leads here nor by a form; the page itself can."""
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{page}/play/faults", data="{}", headers=headers) as foreign:
            refused = foreign.status
        async with session.post(f"{page}/play/faults", data="{}", headers={"Origin": page}) as own:
            accepted = own.status

    assert (403, 200) == (refused, accepted)
