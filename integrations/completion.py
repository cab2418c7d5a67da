"""The chat-completions format: what is sent to a model and what its pieces mean."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError

from tgk.errors import Rejected
from tgk.ports.model import Chunk, ToolCall

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tgk.ports.model import Message, Tool

_UNFIT = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST_NAME = 64
_MOST_CALLS = 16


class _Piece(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class _Function(_Piece):
    name: str | None = None
    arguments: str | None = None


class _CallPart(_Piece):
    index: int = 0
    id: str | None = None
    function: _Function | None = None


class _Delta(_Piece):
    content: str | None = None
    tool_calls: list[_CallPart] | None = None


class _Choice(_Piece):
    delta: _Delta | None = None


class _Usage(_Piece):
    total_tokens: int = 0


class _Completion(_Piece):
    model: str | None = None
    choices: list[_Choice] | None = None
    usage: _Usage | None = None


class Assembly:
    """One answer as its pieces arrive; raises Rejected for pieces that make no sense.

    ``longest`` bounds the characters of text and arguments together.
    """

    def __init__(self, system: str, tools: Iterable[Tool], *, longest: int) -> None:
        self._system = system
        self._names = {wire_name(tool.name): tool.name for tool in tools}
        self._left = longest
        self._longest = longest
        self._calls: dict[int, dict[str, str]] = {}
        self._tokens = 0
        self._model = ""
        self._began = False

    def add(self, piece: object) -> Chunk | None:
        """Take in a piece as the server sent it; returns what can be shown of it."""
        try:
            found = _Completion.model_validate(piece)
        except ValidationError:
            # The cause quotes the answer, which may be long and foreign.
            raise self._unreadable("It answered in a shape that is not known here.") from None
        self._began = True
        self._model = _shown(found.model) or self._model
        self._tokens = found.usage.total_tokens if found.usage else self._tokens
        deltas = [choice.delta for choice in (found.choices or [])[:1] if choice.delta]
        for part in (part for delta in deltas for part in delta.tool_calls or []):
            self._add_call(part)
        text = "".join(delta.content or "" for delta in deltas)
        self._count(text)
        return Chunk(text=text, model=self._model) if text else None

    def end(self) -> Chunk:
        """Return tool calls and usage, once there are no more pieces."""
        if not self._began:
            raise self._unreadable("It answered with something that is no chat completion.")
        calls = tuple(self._call(index, parts) for index, parts in sorted(self._calls.items()))
        return Chunk(model=self._model, tool_calls=calls, tokens=self._tokens)

    def _add_call(self, part: _CallPart) -> None:
        call = self._calls.setdefault(part.index, {"id": "", "name": "", "arguments": ""})
        if len(self._calls) > _MOST_CALLS:
            raise self._unreadable(f"It asked for more than {_MOST_CALLS} commands at once.")
        given = part.function or _Function()
        pieces = {"id": part.id, "name": given.name, "arguments": given.arguments}
        for key, value in pieces.items():
            call[key] += value or ""
            self._count(value or "")

    def _call(self, index: int, parts: Mapping[str, str]) -> ToolCall:
        try:
            arguments = json.loads(parts["arguments"] or "{}")
        except (ValueError, RecursionError) as error:
            raise self._unreadable("It asked for a command with broken arguments.") from error
        if not isinstance(arguments, dict):
            raise self._unreadable("It asked for a command with broken arguments.")
        name = self._names.get(parts["name"], parts["name"])
        return ToolCall(id=parts["id"] or f"call_{index}", name=name, arguments=arguments)

    def _count(self, text: str) -> None:
        self._left -= len(text)
        if self._left < 0:
            raise self._unreadable(f"It answered with more than {self._longest} characters.")

    def _unreadable(self, why: str) -> Rejected:
        return Rejected(self._system, why, remedy="Ask again, or check the address of the model.")


def wire_name(name: str) -> str:
    """Return a command's name in the letters that the format allows."""
    return _UNFIT.sub("_", name)[:_LONGEST_NAME]


def wire_messages(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """Return the turns as the format writes them."""
    return [_message(message) for message in messages]


def wire_tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Return the offered commands as the format writes them."""
    return [
        {
            "type": "function",
            "function": {
                "name": wire_name(tool.name),
                "description": tool.description,
                "parameters": dict(tool.schema),
            },
        }
        for tool in tools
    ]


def _message(message: Message) -> dict[str, Any]:
    turn: dict[str, Any] = {"role": message.role, "content": message.content}
    if message.tool_call_id:
        turn["tool_call_id"] = message.tool_call_id
    if message.tool_calls:
        turn["tool_calls"] = [
            {
                "id": call.id,
                "type": "function",
                "function": {
                    "name": wire_name(call.name),
                    "arguments": json.dumps(dict(call.arguments)),
                },
            }
            for call in message.tool_calls
        ]
    return turn


def _shown(name: str | None) -> str:
    return "".join(letter for letter in (name or "") if letter.isprintable())[:_LONGEST_NAME]
