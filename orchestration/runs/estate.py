"""Names that a run is given: environments, components, services and people that there are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tgk.errors import ArgumentFault, InvalidRequest
from tgk.suggest import enumerated, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from orchestration.playbook.model import Playbook
    from tgk.discovery import Discovery

_MOST_NAMED = 8


@dataclass(frozen=True, slots=True)
class Estate:
    """What there is, by discovery.yml and the policy."""

    discovery: Discovery
    people: Callable[[str], tuple[str, ...]] | None = None
    """Returns who is meant by a name; without it every person is believed."""

    def named(self, playbook: Playbook, values: Mapping[str, Any], command: str) -> dict[str, Any]:
        """Refuse names of nothing before anything runs, and return the rest by their own names.

        Raises InvalidRequest naming each.
        """
        found = (
            self.fault(each.name, each.type, values.get(each.name)) for each in playbook.parameters
        )
        faults = [fault for fault in found if fault]
        if faults:
            raise InvalidRequest(command, faults)
        return self.own_names(playbook, values)

    def own_names(self, playbook: Playbook, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the values with environments by the names that conditions compare them with."""
        places = {each.name for each in playbook.parameters if each.type == "environment"}
        return {
            name: self.discovery.place_named(value)
            if name in places and isinstance(value, str)
            else value
            for name, value in values.items()
        }

    def fault(self, name: str, kind: str, value: object) -> ArgumentFault | None:
        """Say what is wrong with the value of a parameter of this type; None where nothing is."""
        if not isinstance(value, str) or not value:
            return None
        if kind == "user":
            unknown = self.people is not None and self.people(value) != (value,)
            message = f'there is nobody called "{value}"'
            return ArgumentFault(name, message, declared=True) if unknown else None
        names = self._names(kind)
        if names is None or self._meant(kind, value) in names:
            return None
        near = nearest(value, names)
        hint = f"did you mean {near[0]}?" if near else f"known: {enumerated(names, _MOST_NAMED)}"
        return ArgumentFault(name, f'there is no {kind} "{value}"; {hint}', near, declared=True)

    def _names(self, kind: str) -> tuple[str, ...] | None:
        named = {
            "environment": self.discovery.places,
            "component": self.discovery.components,
            "service": self.discovery.components,
        }
        return named.get(kind)

    def _meant(self, kind: str, value: str) -> str:
        return self.discovery.place_named(value) if kind == "environment" else value
