"""What people ask of playbooks before anything runs: to read, check, mend, plan and keep them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, TypeAlias

from orchestration.playbook.check import checked
from orchestration.playbook.exports import as_annotations, as_sarif
from orchestration.playbook.fix import mend
from orchestration.playbook.load import load
from orchestration.playbook.rendering import as_text
from orchestration.playbook.secret_places import offered
from orchestration.runs.authority import faulty, surroundings
from orchestration.runs.estate import Estate
from orchestration.shelf.gates import Gates, KnownTrees, commands_gate
from orchestration.shelf.outline import outline
from orchestration.shelf.outside import Outside
from orchestration.shelf.planning import Planner, assumed
from tgk.errors import ConfigurationInvalid
from tgk.ports.playbooks import (
    ORIGINS,
    Entry,
    Examination,
    Finding,
    Gate,
    Plan,
    Simulation,
    Source,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.load import Loaded
    from orchestration.playbook.model import Parameter, Playbook
    from orchestration.runs.voters import Electorate
    from orchestration.shelf.files import Files
    from orchestration.shelf.reading import Kept
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.guard import Directory
    from tgk.ports.playbooks import TemplateName
    from tgk.ports.runs import RunRequest, RunView


Stamps: TypeAlias = tuple[tuple["Path", tuple[int, int]], ...]


class Shelf:
    """Implements Playbooks on files; ``templates`` is the folder of texts to begin with."""

    def __init__(
        self,
        files: Files,
        templates: Path,
        admission: Admission,
        outside: Outside | None = None,
        directory: Directory | None = None,
        *,
        electorate: Electorate | None = None,
    ) -> None:
        self._files = files
        self._electorate = electorate
        self._templates = templates
        self._admission = admission
        self._gates = Gates(admission, outside or Outside(), directory)
        self._listed: tuple[Stamps, tuple[Entry, ...]] = ((), ())

    async def entries(self) -> tuple[Entry, ...]:
        """Return all, by name; one that cannot be read is listed with its errors."""
        return await asyncio.to_thread(self._entries)

    def _entries(self) -> tuple[Entry, ...]:
        """Check all, once for each change of any: whoever completes a name asks at every key."""
        found = self._files.all()
        stamps = tuple((kept.path, kept.stamp) for kept in found.values())
        if stamps != self._listed[0]:
            books = _trees(found)
            self._listed = stamps, tuple(self._entry(each, books) for each in found.values())
        return self._listed[1]

    async def source(self, name: str) -> Source:
        """Return the text of one."""
        kept = await self._one(name)
        text = kept.text.decode(errors="replace")
        return Source(name=kept.name, file=kept.path.name, text=text, origin=kept.origin)

    async def save(self, name: str, text: str, *, who: str, replace: bool = True) -> Entry:
        """Keep a text as a draft, and what it replaces beside it.

        Raises Conflict for a name that another origin has, and without ``replace`` another draft.
        """
        kept = await asyncio.to_thread(self._files.save, name, text, who=who, replace=replace)
        return self._entry(kept, self._books())

    async def publish(self, name: str, text: str, *, who: str) -> Entry:  # noqa: ARG002 - audited
        """Make a draft one of our own, if this is still its text.

        Raises ConfigurationInvalid while it has errors, Conflict for another text by now, and
        where it would take the file of another playbook.
        """
        kept = await self._one(name)
        sound = load(text.encode(), kept.path.name)  # judged by what it may do from then on
        faults = [one for one in self._judged(sound, self._books()) if one.severity == "error"]
        if faults:
            listed = [f"{kept.path.name}:{one.span.line}: {one.message}" for one in faults]
            remedy = f"Mend it, and look with /orchestrate validate {name}."
            raise ConfigurationInvalid(f"{name} is not published.", listed, remedy=remedy)
        kept = await asyncio.to_thread(self._files.publish, name, text)
        return self._entry(kept, self._books())

    async def mend(self, name: str, text: str) -> Entry:
        """Replace the text of one that is ours to write; raises Refused for a shipped one."""
        kept = await asyncio.to_thread(self._files.mend, name, text)
        return self._entry(kept, self._books())

    async def examine(
        self, name: str, *, caller: Caller, environment: str = "", dependencies: bool = False
    ) -> Examination:
        """Check one; with ``dependencies`` also what it needs outside its own text."""
        kept = await self._one(name)
        found = self._found(kept)
        if dependencies and self._electorate and kept.loaded.playbook:
            found = (*found, *self._unapprovable(kept.loaded.playbook, self._electorate, caller))
        file = kept.loaded.source.file
        mended = mend(kept.text, file, surroundings(self._admission, self._books()))
        changed = bool(mended.diff)
        book, draft = kept.loaded.playbook, kept.origin == "draft"
        gates: tuple[Gate, ...] = ()
        provided: tuple[str, ...] = ()
        if dependencies and book:
            values, _ = assumed(book, environment)
            trees = KnownTrees(self._books())
            provided = self._gates.provided(book, trees)
            more = await self._gates.of(book, trees, values, caller)
            gates = (commands_gate(book, found), *more, *self._gates.triggers(book, trees, values))
        return Examination(
            name=kept.name,
            file=file,
            findings=tuple(_finding(one) for one in found),
            text=as_text(found, kept.loaded.source, draft=draft) if found else "",
            sarif=json.loads(as_sarif(found, file)),
            annotations=tuple(as_annotations(found, file).splitlines()),
            gates=gates,
            draft=draft,
            triggers=self._lacking(book),
            provided=provided,
            fixed=mended.text if changed else "",
            diff=mended.diff,
        )

    def _lacking(self, book: Playbook | None) -> str:
        """Return why its own triggers start nothing; empty where they do, or it has none."""
        if book is None:
            return ""
        values, _ = assumed(book, "")
        found = self._gates.triggers(book, KnownTrees(self._books()), values)
        return "; ".join(gate.note for gate in found if not gate.passed)

    def _unapprovable(
        self, book: Playbook, electorate: Electorate, caller: Caller
    ) -> tuple[Diagnostic, ...]:
        """Return the approvals that nobody could give, also in what it plays."""
        own = electorate.impossible(book, caller, self._admission)
        return (
            *own,
            *electorate.impossible_inside(book, self._books(), caller, self._admission),
        )

    async def plan(self, request: RunRequest, caller: Caller) -> Plan:
        """Ask every gate that can be asked here, and walk; raises InvalidRequest."""
        kept, book = await self._sound(request.playbook)
        draft = kept.origin == "draft"
        way = f": /orchestrate publish {kept.name} lets it run" if draft else ""
        first = Gate(name="published", passed=not draft, note=f"{ORIGINS[kept.origin]}{way}")
        return await self._planner().plan(book, request, caller, first=first)

    async def simulate(self, name: str, *, environment: str = "", outcomes: str = "") -> Simulation:
        """Walk through a run of which only the environment is given; raises InvalidRequest."""
        _, book = await self._sound(name)
        return self._planner().simulate(book, environment, outcomes)

    def _planner(self) -> Planner:
        people = self._electorate.people if self._electorate else None
        estate = Estate(self._admission.discovery, people)
        return Planner(self._admission, self._gates, self._books(), estate)

    async def _sound(self, name: str) -> tuple[Kept, Playbook]:
        """Return a playbook that has no errors; raises ConfigurationInvalid with all of them."""
        kept = await self._one(name)
        errors = [one for one in self._found(kept) if one.severity == "error"]
        if kept.loaded.playbook is None or errors:
            listed = [f"{kept.path.name}:{one.span.line}: {one.message}" for one in errors]
            raise faulty(name, listed)
        return kept, kept.loaded.playbook

    def _books(self) -> dict[str, Playbook]:
        return _trees(self._files.all())

    async def outline(self, name: str, caller: Caller, *, now: datetime) -> RunView | None:
        """Return one as a run that has not begun, to be drawn; None where it cannot be read."""
        book = (await self._one(name)).loaded.playbook
        return outline(book, self._books(), caller, now) if book and book.steps else None

    def template(self, template: TemplateName, *, name: str, description: str) -> str:
        """Return the text of a new playbook, its first lines naming it."""
        text = (self._templates / f"{template}.yml").read_text(encoding="utf-8")
        lines = text.splitlines()
        named = [f"name: {name}" if line.startswith("name:") else line for line in lines]
        if description:
            told = json.dumps(description, ensure_ascii=False)
            named = [
                f"description: {told}" if line.startswith("description:") else line
                for line in named
            ]
        return "\n".join(named) + "\n"

    def _found(self, kept: Kept) -> tuple[Diagnostic, ...]:
        """Return what the loader and, where a tree is left, the checker say."""
        return self._judged(kept.loaded, self._books())

    def _judged(self, loaded: Loaded, known: Mapping[str, Playbook]) -> tuple[Diagnostic, ...]:
        if loaded.playbook is None:
            return loaded.diagnostics
        around = surroundings(self._admission, known)
        return (*loaded.diagnostics, *checked(loaded.playbook, around))

    async def _one(self, name: str) -> Kept:
        return await asyncio.to_thread(self._files.one, name)

    def _entry(self, kept: Kept, books: Mapping[str, Playbook]) -> Entry:
        found, book = self._judged(kept.loaded, books), kept.loaded.playbook
        return Entry(
            name=kept.name,
            description=book.description if book else "",
            category=book.category if book else "",
            version=book.version if book else "",
            origin=kept.origin,
            file=str(kept.path),
            steps=len(book.steps) if book else 0,
            parameters=tuple(_wanted(each, book) for each in book.parameters) if book else (),
            errors=sum(one.severity == "error" for one in found),
            warnings=sum(one.severity == "warning" for one in found),
        )


def _trees(found: Mapping[str, Kept]) -> dict[str, Playbook]:
    """Return every playbook that can be read."""
    trees = {name: kept.loaded.playbook for name, kept in found.items()}
    return {name: tree for name, tree in trees.items() if tree is not None}


def _finding(one: Diagnostic) -> Finding:
    return Finding(
        code=one.code,
        severity=one.severity,
        line=one.span.line,
        column=one.span.column,
        message=one.message,
        help=one.help,
    )


def _wanted(parameter: Parameter, playbook: Playbook) -> Wanted:
    secret = parameter.type == "secret"
    return Wanted(
        name=parameter.name,
        type=parameter.type,
        required=parameter.required,
        default=str(parameter.default) if parameter.has_default else "",
        description=parameter.description,
        choices=offered(parameter, playbook) if secret else tuple(map(str, parameter.choices)),
    )
