"""What is asked before anything runs: playbooks, commands, rights, and what lies outside."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from orchestration.runs.authority import reached, require, strangers
from orchestration.shelf.calls import lines_of
from orchestration.triggers.rights import lacks
from orchestration.triggers.starts import service_of
from tgk.errors import ConfigurationInvalid, Denied, TgkError
from tgk.ports.playbooks import Gate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.model import Playbook
    from orchestration.runs.ports import Trees
    from orchestration.shelf.outside import Outside
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.guard import Directory


class KnownTrees:
    """Implements Trees on the playbooks of one look at the shelf."""

    def __init__(self, known: Mapping[str, Playbook]) -> None:
        self._known = known

    def get(self, name: str) -> Playbook:
        """Return one; raises ConfigurationInvalid."""
        if name not in self._known:
            raise ConfigurationInvalid(f"There is no playbook {name}.", [])
        return self._known[name]


class Gates:
    """Asks them; each answer is as things are now."""

    def __init__(
        self, admission: Admission, outside: Outside, directory: Directory | None = None
    ) -> None:
        self._admission = admission
        self._outside = outside
        self._directory = directory

    async def of(
        self, book: Playbook, trees: Trees, values: Mapping[str, object], caller: Caller
    ) -> tuple[Gate, ...]:
        """Ask what a start would ask: sub-playbooks, commands and rights; then who else is told."""
        try:
            books = reached(book, trees)
        except TgkError as error:
            return (Gate(name="sub-playbooks", passed=False, note=str(error)),)
        played = ", ".join(name for name in books if name != book.name)
        gates = [Gate(name="sub-playbooks", passed=True, note=played or "none")]
        gates.append(self._rights(books, values, caller))
        gates.append(self._names(books, book, values))
        for each in books.values():
            gates += await self._asked_outside(each, values)
        return tuple(gates)

    def provided(self, book: Playbook, trees: Trees) -> tuple[str, ...]:
        """Return the commands that are done outside; none of a draft, for which nobody is asked."""
        if book.draft:
            return ()
        try:
            books = reached(book, trees)
        except TgkError:
            return ()  # told by the gate of sub-playbooks
        lines = {line.name for each in books.values() for line in lines_of(each)}
        registry = self._admission.registry
        return tuple(name for name in sorted(lines) if name in registry and registry[name].plan)

    def triggers(
        self, book: Playbook, trees: Trees, values: Mapping[str, object]
    ) -> tuple[Gate, ...]:
        """Ask whether the playbook's own triggers could start it; nothing for one without any."""
        if not book.triggers or book.draft or self._directory is None:
            return ()
        if book.name not in self._admission.discovery.event_gateway.triggers:
            note = "not listed under event_gateway.triggers of discovery.yml: they start nothing"
            return (Gate(name="triggers", passed=None, note=note),)
        try:
            found = list(lacks(book, values, trees, self._admission, self._directory))
        except TgkError as error:
            return (Gate(name="triggers", passed=False, note=str(error)),)
        file = PurePath(book.file).name
        told = [f"{file}:{lack.line}: {lack.told}; {lack.remedy}" for lack in found]
        note = " · ".join(told) or f"{service_of(book.name)} may do all of it"
        return (Gate(name="triggers", passed=not found, note=note),)

    def _rights(
        self, books: Mapping[str, Playbook], values: Mapping[str, object], caller: Caller
    ) -> Gate:
        try:
            require(books, values, caller, self._admission)
        except Denied as error:
            return Gate(name="rights", passed=False, note=error.why)
        except ConfigurationInvalid as error:
            return Gate(name="rights", passed=False, note=str(error))
        return Gate(name="rights", passed=True, note=f"{caller.person} may do all of it")

    def _names(
        self, books: Mapping[str, Playbook], first: Playbook, values: Mapping[str, object]
    ) -> Gate:
        """Ask whether there are the services, environments and places that lines name."""
        found = [
            each
            for book in books.values()
            for each in strangers(book, values if book.name == first.name else {}, self._admission)
        ]
        return Gate(name="names", passed=not found, note="; ".join(found) or "all are known")

    async def _asked_outside(
        self, book: Playbook, values: Mapping[str, object]
    ) -> tuple[Gate, ...]:
        """Look outside; for a draft nobody is called and no secret is fetched."""
        if not book.draft:
            return await self._outside.gates(book, values)
        if not (book.secrets or book.integrations):
            return ()
        return (Gate(name="outside", passed=None, note="asked once it is published"),)


def commands_gate(book: Playbook, found: Sequence[Diagnostic]) -> Gate:
    """Return whether every command and option of the playbook exists."""
    names = sorted({f"/{line.name}" for line in lines_of(book)})
    bad = [one.message for one in found if one.code.startswith("E04")]
    return Gate(name="commands", passed=not bad, note="; ".join(bad) or ", ".join(names) or "none")
