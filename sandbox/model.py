"""A scripted chat-completions model: it quotes the documents it is given, and calls a tool."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.world import World

KEY: Final = "sandbox-model-key"
NAME: Final = "gpt-4o-mini"
SHORT: Final = 12
"""Characters below which nothing is a sentence worth quoting."""
QUOTED: Final = 3
_DOCUMENT = re.compile(r"\[(\d+)\] (\S+)\n<document>\n(.*?)\n</document>", re.DOTALL)
_LIVE = re.compile(r"\b(status|running|replicas|version|healthy|up|now)\b", re.IGNORECASE)


class ModelEmulator:
    """Streams answers built only from what is in the prompt; no knowledge of its own."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> web.Application:
        """Return the routes under OPENAI_BASE_URL."""
        app = web.Application()
        app.router.add_get("/models", self._models)
        app.router.add_post("/chat/completions", self._complete)
        return app

    async def _models(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a route
        if self._world.faults.model:
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        return web.json_response({"object": "list", "data": [{"id": NAME, "object": "model"}]})

    async def _complete(self, request: web.Request) -> web.StreamResponse:
        if self._world.faults.model:
            return web.json_response({"error": {"message": "overloaded"}}, status=503)
        body = await request.json()
        turn = self._turn(body)
        if not body.get("stream"):
            message = {"role": "assistant", **turn}
            choice = {"index": 0, "message": message, "finish_reason": "stop"}
            return web.json_response({**_envelope("chat.completion"), "choices": [choice]})
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in _pieces(turn):
            await response.write(b"data: " + json.dumps(piece).encode() + b"\n\n")
        await response.write(b"data: [DONE]\n\n")
        return response

    def _turn(self, body: dict[str, Any]) -> dict[str, Any]:
        messages = body["messages"]
        asked = next((m["content"] for m in messages if m["role"] == "user"), "")
        question = asked.rsplit("Question:", 1)[-1].strip()
        results = [m["content"] for m in messages if m["role"] == "tool"]
        service = next((n for n in self._world.discovery.services if n in question), None)
        if body.get("tools") and not results and service and _LIVE.search(question):
            call = {"name": "status", "arguments": json.dumps({"service": service})}
            return {"tool_calls": [{"id": "call_1", "type": "function", "function": call}]}
        return {"content": _answer(asked, question, results)}


def _answer(asked: str, question: str, results: list[str]) -> str:
    """Quote the best sentence of the documents, and the facts of a tool's result."""
    parts = []
    for result in results:
        try:
            facts = json.loads(result)
            replicas = facts.get("replicas") or {}
            parts.append(
                f"{facts['service']} is {facts['state']} with version {facts['version']}, "
                f"{replicas.get('ready')}/{replicas.get('desired')} replicas ready."
            )
        except (ValueError, KeyError, AttributeError):
            parts.append("The live state could not be read.")
    sentence = _best_sentence(asked, question)
    if sentence:
        parts.append(sentence)
    return " ".join(parts) or "I do not know: nothing in the documents fits the question."


def _best_sentence(asked: str, question: str) -> str:
    """Quote the section whose heading the question names, else the sentence that fits best."""
    wanted = set(_words(question))
    documents = [(n, path, _sentences(text)) for n, path, text in _DOCUMENT.findall(asked)]
    for number, path, sentences in documents:
        if wanted & set(_words(path.partition("#")[2])) and sentences:
            return f"{' '.join(sentences[:QUOTED])} [{number}]"
    counts = Counter(word for _, _, found in documents for s in found for word in set(_words(s)))

    def fits(candidate: tuple[str, str]) -> float:
        number, sentence = candidate
        return sum(1 / counts[word] for word in set(_words(sentence)) & wanted) / int(number)

    candidates = [(number, sentence) for number, _, found in documents for sentence in found]
    best = max(candidates, key=fits, default=("", ""))
    return f"{best[1]} [{best[0]}]" if set(_words(best[1])) & wanted else ""


def _sentences(text: str) -> list[str]:
    """Split at the ends of sentences and before the points of a list, which stay whole."""
    flat = re.sub(r"\s*\n\s*(?=(?:[0-9]+\.|[-*]) )", "\n", text)
    lines = [re.sub(r"^(?:[0-9]+\.|[-*]) ", "", line) for line in flat.splitlines()]
    joined = "\n".join(line.strip() for line in lines if line.strip())
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+|\n\n", joined) if len(part) > SHORT]


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z]{4,}", text.lower())


def _envelope(kind: str) -> dict[str, Any]:
    return {"id": "chatcmpl-sandbox", "object": kind, "created": 0, "model": NAME}


def _pieces(turn: dict[str, Any]) -> Iterator[dict[str, Any]]:
    kind = "chat.completion.chunk"

    def piece(delta: dict[str, Any], end: str | None = None) -> dict[str, Any]:
        choice = {"index": 0, "delta": delta, "finish_reason": end}
        return {**_envelope(kind), "choices": [choice]}

    yield piece({"role": "assistant", "content": ""})
    for place, call in enumerate(turn.get("tool_calls", [])):
        yield piece({"tool_calls": [{"index": place, **call}]})
    words = re.findall(r"\S+\s*", turn.get("content", ""))
    for start in range(0, len(words), 3):
        yield piece({"content": "".join(words[start : start + 3])})
    yield piece({}, "tool_calls" if turn.get("tool_calls") else "stop")
    usage = {
        "prompt_tokens": 200,
        "completion_tokens": len(words),
        "total_tokens": 200 + len(words),
    }
    yield {**_envelope(kind), "choices": [], "usage": usage}
