"""When a model counts as configured."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from integrations.model import ChatModel
from tgk.discovery import Agent
from tgk.errors import TgkError
from tgk.ports.model import Message
from tgk.testing.clock import FakeClock

AGENT = Agent(model="small")


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that stands still."""
    return FakeClock()


@pytest.mark.parametrize(
    ("key", "base_url", "agents", "enabled"),
    [
        (None, "", [], False),
        (SecretStr(""), "", [AGENT], False),
        (SecretStr("sk-1"), "", [], True),
        (None, "http://127.0.0.1:1", [], True),
        (None, "", [Agent(base_url="http://127.0.0.1:1")], True),
    ],
)
def test_a_model_is_on_with_a_key_or_an_address(
    clock: FakeClock, key: SecretStr | None, base_url: str, agents: list[Agent], *, enabled: bool
) -> None:
    """Neither means off, and an empty key is none."""
    model = ChatModel(clock=clock, key=key, base_url=base_url, agents=agents)

    assert model.enabled is enabled


@pytest.mark.parametrize("address", ["", "file:///etc/passwd", "gopher://x"])
async def test_an_address_that_is_none_is_rejected(clock: FakeClock, address: str) -> None:
    """The operator reads where to set it."""
    model = ChatModel(clock=clock, base_url=address)

    with pytest.raises(TgkError, match="OPENAI_BASE_URL"):
        await anext(model.answer(AGENT, [Message("user", "Is it up?")]))
