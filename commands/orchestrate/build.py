"""``/orchestrate build``: a draft put together step by step, with its picture after every one."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from orchestration.runs.picture import graph
from orchestration.shelf.building import NewStep, StepKind, added, without_last
from tgk.command import PlaybookName, Request, command
from tgk.context import Context
from tgk.errors import Refused
from tgk.ports.playbooks import Entry
from tgk.reply import Action, Blank, Fact, Facts, Log, Plain, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tgk.ports.playbooks import Examination
    from tgk.reply import Block

_COMMAND = "orchestrate build"
_Lines = Annotated[str, StringConstraints(max_length=4000)]
_NAME = Blank(name="step", description="its name, such as deploy-api")
_WAYS: tuple[tuple[str, StepKind, tuple[Blank, ...]], ...] = (
    ("Add a command…", "command", (
        _NAME, Blank(name="lines", description="such as /infra deploy --component api"),
    )),
    ("Add steps at once…", "parallel", (
        _NAME, Blank(name="lines", description="two commands or more, one a line"),
    )),
    ("Add a condition…", "conditional", (
        _NAME, Blank(name="what", description='such as environment == "production"'),
        Blank(name="lines", description="commands if it holds, one a line"),
    )),
    ("Add a loop…", "foreach", (
        _NAME, Blank(name="what", description="items, such as eu, us; or ${components}"),
        Blank(name="lines", description="commands for each ${item}, one a line"),
    )),
    ("Add a question…", "approval", (
        _NAME, Blank(name="what", description="what the council is asked"),
    )),
    ("Add a wait…", "wait", (_NAME, Blank(name="what", description="how long, such as 5m"))),
)  # fmt: skip


class Build(Request):
    """Add a step to a draft, or take its last one away; without either show its picture."""

    playbook: PlaybookName = Field(description="which draft")
    add: StepKind | None = Field(default=None, description="a step of this kind, at the end")
    step: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="its name, such as deploy-api"
    )
    lines: _Lines = Field(default="", description="commands, one a line")
    what: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="question, time, condition or items, by the kind"
    )
    otherwise: _Lines = Field(default="", description="commands if the condition does not hold")
    remove: bool = Field(default=False, description="take the last step away")


@command(_COMMAND, permission="orchestrate", effect="change")
async def build(request: Build, context: Context) -> Reply:
    """Change the text of the draft by one step, and draw it."""
    shelf = context.backends.playbooks
    source = await shelf.source(request.playbook)
    if source.origin != "draft":
        raise Refused(
            f"{request.playbook} is not built on.",
            why="Only drafts are.",
            remedy=f"/orchestrate library --export {request.playbook} shows its text.",
        )

    async def change() -> Entry:
        text = (await shelf.source(request.playbook)).text
        text = without_last(text) if request.remove else text
        text = added(text, _new(request)) if request.add else text
        return await shelf.save(request.playbook, text, who=context.caller.person)

    if request.add or request.remove:
        await context.steps.once("build", change, Entry)
    return await builder(request.playbook, context)


async def builder(name: str, context: Context) -> Reply:
    """Return the card of a draft: its picture, its text, what is wrong, and what can be added."""
    shelf, now = context.backends.playbooks, context.clock.now()
    source = await shelf.source(name)
    found = await shelf.examine(name, caller=context.caller)
    view = await shelf.outline(name, context.caller, now=now)
    blocks: list[Block] = [Facts(facts=tuple(_facts(found)))]
    if view is not None:
        blocks.append(graph(view, now=now))
    blocks.append(Log(lines=tuple(source.text.splitlines()), filename=f"{name}.yml"))
    title = f"{name}: {len(view.steps) if view else 0} steps"
    return Reply(
        topic="orchestrate",
        title=title,
        tone="warning" if found.errors else "ok",
        blocks=tuple(blocks),
        actions=tuple(_actions(name, source.text, found)),
        plain=Plain(headline=title, lines=tuple(source.text.splitlines())),
        data={
            "name": name, "text": source.text, "errors": found.errors,
            "findings": [each.model_dump() for each in found.findings],
        },
    )  # fmt: skip


def _new(request: Build) -> NewStep:
    return NewStep(
        kind=request.add or "command",
        name=request.step.strip(),
        lines=_each(request.lines),
        what=request.what.strip(),
        otherwise=_each(request.otherwise),
    )


def _each(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def _facts(found: Examination) -> Iterator[Fact]:
    yield Fact(label="File", value=found.file, code=True)
    for each in found.findings[:3]:
        yield Fact(label=f"Line {each.line}", value=f"{each.message} {each.help}".strip())


def _actions(name: str, text: str, found: Examination) -> Iterator[Action]:
    given = {"playbook": name}
    for label, kind, blanks in _WAYS:
        yield Action(
            label=label, command=_COMMAND, arguments={**given, "add": kind},
            asks=tuple(blank.name for blank in blanks), blanks=blanks,
        )  # fmt: skip
    yield Action(label="Take the last away", command=_COMMAND, arguments={**given, "remove": True})
    yield Action(
        label="Simulate", command="orchestrate validate", arguments={**given, "simulate": True}
    )
    if not found.errors:
        digest = sha256(text.encode()).hexdigest()[:16]
        yield Action(
            label="Publish", command="orchestrate publish",
            arguments={**given, "digest": digest}, style="success",
        )  # fmt: skip
