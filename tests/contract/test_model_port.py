"""What every model promises."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import pytest
from pydantic import SecretStr
from werkzeug import Response

from integrations.model import ChatModel
from tgk.discovery import Agent
from tgk.errors import Unavailable
from tgk.ports.model import Message, Tool, ToolCall
from tgk.testing.clock import FakeClock
from tgk.testing.model import FakeModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from pytest_httpserver import HTTPServer

    from tgk.ports.model import Chunk, Model

AGENT = Agent(model="small")
ASKED = (Message("user", "Is it up?"),)
STATUS = Tool("status", "Report state", {"type": "object", "properties": {}})
CALL = ToolCall("call_1", "status", {"service": "api"})


class _Stage(Protocol):
    """A model and the way to tell it what to answer next."""

    @property
    def model(self) -> Model: ...

    def says(self, text: str, call: ToolCall | None = None) -> None: ...

    def breaks(self) -> None: ...


class _Fake:
    def __init__(self) -> None:
        self.model = FakeModel()

    def says(self, text: str, call: ToolCall | None = None) -> None:
        self.model.says(text, tool_calls=(call,) if call else (), model="m-1", tokens=7)

    def breaks(self) -> None:
        self.model.fails(Unavailable("The model", "It answered with error 503."))


class _Served:
    def __init__(self, server: HTTPServer, model: ChatModel) -> None:
        self._server = server
        self.model = model

    def says(self, text: str, call: ToolCall | None = None) -> None:
        deltas: list[dict[str, Any]] = [{"content": f"{word} "} for word in text.split()]
        if call:
            function = {"name": call.name, "arguments": json.dumps(call.arguments)}
            deltas.append({"tool_calls": [{"index": 0, "id": call.id, "function": function}]})
        pieces: list[dict[str, Any]] = [
            {"model": "m-1", "choices": [{"index": 0, "delta": d}]} for d in deltas
        ]
        pieces.append({"model": "m-1", "choices": [], "usage": {"total_tokens": 7}})
        body = "".join(f"data: {json.dumps(piece)}\n\n" for piece in pieces)
        self._server.expect_oneshot_request("/v1/chat/completions").respond_with_response(
            Response(f"{body}data: [DONE]\n\n", content_type="text/event-stream")
        )

    def breaks(self) -> None:
        self._server.expect_oneshot_request("/v1/chat/completions").respond_with_data(
            "busy", status=503
        )


@pytest.fixture(params=["fake", "server"])
async def stage(request: pytest.FixtureRequest, httpserver: HTTPServer) -> AsyncIterator[_Stage]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield _Fake()
        return
    address = httpserver.url_for("/v1")
    async with ChatModel(clock=FakeClock(), key=SecretStr("k"), base_url=address) as model:
        yield _Served(httpserver, model)


async def _read(stage: _Stage, *tools: Tool) -> list[Chunk]:
    return [chunk async for chunk in stage.model.answer(AGENT, ASKED, tools)]


async def test_an_answer_comes_in_parts_and_ends_with_its_usage(stage: _Stage) -> None:
    """The parts together are the text; each names the model that really answered."""
    stage.says("It is up.")

    chunks = await _read(stage)

    assert len(chunks) > 2
    assert "".join(chunk.text for chunk in chunks).strip() == "It is up."
    assert {chunk.model for chunk in chunks} == {"m-1"}
    assert sum(chunk.tokens for chunk in chunks) == chunks[-1].tokens == 7


async def test_tool_calls_come_whole_at_the_end(stage: _Stage) -> None:
    """Nobody sees half a call."""
    stage.says("Let me look.", CALL)

    chunks = await _read(stage, STATUS)

    assert chunks[-1].tool_calls == (CALL,)
    assert not any(chunk.tool_calls for chunk in chunks[:-1])


async def test_an_outage_is_unavailable_and_the_next_answer_comes(stage: _Stage) -> None:
    """One failure is not remembered against the next question."""
    stage.breaks()
    stage.says("Again.")

    with pytest.raises(Unavailable):
        await _read(stage)
    assert "".join(chunk.text for chunk in await _read(stage)).strip() == "Again."


async def test_a_model_that_can_answer_is_enabled(stage: _Stage) -> None:
    """Being configured is known without asking."""
    stage.says("Yes.")

    assert stage.model.enabled
