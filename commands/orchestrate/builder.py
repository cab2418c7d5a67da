"""The cards of a draft that is being built: the whole of it, and one step of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from commands.orchestrate.drafting import changes, digest
from orchestration.runs.picture import graph
from orchestration.runs.progress import size
from orchestration.shelf.building import body_of
from tgk.errors import Refused
from tgk.reply import Action, Blank, Fact, Facts, Log, Plain, Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.shelf.building import Body
    from orchestration.shelf.forms import NewStep, StepKind
    from tgk.context import Context
    from tgk.ports.playbooks import Examination, Finding
    from tgk.reply import Block

COMMAND = "orchestrate build"
_NAME = Blank(name="step", description="its name, such as deploy-api")
_LINES = "commands, one a line"
_LONGEST = 4000
"""Characters of a step that a form can hold; a longer one would come back cut."""
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
_PARAMETER = (
    Blank(name="step", description="its name, such as version"),
    Blank(name="what", description="what it is for, such as: which version to deploy"),
)


async def builder(name: str, context: Context) -> Reply:
    """Return the card of a draft: its picture, its text, what is wrong, and what can be done."""
    source = await context.backends.playbooks.source(name)
    found = await context.backends.playbooks.examine(name, caller=context.caller)
    blocks, count = await _drawn(name, found, context)
    title = f"{name}: {count} step{'' if count == 1 else 's'}"
    back = await changes(name, context)
    return Reply(
        topic="orchestrate",
        title=title,
        tone="warning" if found.errors else "ok",
        blocks=(*blocks, Log(lines=tuple(source.text.splitlines()), filename=f"{name}.yml")),
        actions=(
            *_ways(name),
            *_whole(name, source.text, found, undo=back),
            *_steps(name, source.text),
        ),
        plain=Plain(headline=title, lines=(*source.text.splitlines(), *_told(found))),
        data={
            "name": name, "text": source.text, "errors": found.errors, "undo": back,
            "findings": [each.model_dump() for each in found.findings],
        },
    )  # fmt: skip


async def step_card(name: str, path: str, context: Context) -> Reply:
    """Return the card of one step: what it says, and what can be done with it."""
    source = await context.backends.playbooks.source(name)
    body = body_of(source.text)
    at, text = body.position(path), body.written(path)
    found = await context.backends.playbooks.examine(name, caller=context.caller)
    blocks, _ = await _drawn(name, found, context)
    title = f"{name}, step {at + 1} of {len(body.paths)}: {path}"
    return Reply(
        topic="orchestrate",
        title=title,
        tone="warning" if found.errors else "ok",
        blocks=(*blocks, Log(lines=tuple(text.splitlines()), filename=f"{name}-step.yml")),
        actions=(
            *_of_step(name, path, body),
            *_ways(name, after=path),
            Action(label="Whole draft", command=COMMAND, arguments={"playbook": name}),
        ),
        plain=Plain(headline=title, lines=(*text.splitlines(), *_told(found))),
        data={"name": name, "step": path, "text": text},
    )


async def _drawn(name: str, found: Examination, context: Context) -> tuple[tuple[Block, ...], int]:
    """Return the facts and the picture of a draft, and how many steps it has."""
    now = context.clock.now()
    view = await context.backends.playbooks.outline(name, context.caller, now=now)
    facts = Facts(facts=tuple(_facts(found)))
    if view is None:
        return (facts,), 0
    body = [step for step in view.steps if step.kind != "finally"]
    return (facts, graph(view, now=now)), size(body)


def _facts(found: Examination) -> Iterator[Fact]:
    yield Fact(label="Saved as draft", value=found.file, code=True)
    for each in found.findings[:3]:
        yield Fact(label=f"Line {each.line}", value=_fault(each))


def _told(found: Examination) -> Iterator[str]:
    """Yield what is wrong, for those who read no card."""
    yield from (f"Line {each.line}: {_fault(each)}" for each in found.findings)


def _fault(finding: Finding) -> str:
    return f"{finding.message}; {finding.help}" if finding.help else finding.message


def _ways(name: str, *, after: str = "") -> Iterator[Action]:
    """Return a button for every kind of step, at the end or behind another one."""
    given = {"playbook": name, **({"at": after} if after else {})}
    for label, kind, blanks in _WAYS:
        yield Action(
            label=label.replace("Add", "Add after it:") if after else label,
            command=COMMAND, arguments={**given, "add": kind},
            asks=tuple(blank.name for blank in blanks), blanks=blanks,
        )  # fmt: skip
    if not after:
        yield Action(
            label="Add a parameter…", command=COMMAND, arguments={**given, "parameter": True},
            asks=tuple(blank.name for blank in _PARAMETER), blanks=_PARAMETER,
        )  # fmt: skip


def _whole(name: str, text: str, found: Examination, *, undo: int) -> Iterator[Action]:
    given = {"playbook": name}
    if undo:
        yield Action(label="Undo", command=COMMAND, arguments={**given, "undo": True})
    yield Action(label="Validate", command="orchestrate validate", arguments=given)
    yield Action(
        label="Simulate", command="orchestrate validate", arguments={**given, "simulate": True}
    )
    if not found.errors:
        yield Action(
            label="Publish", command="orchestrate publish",
            arguments={**given, "digest": digest(text)}, style="success",
        )  # fmt: skip


def _steps(name: str, text: str) -> Iterator[Action]:
    """Return a button for every step, none where they cannot be told apart."""
    try:
        body = body_of(text)
    except Refused:
        return
    for number, path in enumerate(body.paths, 1):
        arguments = {"playbook": name, "at": path}
        yield Action(label=f"Change {number}: {path}", command=COMMAND, arguments=arguments)


def _of_step(name: str, path: str, body: Body) -> Iterator[Action]:
    given, at = {"playbook": name, "at": path}, body.position(path)
    if form := body.form(path):
        yield _edit(given, form)
    if len(body.written(path)) <= _LONGEST:
        yield Action(
            label="Edit as YAML…", command=COMMAND,
            arguments={**given, "text": body.written(path)}, asks=("text",),
        )  # fmt: skip
    if at:
        yield Action(label="Move up", command=COMMAND, arguments={**given, "move": "up"})
    if at + 1 < len(body.paths):
        yield Action(label="Move down", command=COMMAND, arguments={**given, "move": "down"})
    if len(body.paths) > 1:
        yield Action(
            label="Remove", command=COMMAND, arguments={**given, "remove": True}, style="danger"
        )


def _edit(given: dict[str, str], form: NewStep) -> Action:
    """Return the form of a step, filled in with what it says now."""
    blanks = next(blanks for _, kind, blanks in _WAYS if kind == form.kind)
    if form.otherwise:
        blanks = (*blanks, Blank(name="otherwise", description=f"{_LINES}, if it does not hold"))
    told = {key: value for key, value in asdict(form).items() if key not in ("kind", "name")}
    now = {key: "\n".join(v) if isinstance(v, tuple) else v for key, v in told.items()}
    return Action(
        label="Edit…", command=COMMAND,
        arguments={**given, "edit": form.kind, "step": form.name,
                   **{key: value for key, value in now.items() if value}},
        asks=tuple(blank.name for blank in blanks), blanks=blanks, style="primary",
    )  # fmt: skip
