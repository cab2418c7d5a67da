"""``/orchestrate create``: a new playbook from a template, or from a text; it begins as a draft."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from pydantic import Field, StringConstraints

from commands.orchestrate.builder import builder
from commands.orchestrate.drafting import digest
from orchestration.runs.wording import counted
from tgk.command import command
from tgk.context import Context
from tgk.errors import Conflict, Refused
from tgk.options import FileText, PlaybookName, Request, Rest, Token
from tgk.plain import in_words
from tgk.ports.playbooks import Entry, TemplateName
from tgk.reply import Action, Fact, Facts, Log, Plain, Reply

if TYPE_CHECKING:
    from tgk.ports.playbooks import Examination

MOST_TEXT = 64_000


class Create(Request):
    """Make a playbook from a template; it is a draft until it is published."""

    name: PlaybookName = Field(description="how it will be called, such as nightly-restart")
    template: TemplateName = Field(default="blank", description="to begin with")
    description: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="what it is for, in one line"
    )
    interactive: bool = Field(default=False, description="add step by step, with a picture")
    validate_: bool = Field(default=False, description="check it at once")
    replace: bool = Field(default=False, description="write over a draft of that name")


class Import(Request):
    """Keep a playbook's text as a draft: no triggers, no http, no shell before it is published."""

    name: PlaybookName = Field(description="how it will be called")
    text: Annotated[str, StringConstraints(max_length=MOST_TEXT), FileText(), Rest()] = Field(
        description="the whole file"
    )
    replace: bool = Field(default=False, description="write over a draft of that name")


class Publish(Request):
    """Let a draft run: from now on its triggers and steps count."""

    playbook: PlaybookName = Field(description="which draft")
    digest: Token | None = Field(default=None, description="of the text that was read")


@command("orchestrate create", permission="orchestrate", effect="change")
async def create(request: Create, context: Context) -> Reply:
    """Write the template as a draft, and check it or go on building."""
    shelf = context.backends.playbooks
    text = shelf.template(request.template, name=request.name, description=request.description)

    async def keep() -> Entry:
        who, replace = context.caller.person, request.replace
        return await shelf.save(request.name, text, who=who, replace=replace)

    entry = await context.steps.once("save", keep, Entry)
    if request.interactive:
        return await builder(entry.name, context)
    return await _kept(entry, text, context, checked=request.validate_)


@command("orchestrate import", permission="orchestrate", effect="change")
async def import_(request: Import, context: Context) -> Reply:
    """Keep a text as a draft and say what the checker thinks of it."""

    async def keep() -> Entry:
        shelf = context.backends.playbooks
        who, replace = context.caller.person, request.replace
        return await shelf.save(request.name, request.text, who=who, replace=replace)

    return await _kept(await context.steps.once("save", keep, Entry), request.text, context)


@command("orchestrate publish", permission="orchestrate", effect="change", mirror=("council",))
async def publish(request: Publish, context: Context) -> Reply:
    """Make a draft one that may run."""
    source = await context.backends.playbooks.source(request.playbook)
    if source.origin != "draft":
        raise Refused(f"{request.playbook} is no draft.", why="It may be run already.")
    if request.digest and request.digest != digest(source.text):
        raise Conflict(
            f"{request.playbook} is not published.",
            why="Somebody has changed it since you read it.",
            remedy="Read it again with /orchestrate library --export.",
        )

    async def let_run() -> Entry:
        shelf = context.backends.playbooks
        return await shelf.publish(request.playbook, source.text, who=context.caller.person)

    entry = await context.steps.once("publish", let_run, Entry)
    title = f"{entry.name} is published"
    found = await context.backends.playbooks.examine(entry.name, caller=context.caller)
    facts = Facts(
        facts=(
            Fact(label="File", value=entry.file, code=True),
            *((Fact(label="Triggers", value=found.triggers),) if found.triggers else ()),
            Fact(label="Do", value=f"/orchestrate run {entry.name} --dry-run shows what it does"),
        )
    )
    return Reply(
        topic="orchestrate",
        title=title,
        tone="ok",
        blocks=(facts,),
        plain=Plain(headline=title, lines=in_words([facts])),
        data=entry.model_dump(mode="json"),
    )


def _verdict(found: Examination) -> str:
    """Return what the checker has found, in a few words."""
    warnings = len(found.findings) - found.errors
    if not found.findings:
        return "in order"
    return f"{counted(found.errors, 'error')}, {counted(warnings, 'warning')}"


def _next(found: Examination) -> str:
    """Return what to do with a draft."""
    if found.errors:
        fix = " --fix" if found.fixed else ""
        return f"mend it, and look with /orchestrate validate {found.name}{fix}"
    return f"/orchestrate publish {found.name} lets it run"


async def _kept(entry: Entry, text: str, context: Context, *, checked: bool = False) -> Reply:
    """Return the draft with what the checker says of it, in so many words where that is wanted."""
    found = await context.backends.playbooks.examine(entry.name, caller=context.caller)
    wrong = f" with {counted(found.errors, 'error')}" if found.errors else ""
    title = f"{entry.name} is a draft{wrong}"
    given = {"playbook": entry.name}
    actions = (
        Action(label="Validate", command="orchestrate validate", arguments=given),
        Action(
            label="Write it…", command="orchestrate import",
            arguments={"name": entry.name, "text": text, "replace": True}, asks=("text",),
        ),
        *(
            ()
            if found.errors
            else (
                Action(
                    label="Publish", command="orchestrate publish",
                    arguments={**given, "digest": digest(text)}, style="success",
                ),
            )
        ),
    )  # fmt: skip
    facts = (
        Fact(label="File", value=entry.file, code=True),
        *((Fact(label="Checked", value=_verdict(found)),) if checked else ()),
        Fact(label="Do", value=_next(found)),
    )
    lines = in_words([Facts(facts=facts)])
    log = Log(lines=tuple((found.text or text).splitlines()), filename=f"{entry.name}.yml")
    return Reply(
        topic="orchestrate",
        title=title,
        tone="warning" if found.errors else "ok",
        blocks=(Facts(facts=facts), log),
        actions=actions,
        plain=Plain(headline=title, lines=(*lines, *found.text.splitlines())),
        data={**entry.model_dump(mode="json"), "errors": found.errors},
    )
