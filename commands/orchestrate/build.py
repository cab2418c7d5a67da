"""``/orchestrate build``: a draft put together step by step, with its picture after every one."""

from __future__ import annotations

import asyncio
from typing import Annotated, Literal

from pydantic import BaseModel, Field, StringConstraints

from commands.orchestrate.builder import COMMAND, builder, step_card
from commands.orchestrate.drafting import before_last, forget, remember
from orchestration.shelf.building import added, declared, moved, removed, rewritten
from orchestration.shelf.forms import NewStep, StepKind
from tgk.command import command
from tgk.context import Context
from tgk.errors import ArgumentFault, InvalidRequest, Refused
from tgk.options import PlaybookName, Request
from tgk.ports.playbooks import Entry
from tgk.reply import Reply

_Lines = Annotated[str, StringConstraints(max_length=4000)]
_CHANGES = ("add", "edit", "text", "move", "remove", "parameter", "undo")
_OF_A_STEP = ("edit", "text", "move")


class Build(Request):
    """Add, change, move or remove a step of a draft; without any of it show its picture."""

    playbook: PlaybookName = Field(description="which draft")
    add: StepKind | None = Field(default=None, description="a step of this kind")
    step: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="", description="its name, such as deploy-api"
    )
    lines: _Lines = Field(default="", description="commands, one a line")
    what: Annotated[str, StringConstraints(max_length=500)] = Field(
        default="", description="question, time, condition or items, by the kind"
    )
    otherwise: _Lines = Field(default="", description="commands if the condition does not hold")
    remove: bool = Field(default=False, description="take the step away, or the last one")
    at: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="which step: its name, or #1 for the first without one"
    )
    edit: StepKind | None = Field(default=None, description="write the step anew, as this kind")
    text: _Lines = Field(default="", description="the step anew, as YAML")
    move: Literal["up", "down"] | None = Field(default=None, description="the step, by one place")
    parameter: bool = Field(default=False, description="add one: step names it, what describes it")
    undo: bool = Field(default=False, description="take the last change back")


class Draft(BaseModel):
    """A draft before a change, and after it."""

    before: str
    after: str


async def makes_sense(request: Build, context: Context) -> None:  # noqa: ARG001 - named by Command
    """Refuse two changes at once, and one of a step that is not named."""
    wanted = [name for name in _CHANGES if getattr(request, name)]
    if len(wanted) > 1:
        raise InvalidRequest(COMMAND, [ArgumentFault(wanted[1], f"not with {wanted[0]}")])
    if wanted and wanted[0] in _OF_A_STEP and not request.at:
        raise InvalidRequest(COMMAND, [ArgumentFault("at", f"needed with {wanted[0]}: which step")])
    if request.parameter and not request.step:
        raise InvalidRequest(COMMAND, [ArgumentFault("step", "needed: the parameter's name")])


@command(COMMAND, permission="orchestrate", effect="change", check=makes_sense)
async def build(request: Build, context: Context) -> Reply:
    """Change the text of the draft in one way, and draw it."""
    shelf = context.backends.playbooks
    source = await shelf.source(request.playbook)
    if source.origin != "draft":
        raise Refused(
            f"{request.playbook} is not built on.",
            why="Only drafts are.",
            remedy=f"/orchestrate library --export {request.playbook} shows its text.",
        )

    if any(getattr(request, name) for name in _CHANGES):
        await _change(request, context)
    elif request.at:
        return await step_card(request.playbook, request.at, context)
    return await builder(request.playbook, context)


async def _change(request: Build, context: Context) -> None:
    """Work the new text out, then write it: each once, whatever is killed in between."""
    shelf, name = context.backends.playbooks, request.playbook

    async def work_out() -> Draft:
        before = (await shelf.source(name)).text
        if request.undo:
            return Draft(before=before, after=await before_last(name, before, context))
        after = await asyncio.to_thread(_changed, before, request)
        return Draft(before=before, after=after)

    draft = await context.steps.once("text", work_out, Draft)

    async def write() -> Entry:
        if request.undo:
            await forget(name, draft.after, context)
        else:
            await remember(name, draft.before, draft.after, context)
        return await shelf.save(name, draft.after, who=context.caller.person)

    await context.steps.once("build", write, Entry)


def _changed(text: str, request: Build) -> str:
    """Return the text of the draft after the change that is asked for."""
    if request.add:
        return added(text, _form(request.add, request), after=request.at)
    if request.edit:
        return rewritten(text, request.at, _form(request.edit, request))
    if request.text:
        return rewritten(text, request.at, request.text)
    if request.move:
        return moved(text, request.at, -1 if request.move == "up" else 1)
    if request.parameter:
        return declared(text, request.step.strip(), description=request.what.strip())
    return removed(text, request.at)


def _form(kind: StepKind, request: Build) -> NewStep:
    return NewStep(
        kind=kind,
        name=request.step.strip(),
        lines=_each(request.lines),
        what=request.what.strip(),
        otherwise=_each(request.otherwise),
    )


def _each(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.splitlines() if line.strip())
