"""What all heralds share: what a playbook sets, and how it is posted."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

from integrations.heralds.address import posted, reached
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from integrations.http import Answer
    from integrations.providers.filling import Variable
    from orchestration.playbook.model import Integration, RunEvent
    from tgk.ports.runs import RunView
    from tgk.ports.time import Clock


def unset(name: str) -> SecretStr | None:  # noqa: ARG001 - the shape of a reader of variables
    """Return nothing: no variable of the environment is set."""
    return None


class PostingHerald(ABC):
    """Implements Herald by posting JSON; what it raises is Unavailable or Rejected."""

    system: ClassVar[str]

    def __init__(
        self, clock: Clock, variable: Variable = unset, *, simulated: bool = False
    ) -> None:
        self._simulated = simulated
        self._clock = clock
        self._variable = variable

    async def tell(
        self,
        integration: Integration,  # noqa: ARG002 - named by the protocol
        event: RunEvent,
        run: RunView,
        settings: Mapping[str, str],
    ) -> None:
        """Tell it, where this event is worth a word; ``settings`` are not kept."""
        await self.say(event, run, settings)

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Look whether the host answers, and whether everything is there to be let in."""
        await reached(self.system, self.address(settings))

    @abstractmethod
    async def say(self, event: RunEvent, run: RunView, settings: Mapping[str, str]) -> None:
        """Post what there is to say of an event."""

    @abstractmethod
    def address(self, settings: Mapping[str, str]) -> str:
        """Return where it is posted; raises Rejected for settings that lack something."""

    async def post(
        self, address: str, body: Any, headers: Mapping[str, str | SecretStr] | None = None
    ) -> Answer:
        """Post JSON and return the answer."""
        return await posted(self.system, address, body, clock=self._clock, headers=headers)

    def needed(self, settings: Mapping[str, str], name: str) -> str:
        """Return a setting; raises Rejected where the playbook has none."""
        found = settings.get(name, "").strip()
        if not found:
            raise Rejected(self.system, f"The playbook names no {name}.")
        return found


def is_on(settings: Mapping[str, str], name: str) -> bool:
    """Say whether something is wished for; it is, unless the playbook says otherwise."""
    return settings.get(name, "true").strip().casefold() != "false"


def words(text: str) -> list[str]:
    """Return the words of a setting that takes several, by commas."""
    return [word for part in text.split(",") if (word := part.strip())]
