"""``/orchestrate library``: what could be run, to read, search, export and import."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field, StringConstraints

from commands.orchestrate.create import MOST_TEXT
from orchestration.playbook.load import load
from tgk.command import command
from tgk.context import Context
from tgk.options import FileText, PlaybookName, Request, Rest
from tgk.ports.playbooks import ORIGINS
from tgk.reply import Action, Fact, Facts, Log, Plain, Reply, Table
from tgk.suggest import nearest

if TYPE_CHECKING:
    from tgk.ports.playbooks import Entry, Source

_COMMAND = "orchestrate library"
_BUTTONS = 4
_UNNAMED = "unnamed.yml"
"""What a text without a name of its own would be called after."""

File = Annotated[str, StringConstraints(max_length=MOST_TEXT), FileText(), Rest()]


class Library(Request):
    """List and search playbooks, export one, and import one as a draft."""

    list: bool = Field(default=False, description="all of them; so it does without options")
    category: Literal["deployment", "maintenance", "security", "recovery"] | None = Field(
        default=None, description="only this kind"
    )
    search: Annotated[str, StringConstraints(max_length=100)] = Field(
        default="", description="words in name, description or parameters"
    )
    export: PlaybookName | None = Field(default=None, description="show the file of this one")
    format: Literal["yaml"] = Field(default="yaml", description="of the export")
    replace: bool = Field(default=False, description="import over a draft of that name")
    import_: Annotated[str, StringConstraints(max_length=MOST_TEXT), FileText(), Rest()] | None = (
        Field(default=None, description="a file to keep as a draft")
    )


def _other(request: Library) -> tuple[str, dict[str, object]] | None:
    """Return the command that an import is: a change, with a permission of its own."""
    if not request.import_:
        return None
    book = load(request.import_.encode(), _UNNAMED, draft=True).playbook
    named = {"name": book.name} if book and f"{book.name}.yml" != _UNNAMED else {}
    over = {"replace": True} if request.replace else {}
    return "orchestrate import", {**named, **over, "text": request.import_}


@command(_COMMAND, permission="orchestrate", instead=_other)
async def library(request: Library, context: Context) -> Reply:
    """Show the shelf, or one file of it."""
    shelf = context.backends.playbooks
    if request.export:
        source = await shelf.source(request.export)
        lines = tuple(source.text.splitlines())
        return Reply(
            topic="orchestrate",
            title=source.name,
            subtitle=ORIGINS[source.origin],
            blocks=(Log(lines=lines, filename=f"{source.name}.yml", document=True),),
            actions=_ways(source),
            plain=Plain(headline=source.name, lines=lines),
            data=source.model_dump(mode="json"),
        )
    entries = await shelf.entries()
    found = tuple(each for each in entries if _fits(each, request))
    near = nearest(request.search, _vocabulary(entries)) if not found else ()
    return _shelf(found, near)


def _vocabulary(entries: tuple[Entry, ...]) -> tuple[str, ...]:
    """Return what could have been meant by a search: names first, then every other word."""
    words = (word for each in entries for word in re.findall(r"[a-z]{4,}", _words(each)))
    return tuple(dict.fromkeys([*(each.name for each in entries), *words]))


def _words(entry: Entry) -> str:
    """Return what a search looks at."""
    told = f"{entry.name} {entry.description} {entry.category} " + " ".join(
        f"{each.name} {each.description} {' '.join(each.choices)}" for each in entry.parameters
    )
    return told.casefold()


def _fits(entry: Entry, request: Library) -> bool:
    if request.category and entry.category != request.category:
        return False
    return all(word in _words(entry) for word in request.search.casefold().split())


def _shelf(found: tuple[Entry, ...], near: tuple[str, ...] = ()) -> Reply:
    rows = tuple((each.name, each.category, _state(each), _told(each)) for each in found)
    title = _counted(len(rows))
    advice = f"Did you mean {near[0]}?" if near else "/orchestrate create makes one."
    return Reply(
        topic="orchestrate",
        title=title,
        blocks=(Table(columns=("Playbook", "Kind", "", "What it does"), rows=rows),)
        if rows else (Facts(facts=(Fact(label="Do", value=advice),)),),
        actions=tuple(
            Action(label=each.name, command=_COMMAND, arguments={"export": each.name})
            for each in found[:_BUTTONS]
        ),
        plain=Plain(
            headline=title, lines=tuple(_in_a_line(each) for each in found) or (advice,)
        ),
        data={"playbooks": [each.model_dump(mode="json") for each in found]},
    )  # fmt: skip


def _counted(number: int) -> str:
    return {0: "No playbooks", 1: "1 playbook"}.get(number, f"{number} playbooks")


def _state(entry: Entry) -> str:
    wrong = {0: "", 1: "1 error"}.get(entry.errors, f"{entry.errors} errors")
    return ", ".join(part for part in ("draft" if entry.origin == "draft" else "", wrong) if part)


def _told(entry: Entry) -> str:
    """Return what one does; of one that cannot run, what to do about it."""
    if not entry.errors:
        return entry.description
    return f"cannot run: /orchestrate validate {entry.name}"


def _in_a_line(entry: Entry) -> str:
    marks = ", ".join(part for part in (entry.category, _state(entry)) if part)
    return f"{entry.name}{f' ({marks})' if marks else ''}: {_told(entry)}".removesuffix(": ")


def _ways(source: Source) -> tuple[Action, ...]:
    """Return what can be done with one; a draft is built on instead of being run."""
    given = {"playbook": source.name}
    last = (
        Action(label="Go on building", command="orchestrate build", arguments=given)
        if source.origin == "draft"
        else Action(label="Run", command="orchestrate run", arguments=given, style="primary")
    )
    return (
        Action(label="Validate", command="orchestrate validate", arguments=given),
        Action(label="Dry run", command="orchestrate run", arguments={**given, "dry_run": True}),
        last,
    )
