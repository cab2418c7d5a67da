"""What people ask of playbooks before anything runs: to read, check, mend, plan and keep them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from orchestration.playbook.check import Surroundings, check
from orchestration.playbook.exports import as_annotations, as_sarif
from orchestration.playbook.expression import UNKNOWN
from orchestration.playbook.fix import mend
from orchestration.playbook.load import load
from orchestration.playbook.rendering import as_text
from orchestration.runs.authority import reached, require
from orchestration.runs.neighbours import beside
from orchestration.runs.parameters import given
from orchestration.runs.wording import took
from orchestration.shelf.calls import calls, lines_of
from orchestration.shelf.limits import Clockwork
from orchestration.shelf.outline import outline
from orchestration.shelf.outside import Outside
from orchestration.shelf.scenario import scenario
from orchestration.shelf.simulation import End
from orchestration.shelf.simulation import Simulation as Walked
from tgk.errors import ConfigurationInvalid, Denied, TgkError
from tgk.ports.playbooks import (
    Entry,
    Examination,
    Finding,
    Gate,
    OutcomeRow,
    Plan,
    PlanRow,
    Simulation,
    Source,
    Wanted,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.load import Loaded
    from orchestration.playbook.model import Parameter, Playbook
    from orchestration.shelf.files import Files
    from orchestration.shelf.reading import Kept
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.ports.playbooks import TemplateName
    from tgk.ports.runs import RunRequest, RunView


_ENDS: dict[End, Literal["succeeds", "fails", "depends"]] = {
    "on": "succeeds", "perhaps": "depends", "stop": "fails",
}  # fmt: skip


class Shelf:
    """Implements Playbooks on files; ``templates`` is the folder of texts to begin with."""

    def __init__(
        self, files: Files, templates: Path, admission: Admission, outside: Outside | None = None
    ) -> None:
        self._files = files
        self._templates = templates
        self._admission = admission
        self._outside = outside or Outside()

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
        sound = load(kept.text, kept.path.name)  # judged by what it may do from then on
        faults = [one for one in self._judged(sound) if one.severity == "error"]
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
        gates: tuple[Gate, ...] = ()
        if dependencies and book:
            values, _ = _assumed(book, environment)
            gates = (*_commands(book, found), *await self._gates(book, values, caller))
        return Examination(
            name=kept.name,
            file=file,
            findings=tuple(_finding(one) for one in found),
            text=as_text(found, kept.loaded.source) if found else "",
            sarif=json.loads(as_sarif(found, file)),
            annotations=tuple(as_annotations(found, file).splitlines()),
            gates=gates,
            fixed=mended.text if changed else "",
            diff=mended.diff,
        )

    async def plan(self, request: RunRequest, caller: Caller) -> Plan:
        """Ask every gate that can be asked here, and walk; raises InvalidRequest."""
        kept, book = await self._sound(request.playbook)
        if request.parallel:
            book = beside(book, self._admission.registry)
        raw = dict(request.parameters)
        if request.environment and any(each.name == "environment" for each in book.parameters):
            raw.setdefault("environment", request.environment)
        values = given(book, raw)
        walked, _ = self._walked(book, values, "")
        draft = Gate(name="published", passed=kept.origin != "draft", note=kept.origin)
        named = Gate(
            name="parameters", passed=True, note=f"{len(values)} are given or have defaults"
        )
        return Plan(
            playbook=book.name,
            digest=book.digest,
            parameters=values,
            gates=(draft, named, *await self._gates(book, values, caller)),
            rows=tuple(_plain(row) for row in walked.rows),
            calls=tuple(calls(self._reached(book), walked, self._admission)),
            locks=tuple(lock.text(walked.scenario.scope) for lock in book.locks),
            longest=walked.clockwork.run(book).within(request.timeout).whole,
        )

    async def simulate(self, name: str, *, environment: str = "", outcomes: str = "") -> Simulation:
        """Walk through a run of which only the environment is given; raises InvalidRequest."""
        _, book = await self._sound(name)
        values, unknown = _assumed(book, environment)
        walked, end = self._walked(book, values, outcomes)
        longest = walked.clockwork.run(book)
        rows = tuple(walked.rows)
        return Simulation(
            playbook=book.name,
            digest=book.digest,
            parameters={key: value for key, value in values.items() if key not in unknown},
            unknown=unknown,
            assumed=outcomes,
            rows=rows,
            ends=_ENDS[end],
            longest=longest.whole,
            waiting=longest.people,
            unlimited=tuple(row.path for row in rows if row.path and row.longest is None),
            unreached=tuple(
                row.path for row in rows if row.path and row.state in ("skipped", "unreached")
            ),
        )

    def _walked(
        self, book: Playbook, values: Mapping[str, object], outcomes: str
    ) -> tuple[Walked, End]:
        facts = {"timestamp": UNKNOWN, "run": {"id": UNKNOWN, "playbook": book.name}}
        found = scenario(book, {**facts, **values}, outcomes)
        clockwork = Clockwork({**book.variables, **values}, self._books())
        walked = Walked(book, found, clockwork)
        return walked, walked.run()

    async def _sound(self, name: str) -> tuple[Kept, Playbook]:
        """Return a playbook that has no errors; raises ConfigurationInvalid with all of them."""
        kept = await self._one(name)
        errors = [one for one in self._found(kept) if one.severity == "error"]
        if kept.loaded.playbook is None or errors:
            listed = [f"{kept.path.name}:{one.span.line}: {one.message}" for one in errors]
            raise ConfigurationInvalid(f"{name} cannot be run.", listed)
        return kept, kept.loaded.playbook

    def _books(self) -> dict[str, Playbook]:
        trees = {name: kept.loaded.playbook for name, kept in self._files.all().items()}
        return {name: tree for name, tree in trees.items() if tree is not None}

    def _reached(self, book: Playbook) -> tuple[Playbook, ...]:
        try:
            return tuple(reached(book, _Known(self._books())).values())
        except TgkError:
            return (book,)

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

    async def _gates(
        self, book: Playbook, values: Mapping[str, object], caller: Caller
    ) -> tuple[Gate, ...]:
        """Ask what a start would ask: sub-playbooks, commands and rights; then who else is told."""
        try:
            books = reached(book, _Known(self._books()))
        except TgkError as error:
            return (Gate(name="sub-playbooks", passed=False, note=str(error)),)
        played = ", ".join(name for name in books if name != book.name)
        gates = [Gate(name="sub-playbooks", passed=True, note=played or "none")]
        try:
            require(books, values, caller, self._admission)
        except Denied as error:
            gates.append(Gate(name="rights", passed=False, note=error.why))
        except ConfigurationInvalid as error:
            gates.append(Gate(name="commands", passed=False, note=str(error)))
        else:
            gates.append(Gate(name="rights", passed=True, note=f"{caller.person} may do all of it"))
        for each in books.values():
            gates += await self._asked_outside(each, values)
        return tuple(gates)

    async def _asked_outside(
        self, book: Playbook, values: Mapping[str, object]
    ) -> tuple[Gate, ...]:
        """Look outside; for a draft nobody is called and no secret is fetched."""
        if not book.draft:
            return await self._outside.gates(book, values)
        if not (book.secrets or book.integrations):
            return ()
        return (Gate(name="outside", passed=None, note="asked once it is published"),)

    def _found(self, kept: Kept) -> tuple[Diagnostic, ...]:
        """Return what the loader and, where a tree is left, the checker say."""
        return self._judged(kept.loaded)

    def _judged(self, loaded: Loaded) -> tuple[Diagnostic, ...]:
        if loaded.playbook is None:
            return loaded.diagnostics
        registry, known = self._admission.registry, self._books()
        more = check(loaded.playbook, registry=registry, known_playbooks=known)
        return (*loaded.diagnostics, *more)

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


def _assumed(book: Playbook, environment: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what is known without being given anything, and what is required and not known."""
    named = any(each.name == "environment" for each in book.parameters)
    raw = {"environment": environment} if environment and named else {}
    unknown = tuple(
        each.name
        for each in book.parameters
        if each.required and not each.has_default and each.name not in raw
    )
    optional = replace(
        book, parameters=tuple(each for each in book.parameters if each.name not in unknown)
    )
    return {**given(optional, raw), **dict.fromkeys(unknown, UNKNOWN)}, unknown


def _commands(book: Playbook, found: Sequence[Diagnostic]) -> Iterator[Gate]:
    """Yield whether every command and option of the playbook exists."""
    names = sorted({f"/{line.name}" for line in lines_of(book)})
    bad = [one.message for one in found if one.code.startswith("E04")]
    yield Gate(name="commands", passed=not bad, note="; ".join(bad) or ", ".join(names) or "none")


def _plain(row: OutcomeRow) -> PlanRow:
    """Return a row of a simulation for a plan."""
    notes = [row.note] if row.note else []
    if row.attempts > 1:
        notes.append(f"up to {row.attempts} attempts")
    if row.longest:
        notes.append(f"at most {took(row.longest)}")
    state = "skipped" if row.state == "unreached" else row.state
    return PlanRow(
        path=row.path, depth=row.depth, what=row.what, state=state, note=" · ".join(notes)
    )


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
