"""A language model behind any chat-completions address."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from tgk.discovery import Agent


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A read-only command that the model would like to see the answer of."""

    id: str
    name: str
    arguments: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Message:
    """One turn. Tool turns carry the id they answer."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""


@dataclass(frozen=True, slots=True)
class Tool:
    """A command offered to the model, with the JSON Schema of its arguments."""

    name: str
    description: str
    schema: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of an answer: text so far arrives in parts, tool calls and usage at the end."""

    text: str = ""
    model: str = ""
    """The name the server answered with, not the one asked for."""
    tool_calls: tuple[ToolCall, ...] = field(default=())
    tokens: int = 0


class Model(Protocol):
    """Raises Unavailable and Rejected as errors.py says; never retries once text has been shown."""

    @property
    def enabled(self) -> bool:
        """Whether a key or an address is configured at all."""

    def answer(
        self, agent: Agent, messages: Sequence[Message], tools: Sequence[Tool] = ()
    ) -> AsyncIterator[Chunk]:
        """Stream one answer."""
