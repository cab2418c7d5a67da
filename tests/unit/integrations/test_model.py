"""The client of a language model, against servers that stream, stall and lie."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from werkzeug import Request, Response

from integrations.model import ChatModel
from tgk.discovery import Agent
from tgk.errors import Rejected, Unavailable
from tgk.ports.model import Chunk, Message, Tool, ToolCall
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable, Iterator

    from pytest_httpserver import HTTPServer

PATH = "/v1/chat/completions"
AGENT = Agent(model="small", prompt="Be brief.")
ASKED = (Message("system", "Be brief."), Message("user", "Is it up?"))
TOOLS = (
    Tool("status", "Report state", {"type": "object", "properties": {}}),
    Tool("orchestrate status", "Report runs", {"type": "object", "properties": {}}),
)


def _piece(delta: dict[str, Any] | None = None, **more: Any) -> str:
    choices = [{"index": 0, "delta": delta, "finish_reason": None}] if delta is not None else []
    piece = {
        "id": "chatcmpl-123",
        "object": "chat.completion.chunk",
        "created": 1694268190,
        "model": "small-2026-01-01",
        "choices": choices,
        **more,
    }
    return f"data: {json.dumps(piece)}\n\n"


def _says(*texts: str) -> Iterator[str]:
    yield _piece({"role": "assistant", "content": ""})
    for text in texts:
        yield _piece({"content": text})
    yield _piece(usage={"prompt_tokens": 19, "completion_tokens": 10, "total_tokens": 29})
    yield "data: [DONE]\n\n"


def _calls(*parts: dict[str, Any]) -> Iterator[str]:
    for part in parts:
        yield _piece({"tool_calls": [part]})
    yield "data: [DONE]\n\n"


def _part(index: int = 0, **more: Any) -> dict[str, Any]:
    function = {key: more.pop(key) for key in ("name", "arguments") if key in more}
    return {"index": index, "function": function, **more}


def _serve(server: HTTPServer, body: Iterable[str | bytes]) -> None:
    parts = (part.encode() if isinstance(part, str) else part for part in body)
    server.expect_request(PATH, method="POST").respond_with_response(
        Response(parts, content_type="text/event-stream")
    )


def _refuse(server: HTTPServer, status: int, error: Any, **headers: str) -> None:
    server.expect_request(PATH).respond_with_json({"error": error}, status=status, headers=headers)


@pytest.fixture
def clock() -> FakeClock:
    """Return a clock that a test moves."""
    return FakeClock()


@pytest.fixture
async def model(httpserver: HTTPServer, clock: FakeClock) -> AsyncIterator[ChatModel]:
    """Connect to the local server."""
    async with ChatModel(
        clock=clock,
        key=SecretStr("sk-secret"),
        base_url=httpserver.url_for("/v1"),
        pause=5,
        longest=5000,
    ) as connected:
        yield connected


async def _read(model: ChatModel, tools: tuple[Tool, ...] = ()) -> list[Chunk]:
    return [chunk async for chunk in model.answer(AGENT, ASKED, tools)]


async def test_an_answer_streams_with_the_name_that_the_server_gives(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Text comes in parts; usage comes last; the configured name is not claimed."""
    _serve(httpserver, _says("It ", "is up."))

    chunks = await _read(model)

    assert chunks == [
        Chunk(text="It ", model="small-2026-01-01"),
        Chunk(text="is up.", model="small-2026-01-01"),
        Chunk(model="small-2026-01-01", tokens=29),
    ]


async def test_the_question_is_sent_as_the_format_wants_it(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Turns, tools with allowed names, and the key."""
    _serve(httpserver, _says("ok"))
    call = ToolCall("call_1", "orchestrate status", {"all": True})
    turns = (
        *ASKED,
        Message("assistant", "", (call,)),
        Message("tool", "{}", tool_call_id="call_1"),
    )

    _ = [chunk async for chunk in model.answer(AGENT, turns, TOOLS)]

    request = httpserver.log[0][0]
    sent = json.loads(request.data)
    assert request.headers["Authorization"] == "Bearer sk-secret"
    assert (sent["model"], sent["stream"]) == ("small", True)
    assert sent["messages"][1] == {"role": "user", "content": "Is it up?"}
    assert sent["messages"][2]["tool_calls"] == [
        {
            "id": "call_1",
            "type": "function",
            "function": {"name": "orchestrate_status", "arguments": '{"all": true}'},
        }
    ]
    assert sent["messages"][3] == {"role": "tool", "content": "{}", "tool_call_id": "call_1"}
    names = [tool["function"]["name"] for tool in sent["tools"]]
    assert names == ["status", "orchestrate_status"]


async def test_tool_calls_are_put_together_from_their_parts(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Arguments arrive in pieces and interleaved; names become ours again."""
    _serve(
        httpserver,
        _calls(
            _part(0, id="call_a", type="function", name="status", arguments=""),
            _part(0, arguments='{"service": "event'),
            _part(1, id="call_b", name="orchestrate_status", arguments=""),
            _part(0, arguments='-gateway"}'),
        ),
    )

    chunks = await _read(model, TOOLS)

    assert chunks[-1].tool_calls == (
        ToolCall("call_a", "status", {"service": "event-gateway"}),
        ToolCall("call_b", "orchestrate status", {}),
    )


async def test_a_tool_that_was_not_offered_is_named_as_asked_for(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Whoever asked decides about it; it never turns into one that was offered."""
    _serve(httpserver, _calls(_part(name="scale", arguments='{"replicas": 0}')))

    (end,) = await _read(model, TOOLS)

    assert end.tool_calls == (ToolCall("call_0", "scale", {"replicas": 0}),)


@pytest.mark.parametrize(
    ("status", "error", "words"),
    [
        (401, {"message": "Incorrect API key provided: sk-secret"}, "OPENAI_API_KEY"),
        (403, {"message": "no"}, "another model"),
        (404, {"message": "no such model", "code": "model_not_found"}, "Check model"),
        (400, {"message": "bad temperature sk-secret"}, "bad temperature [hidden]"),
        (413, {"message": "too long"}, "fewer words"),
        (422, "text", "422"),
        (429, {"message": "quota", "code": "insufficient_quota"}, "no credit"),
        (307, None, "not followed"),
    ],
)
async def test_a_refusal_says_what_to_do(
    httpserver: HTTPServer, model: ChatModel, status: int, error: Any, words: str
) -> None:
    """Each status has its meaning, is asked once, and never quotes the key."""
    _refuse(httpserver, status, error, location=httpserver.url_for("/elsewhere"))

    with pytest.raises(Rejected) as refused:
        await _read(model)

    assert refused.value.status == status
    assert words in str(refused.value)
    assert "sk-secret" not in str(refused.value)
    assert len(httpserver.log) == 1


@pytest.mark.parametrize(
    ("status", "words"),
    [(429, "less often"), (408, "408"), (409, "409"), (500, "500"), (503, "503")],
)
async def test_an_outage_is_worth_another_try_later(
    httpserver: HTTPServer, model: ChatModel, status: int, words: str
) -> None:
    """It is not tried again here: whoever asked decides."""
    _refuse(httpserver, status, {"message": "busy"})

    with pytest.raises(Unavailable, match=words):
        await _read(model)
    assert len(httpserver.log) == 1


async def test_a_refusal_without_end_is_not_read_to_its_end(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Errors are bounded like answers."""
    httpserver.expect_request(PATH).respond_with_data("x" * (9 * 1024 * 1024), status=400)

    with pytest.raises(Rejected, match="bytes"):
        await _read(model)


async def test_a_limit_names_the_time_to_wait(httpserver: HTTPServer, model: ChatModel) -> None:
    """The server's own figure is handed on."""
    _refuse(httpserver, 429, {"message": "slow down"}, **{"Retry-After": "17"})

    with pytest.raises(Unavailable) as limited:
        await _read(model)
    assert limited.value.retry_after == 17


async def test_a_server_that_cannot_count_tokens_is_asked_without(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """Older gateways refuse stream_options; the answer comes all the same."""

    def older(request: Request) -> Response:
        if "stream_options" in json.loads(request.data):
            refusal = {"error": {"message": "Unknown field: stream_options"}}
            return Response(json.dumps(refusal), status=400, content_type="application/json")
        return Response("".join(_says("ok")), content_type="text/event-stream")

    httpserver.expect_request(PATH).respond_with_handler(older)

    assert (await _read(model))[0].text == "ok"


GARBAGE = [
    ("data: {not json\n\n", "not JSON"),
    ("data: 5\n\n", "shape"),
    ("data: []\n\n", "shape"),
    ("data: " + "[" * 100_000 + "\n\n", "not JSON"),
    (_piece({"content": 5}), "shape"),
    (_piece({"content": ["a"]}), "shape"),
    (_piece(choices="none"), "shape"),
    (_piece({"tool_calls": [{"index": 0, "function": {"name": {"a": 1}}}]}), "shape"),
    (_piece({"tool_calls": [_part(name="status", arguments="{not json")]}), "broken arguments"),
    (_piece({"tool_calls": [_part(name="status", arguments='["a"]')]}), "broken arguments"),
    (_piece({"tool_calls": [_part(at, name="status") for at in range(17)]}), "more than 16"),
    (_piece({"content": "x" * 1_000_000}), "more than 5000 characters"),
    (_piece({"tool_calls": [_part(arguments="x" * 6000)]}), "more than 5000 characters"),
    ("data: " + "x" * (9 * 1024 * 1024), "bytes"),
]


@pytest.mark.parametrize(("body", "why"), GARBAGE, ids=range(len(GARBAGE)))
async def test_garbage_is_rejected(
    httpserver: HTTPServer, model: ChatModel, body: str, why: str
) -> None:
    """Nothing that is not an answer is shown as one, however it is wrong or large."""
    _serve(httpserver, [body, "data: [DONE]\n\n"])

    with pytest.raises(Rejected, match=why):
        await _read(model, TOOLS)


async def test_a_page_instead_of_a_stream_is_rejected(
    httpserver: HTTPServer, model: ChatModel
) -> None:
    """A login page of a proxy never becomes text of the model."""
    httpserver.expect_request(PATH).respond_with_data("<html>Sign in</html>")

    with pytest.raises(Rejected, match="no chat completion"):
        await _read(model)


async def test_a_compressed_answer_is_refused(httpserver: HTTPServer, model: ChatModel) -> None:
    """A few compressed bytes could stand for gigabytes."""
    httpserver.expect_request(PATH).respond_with_data(
        b"\x1f\x8b", headers={"Content-Encoding": "gzip"}
    )

    with pytest.raises(Rejected, match="compressed"):
        await _read(model)


async def test_an_error_in_the_middle_is_reported(httpserver: HTTPServer, model: ChatModel) -> None:
    """What was shown stays shown; the end is an error and not silence."""
    broken = {"error": {"message": "overloaded", "type": "server_error"}}
    _serve(httpserver, [_piece({"content": "It "}), f"data: {json.dumps(broken)}\n\n"])
    stream = model.answer(AGENT, ASKED)

    assert (await anext(stream)).text == "It "
    with pytest.raises(Unavailable, match="overloaded"):
        await anext(stream)
    assert len(httpserver.log) == 1


def _endless(stop: threading.Event, first: str, again: str) -> Iterator[bytes]:
    yield first.encode()
    while not stop.wait(0.02):
        yield again.encode()


async def test_an_answer_without_an_end_is_ended(
    httpserver: HTTPServer, model: ChatModel, clock: FakeClock
) -> None:
    """A server that drips for ever meets the deadline."""
    stop = threading.Event()
    _serve(httpserver, _endless(stop, _piece({"content": "a"}), _piece({"content": "a"})))

    stream = model.answer(AGENT, ASKED)

    for _ in range(4):
        assert (await anext(stream)).text == "a"
        await clock.advance(15)
    with pytest.raises(Unavailable, match="within 60 s"):
        await anext(stream)
    stop.set()


async def test_a_server_that_falls_silent_is_left(httpserver: HTTPServer, clock: FakeClock) -> None:
    """Silence has a bound of its own, before and within the answer."""
    stop = threading.Event()
    _serve(httpserver, _endless(stop, _piece({"content": "a"}), ""))

    async with ChatModel(clock=clock, base_url=httpserver.url_for("/v1"), pause=0.3) as model:
        try:
            with pytest.raises(Unavailable, match="silent"):
                await _read(model)
        finally:
            stop.set()


async def test_a_reader_may_stop_early(httpserver: HTTPServer, model: ChatModel) -> None:
    """The connection is given back, and the next question is answered."""
    stop = threading.Event()
    endless = _endless(stop, _piece({"content": "a"}), _piece({"content": "a"}))
    httpserver.expect_oneshot_request(PATH).respond_with_response(Response(endless))
    stream = model.answer(AGENT, ASKED)

    assert (await anext(stream)).text == "a"
    await stream.aclose()  # type: ignore[attr-defined]  # it is a generator
    stop.set()

    _serve(httpserver, _says("ok"))
    assert (await _read(model))[0].text == "ok"


async def test_a_server_that_is_not_there_is_left_alone_after_a_while(clock: FakeClock) -> None:
    """Five failures open the circuit; nobody waits for the sixth."""
    async with ChatModel(clock=clock, base_url="http://127.0.0.1:1/v1") as model:
        for _ in range(5):
            with pytest.raises(Unavailable, match="cannot be reached"):
                await _read(model)
        with pytest.raises(Unavailable, match="left alone"):
            await _read(model)


async def test_an_agent_may_live_elsewhere(clock: FakeClock, httpserver: HTTPServer) -> None:
    """Its own address is used, without a key too."""
    _serve(httpserver, _says("here"))
    local = Agent(model="local", base_url=httpserver.url_for("/v1"))

    async with ChatModel(clock=clock, base_url="http://127.0.0.1:1", agents=[local]) as model:
        chunks = [chunk async for chunk in model.answer(local, ASKED)]

    assert chunks[0].text == "here"
