"""What every kind of provider is given, and what it must be able to say and do."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from tgk.ports.providers import Arguments, ProviderResult, Watch


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One invocation of one command."""

    command: str
    arguments: Arguments
    key: str
    watch: Watch


class Body(Protocol):
    """Does one command in one way."""

    def plan(self, arguments: Arguments) -> str:
        """Say in one line what would be done; raises what can be known beforehand."""

    async def invoke(self, call: Call) -> ProviderResult:
        """Do it and stay with it to its end."""

    async def aclose(self) -> None:
        """Let go of connections."""


def found(answer: Any, path: str) -> Any:
    """Return what stands at a path such as ``links.0.self`` of an answer, None where nothing."""
    for step in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(step)
        elif isinstance(answer, list) and step.isdigit() and int(step) < len(answer):
            answer = answer[int(step)]
        else:
            return None
    return answer


def web_address(value: object) -> str:
    """Return an address that may become a link, empty for anything else."""
    text = value if isinstance(value, str) else ""
    is_link = text.startswith(("https://", "http://")) and not any(c.isspace() for c in text)
    return text if is_link else ""
