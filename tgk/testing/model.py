"""A model that says what a test tells it to."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import TgkError, Unavailable
from tgk.ports.model import Chunk

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

    from tgk.discovery import Agent
    from tgk.ports.model import Message, Tool, ToolCall


@dataclass(frozen=True, slots=True)
class Question:
    """What a model was asked."""

    agent: Agent
    messages: tuple[Message, ...]
    tools: tuple[Tool, ...]


class FakeModel:
    """Implements Model with scripted answers; off until it has been given one."""

    def __init__(self, *answers: str) -> None:
        self.asked: list[Question] = []
        self._script: deque[tuple[Chunk, ...] | TgkError] = deque()
        self._enabled = False
        for answer in answers:
            self.says(answer)

    @property
    def enabled(self) -> bool:
        """Whether it was given something to say."""
        return self._enabled

    def says(
        self,
        text: str = "",
        *,
        tool_calls: Sequence[ToolCall] = (),
        model: str = "fake-model",
        tokens: int = 7,
    ) -> None:
        """Answer the next question so: the text word by word, then the calls."""
        self._enabled = True
        words = [Chunk(text=word, model=model) for word in text.split(" ") if word]
        spaced = [
            Chunk(text=f" {chunk.text}" if place else chunk.text, model=model)
            for place, chunk in enumerate(words)
        ]
        end = Chunk(model=model, tool_calls=tuple(tool_calls), tokens=tokens)
        self._script.append((*spaced, end))

    def fails(self, error: TgkError) -> None:
        """Raise this at the next question."""
        self._enabled = True
        self._script.append(error)

    async def answer(
        self, agent: Agent, messages: Sequence[Message], tools: Sequence[Tool] = ()
    ) -> AsyncIterator[Chunk]:
        """Stream the next scripted answer; Unavailable when there is none."""
        self.asked.append(Question(agent, tuple(messages), tuple(tools)))
        turn = self._script.popleft() if self._script else None
        if turn is None:
            raise Unavailable("the model", "It has nothing left to say.")
        if isinstance(turn, TgkError):
            raise turn
        for chunk in turn:
            yield chunk
