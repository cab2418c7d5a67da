"""What people ask of playbooks before anything runs: to read, check, mend, plan and keep them."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING

from orchestration.playbook.check import Surroundings, check
from orchestration.playbook.exports import as_annotations, as_sarif
from orchestration.playbook.fix import mend
from orchestration.playbook.rendering import as_text
from orchestration.runs.authority import reached, require
from orchestration.runs.parameters import given
from orchestration.shelf.walkthrough import rows
from tgk.errors import ConfigurationInvalid, Denied, TgkError
from tgk.ports.playbooks import Entry, Examination, Finding, Gate, Plan, Source, Wanted

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.model import Parameter, Playbook
    from orchestration.shelf.files import Files, Kept
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.ports.playbooks import TemplateName
    from tgk.ports.runs import RunRequest


class Shelf:
    """Implements Playbooks on files; ``templates`` is the folder of texts to begin with."""

    def __init__(self, files: Files, templates: Path, admission: Admission) -> None:
        self._files = files
        self._templates = templates
        self._admission = admission

    async def entries(self) -> tuple[Entry, ...]:
        """Return all, by name; one that cannot be read is listed with its errors."""
        return tuple(self._entry(kept) for kept in (await self._all()).values())

    async def source(self, name: str) -> Source:
        """Return the text of one."""
        kept = await self._one(name)
        text = kept.text.decode(errors="replace")
        return Source(name=kept.name, file=kept.path.name, text=text, origin=kept.origin)

    async def save(self, name: str, text: str, *, who: str) -> Entry:  # noqa: ARG002 - audited
        """Keep a text as a draft; raises Conflict for a name that is taken by another origin."""
        return self._entry(await asyncio.to_thread(self._files.save, name, text))

    async def publish(self, name: str, *, who: str) -> Entry:  # noqa: ARG002 - audited
        """Make a draft one of our own; raises ConfigurationInvalid while it has errors."""
        kept = await self._one(name)
        faults = [one for one in self._found(kept) if one.severity == "error"]
        if faults:
            listed = [f"{kept.path.name}:{one.span.line}: {one.message}" for one in faults]
            raise ConfigurationInvalid(f"{name} is not published.", listed)
        return self._entry(await asyncio.to_thread(self._files.publish, name))

    async def mend(self, name: str, text: str) -> Entry:
        """Replace the text of one that is ours to write; raises Refused for a shipped one."""
        return self._entry(await asyncio.to_thread(self._files.mend, name, text))

    async def examine(
        self, name: str, *, caller: Caller, environment: str = "", dependencies: bool = False
    ) -> Examination:
        """Check one; with ``dependencies`` also what it needs outside its own text."""
        kept = await self._one(name)
        found = self._found(kept)
        file = kept.path.name
        mended = mend(kept.text, file, Surroundings(registry=self._admission.registry))
        changed = bool(mended.diff)
        book = kept.loaded.playbook
        values: Mapping[str, object] = {"environment": environment} if environment else {}
        return Examination(
            name=kept.name,
            file=file,
            findings=tuple(_finding(one) for one in found),
            text=as_text(found, kept.loaded.source) if found else "",
            sarif=json.loads(as_sarif(found, file)),
            annotations=tuple(as_annotations(found, file).splitlines()),
            gates=self._gates(book, values, caller) if dependencies and book else (),
            fixed=mended.text if changed else "",
            diff=mended.diff,
        )

    async def plan(self, request: RunRequest, caller: Caller, *, outcomes: str = "") -> Plan:
        """Walk through a run without doing it; raises InvalidRequest naming every fault."""
        kept = await self._one(request.playbook)
        book = kept.loaded.playbook
        errors = [one for one in self._found(kept) if one.severity == "error"]
        if book is None or errors:
            listed = [f"{kept.path.name}:{one.span.line}: {one.message}" for one in errors]
            raise ConfigurationInvalid(f"{request.playbook} cannot be run.", listed)
        raw = dict(request.parameters)
        if request.environment and any(each.name == "environment" for each in book.parameters):
            raw.setdefault("environment", request.environment)
        values = given(book, raw)
        shown, longest = rows(book, values, outcomes)
        draft = Gate(name="published", passed=kept.origin != "draft", note=kept.origin)
        return Plan(
            playbook=book.name,
            digest=book.digest,
            parameters=values,
            gates=(draft, *self._gates(book, values, caller)),
            rows=shown,
            longest=longest,
        )

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

    def _gates(
        self, book: Playbook, values: Mapping[str, object], caller: Caller
    ) -> tuple[Gate, ...]:
        """Ask what a start would ask: sub-playbooks, and the rights of the caller."""
        names = {kept.name: kept.loaded.playbook for kept in self._files.all().values()}
        known = {name: found for name, found in names.items() if found is not None}
        try:
            books = reached(book, _Known(known))
        except TgkError as error:
            return (Gate(name="sub-playbooks", passed=False, note=str(error)),)
        played = ", ".join(name for name in books if name != book.name)
        gates = [Gate(name="sub-playbooks", passed=True, note=played)]
        try:
            require(books, values, caller, self._admission)
        except Denied as error:
            gates.append(Gate(name="rights", passed=False, note=error.why))
        except ConfigurationInvalid as error:
            gates.append(Gate(name="commands", passed=False, note=str(error)))
        else:
            gates.append(Gate(name="rights", passed=True, note=f"all of {caller.person}"))
        return tuple(gates)

    def _found(self, kept: Kept) -> tuple[Diagnostic, ...]:
        """Return what the loader and, where a tree is left, the checker say."""
        book = kept.loaded.playbook
        if book is None:
            return kept.loaded.diagnostics
        trees = {each.name: each.loaded.playbook for each in self._files.all().values()}
        known = {name: tree for name, tree in trees.items() if tree is not None}
        more = check(book, registry=self._admission.registry, known_playbooks=known)
        return (*kept.loaded.diagnostics, *more)

    async def _all(self) -> dict[str, Kept]:
        return await asyncio.to_thread(self._files.all)

    async def _one(self, name: str) -> Kept:
        return await asyncio.to_thread(self._files.one, name)

    def _entry(self, kept: Kept) -> Entry:
        found, book = self._found(kept), kept.loaded.playbook
        return Entry(
            name=kept.name,
            description=book.description if book else "",
            category=book.category if book else "",
            version=book.version if book else "",
            origin=kept.origin,
            file=kept.path.name,
            steps=len(book.steps) if book else 0,
            parameters=tuple(_wanted(each) for each in book.parameters) if book else (),
            errors=sum(one.severity == "error" for one in found),
            warnings=sum(one.severity == "warning" for one in found),
        )


class _Known:
    """The playbooks of one look at the shelf."""

    def __init__(self, known: Mapping[str, Playbook]) -> None:
        self._known = known

    def get(self, name: str) -> Playbook:
        """Return one; raises ConfigurationInvalid."""
        if name not in self._known:
            raise ConfigurationInvalid(f"There is no playbook {name}.", [])
        return self._known[name]

    def names(self) -> tuple[str, ...]:
        """Return all names."""
        return tuple(self._known)

    def source(self, name: str) -> bytes:
        """Return nothing: a look only needs trees."""
        raise NotImplementedError(name)


def _finding(one: Diagnostic) -> Finding:
    return Finding(
        code=one.code,
        severity=one.severity,
        line=one.span.line,
        column=one.span.column,
        message=one.message,
        help=one.help,
    )


def _wanted(parameter: Parameter) -> Wanted:
    return Wanted(
        name=parameter.name,
        type=parameter.type,
        required=parameter.required,
        default=str(parameter.default) if parameter.has_default else "",
        description=parameter.description,
        choices=tuple(str(each) for each in parameter.choices),
    )
