"""A language model behind any chat-completions address, through OpenAI's client."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any, Self

from integrations.circuit import Circuit
from integrations.completion import Assembly, wire_messages, wire_tools
from integrations.model_refusal import is_about, model_refusal
from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence

    from openai import AsyncOpenAI
    from pydantic import SecretStr

    from tgk.discovery import Agent
    from tgk.ports.model import Chunk, Message, Tool
    from tgk.ports.time import Clock

SYSTEM = "The model"
_OPENAI = "https://api.openai.com/v1"
_MOST_BYTES = 8 * 1024 * 1024


class ChatModel:
    """Implements Model; each agent may have an address of its own, the key goes to all of them.

    An answer ends within ``deadline`` seconds and ``longest`` characters or is an error;
    ``pause`` is the longest silence of the server.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        key: SecretStr | None = None,
        base_url: str = "",
        agents: Iterable[Agent] = (),
        deadline: float = 60.0,
        pause: float = 20.0,
        longest: int = 20_000,
    ) -> None:
        self._clock = clock
        self._key = key if key is not None and key.get_secret_value() else None
        self._base_url = base_url
        self._any_address = bool(base_url) or any(agent.base_url for agent in agents)
        self._deadline = deadline
        self._pause = pause
        self._longest = longest
        self._clients: dict[str, AsyncOpenAI] = {}
        self._circuits: dict[str, Circuit] = {}
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *ended: object) -> None:
        for client in self._clients.values():
            await client.close()
        self._clients.clear()

    @property
    def enabled(self) -> bool:
        """Whether a key or an address is configured at all."""
        return self._key is not None or self._any_address

    async def answer(
        self, agent: Agent, messages: Sequence[Message], tools: Sequence[Tool] = ()
    ) -> AsyncIterator[Chunk]:
        """Stream one answer: text as it comes, then tool calls and usage in a last chunk."""
        address = self._address(agent)
        circuit = self._circuits.setdefault(address, Circuit(SYSTEM, self._clock))
        until = self._clock.monotonic() + self._deadline
        assembly = Assembly(SYSTEM, tools, longest=self._longest)
        with circuit.call():
            request = _request(agent, messages, tools)
            async with aclosing(self._pieces(address, request, until)) as pieces:
                async for piece in pieces:
                    chunk = assembly.add(piece)
                    if chunk is not None:
                        yield chunk
            yield assembly.end()

    async def _pieces(
        self, address: str, request: dict[str, Any], until: float
    ) -> AsyncGenerator[object, None]:
        """Yield the pieces as plain data; every failure becomes Unavailable or Rejected."""
        # No limit stands around a yield: it would end whoever reads, not the server.
        client = await self._client(address)
        stream = await self._within(until, _opened(client, request))
        try:
            while True:
                self._require_time(until)
                piece = await self._within(until, anext(stream, None))
                if piece is None:
                    return
                yield _plain(piece)
        finally:
            await stream.close()

    def _require_time(self, until: float) -> None:
        """Raise when the deadline has passed; pieces that lie ready would never meet a timer."""
        if self._clock.monotonic() >= until:
            raise Unavailable(SYSTEM, f"It did not finish within {self._deadline:g} s.")

    async def _within(self, until: float, step: Any) -> Any:
        from openai import OpenAIError

        left = max(0.0, until - self._clock.monotonic())
        try:
            async with asyncio.timeout(left):
                return await step
        except TimeoutError as error:
            why = f"It did not finish within {self._deadline:g} s."
            raise Unavailable(SYSTEM, why) from error
        except OpenAIError as error:
            raise model_refusal(SYSTEM, error, self._hide) from error
        except (ValueError, RecursionError):
            # The cause quotes the answer, which may be long and foreign.
            why = "It answered with something that is not JSON."
            raise Rejected(SYSTEM, why, remedy="Check the address of the model.") from None

    async def _client(self, address: str) -> AsyncOpenAI:
        async with self._opening:
            if address not in self._clients:
                # The import and the certificates take long enough to be felt by everybody.
                self._clients[address] = await asyncio.to_thread(self._connected, address)
            return self._clients[address]

    def _connected(self, address: str) -> AsyncOpenAI:
        import httpx2
        import openai

        from integrations.bounded import BoundedTransport

        timeout = httpx2.Timeout(self._pause, connect=5.0)
        client = openai.AsyncOpenAI(
            api_key=self._key.get_secret_value() if self._key else "none",
            base_url=address,
            max_retries=0,
            timeout=timeout,
            default_headers={"Accept-Encoding": "identity"},
            http_client=httpx2.AsyncClient(
                transport=BoundedTransport(SYSTEM, _MOST_BYTES),
                timeout=timeout,
                follow_redirects=False,
                trust_env=False,
            ),
        )
        _ = client.chat.completions  # imported at first use
        return client

    def _address(self, agent: Agent) -> str:
        address = agent.base_url or self._base_url or (_OPENAI if self._key else "")
        if not address.startswith(("http://", "https://")):
            raise Rejected(
                SYSTEM,
                "It has no address." if not address else "Its address is not a web address.",
                remedy="Set OPENAI_API_KEY, OPENAI_BASE_URL, or the agent's base_url in"
                " discovery.yml.",
            )
        return address

    def _hide(self, text: str) -> str:
        return text.replace(self._key.get_secret_value(), "[hidden]") if self._key else text


async def _opened(client: AsyncOpenAI, request: dict[str, Any]) -> Any:
    """Send the request; older servers refuse to count tokens, and are asked without."""
    from openai import APIStatusError

    try:
        return await client.chat.completions.create(
            **request, stream_options={"include_usage": True}
        )
    except APIStatusError as error:
        if not is_about(error, "stream_options"):
            raise
    return await client.chat.completions.create(**request)


def _request(agent: Agent, messages: Sequence[Message], tools: Sequence[Tool]) -> dict[str, Any]:
    request: dict[str, Any] = {
        "model": agent.model,
        "messages": wire_messages(messages),
        "stream": True,
    }
    return {**request, "tools": wire_tools(tools)} if tools else request


def _plain(piece: Any) -> object:
    # The client builds its records unchecked, and would warn of what does not fit them.
    return piece.model_dump(warnings=False) if hasattr(piece, "model_dump") else piece
