"""Providers in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from tgk.errors import ConfigurationInvalid
from tgk.ports.providers import ProviderProgress, ProviderResult
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tgk.ports.providers import Argument, Arguments, Watch


@dataclass(frozen=True, slots=True)
class Invoked:
    """One call that had an effect."""

    command: str
    arguments: dict[str, Argument]
    key: str


class FakeProviders:
    """Implements Providers: everything succeeds at once, unless ``ends`` says otherwise.

    ``bound`` limits the commands that somebody does; failures come from ``faults``.
    """

    def __init__(self, *, bound: Collection[str] | None = None) -> None:
        self.bound = bound
        self.faults = Faults()
        self.invoked: list[Invoked] = []
        self.looks = 0
        """How often anything was invoked, repeated keys included."""
        self._ends: dict[str, list[ProviderResult]] = {}

    def ends(self, command: str, *results: ProviderResult) -> None:
        """Let a command end so, one result a call; the last one stays."""
        self._ends[command] = list(results)

    def plan(self, command: str, arguments: Arguments) -> str:
        """Write the command and its arguments in a line."""
        self._require(command)
        given = ", ".join(f"{name}={value}" for name, value in sorted(arguments.items()))
        return f"{command} with {given}"

    async def reach(self, command: str) -> str:
        """Return the only one who does anything here."""
        self._require(command)
        self.faults.check()
        return "the fake"

    async def invoke(
        self, command: str, arguments: Arguments, *, key: str, watch: Watch
    ) -> ProviderResult:
        """Remember the call, once for each key, and return what was ordered."""
        self._require(command)
        self.faults.check()
        self.looks += 1
        await watch(ProviderProgress(note="under way", total=1))
        if all((one.command, one.key) != (command, key) for one in self.invoked):
            self.invoked.append(Invoked(command, dict(arguments), key))
        return self._next(command)

    def of(self, command: str) -> Sequence[Invoked]:
        """Return the calls of one command."""
        return [one for one in self.invoked if one.command == command]

    def _next(self, command: str) -> ProviderResult:
        ordered = self._ends.get(command, [])
        if len(ordered) > 1:
            return ordered.pop(0)
        return ordered[0] if ordered else ProviderResult(success=True, summary="done")

    def _require(self, command: str) -> None:
        if self.bound is not None and command not in self.bound:
            fault = f"providers has no `{command}` in discovery.yml"
            raise ConfigurationInvalid(f"Nobody does /{command} here.", [fault])
