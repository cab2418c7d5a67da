"""``/orchestrate validate``: everything that is wrong with a playbook, before it runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

import orjson
from pydantic import Field, StringConstraints

from commands.orchestrate.simulated import simulated
from commands.orchestrate.systems import systems_gates
from orchestration.runs.wording import counted
from tgk.command import command
from tgk.context import Context
from tgk.options import PlaybookName, Request, RunEnvironment
from tgk.plain import in_words
from tgk.ports.playbooks import Entry, Examination
from tgk.reply import Action, Fact, Facts, Log, Plain, Reply, Table, Text

if TYPE_CHECKING:
    from tgk.reply import Block

Format = Literal["text", "json", "sarif", "github"]
_NOT_ASKED: dict[Format, set[str]] = {
    "text": {"text", "sarif", "annotations"}, "json": {"text", "sarif", "annotations"},
    "sarif": {"text", "annotations"}, "github": {"text", "sarif"},
}  # fmt: skip
"""What the answer for programs leaves out."""


class Validate(Request):
    """Check a playbook: all faults at once, with line and column."""

    playbook: PlaybookName = Field(description="which one")
    environment: RunEnvironment | None = Field(default=None, description="check it for this one")
    dependencies: bool = Field(default=False, description="also commands, rights, secrets, systems")
    simulate: bool = Field(default=False, description="walk through it with assumed outcomes")
    fix: bool = Field(
        default=False, description="write what is certain; takes the right to /orchestrate mend"
    )
    outcomes: Annotated[str, StringConstraints(max_length=2000)] = Field(
        default="", description='how steps are assumed to end, as in "deploy-api: fail,ok"'
    )
    format: Format = Field(default="text", description="of the report")


def _other(request: Validate) -> tuple[str, dict[str, object]] | None:
    """Return the command that mending is: a change, with a permission of its own."""
    return ("orchestrate mend", {"playbook": request.playbook}) if request.fix else None


@command("orchestrate validate", permission="orchestrate", instead=_other, examines=True)
async def validate(request: Validate, context: Context) -> Reply:
    """Examine, and simulate where asked; nothing is written."""
    found = await _examined(request, context)
    verdict = _verdict(found, request)
    if not request.simulate or found.errors:
        return verdict
    shelf = context.backends.playbooks
    simulation = await shelf.simulate(
        request.playbook, environment=request.environment or "", outcomes=request.outcomes
    )
    return _beside(verdict, simulated(simulation))


def _beside(verdict: Reply, simulation: Reply) -> Reply:
    """Return a simulation, and before it the dependencies that were asked for."""
    kept = tuple(
        block
        for block in verdict.blocks
        if isinstance(block, Table) or (isinstance(block, Log) and block.document)
    )
    lines = simulation.plain.lines if simulation.plain else ()
    return simulation.model_copy(
        update={
            "tone": "bad" if verdict.failed else simulation.tone,
            "failed": verdict.failed,
            "blocks": (*kept, *simulation.blocks),
            "actions": verdict.actions[1:],
            "plain": Plain(headline=simulation.title, lines=(*in_words(kept), *lines)),
            "data": {**verdict.data, "simulation": simulation.data},
        }
    )


class Mend(Request):
    """Write the certain corrections of the checker into a playbook."""

    playbook: PlaybookName = Field(description="which one")


@command("orchestrate mend", permission="orchestrate", effect="change", listed=False)
async def mend(request: Mend, context: Context) -> Reply:
    """Write what is certain, and show the difference with what is left to mend."""
    wanted = Validate(playbook=request.playbook)
    found = await _examined(wanted, context)

    async def write() -> Entry:
        return await context.backends.playbooks.mend(request.playbook, found.fixed)

    if not found.fixed:
        return _left(_verdict(found, wanted), found)
    await context.steps.once("mend", write, Entry)
    left = await _examined(wanted, context)
    shown = left.model_copy(update={"diff": found.diff})
    return _left(_verdict(shown, wanted, written=True), left, written=True)


def _left(verdict: Reply, found: Examination, *, written: bool = False) -> Reply:
    """Return a verdict that says first whether anything was written, and what is left to people."""
    what = "What is certain is written" if written else "There is nothing to fix with certainty"
    left = len(found.findings)
    more = f"{counted(left, 'fault')} {'remains' if left == 1 else 'remain'} for a person"
    if found.fixed:
        more = f"of {counted(left, 'fault')} that came to light some are certain: --fix once more"
    told = Text(text=f"{what}; {more if left else 'no fault remains'}.")
    return verdict.model_copy(
        update={
            "blocks": (told, *verdict.blocks),
            "plain": Plain(headline=verdict.title, lines=in_words((told, *verdict.blocks))),
            "data": {**verdict.data, "written": written, "remaining": left},
        }
    )


async def _examined(request: Validate, context: Context) -> Examination:
    found = await context.backends.playbooks.examine(
        request.playbook,
        caller=context.caller,
        environment=request.environment or "",
        dependencies=request.dependencies,
    )
    more = await systems_gates(found.provided, context)
    return found.model_copy(update={"gates": (*found.gates, *more)})


def _verdict(found: Examination, request: Validate, *, written: bool = False) -> Reply:
    warnings = sum(each.severity == "warning" for each in found.findings)
    closed = [gate.name for gate in found.gates if gate.passed is False]
    title = _title(found, warnings, closed)
    blocks: list[Block] = []
    if found.gates:
        rows = tuple(
            (gate.name, {True: "yes", False: "NO", None: "not known"}[gate.passed], gate.note)
            for gate in found.gates
        )
        blocks.append(Table(columns=("Needs", "", "Note"), rows=rows))
    blocks += _besides(found)
    report = _report(found, request.format)
    if report or request.format != "text":
        lines = tuple(report.splitlines())
        document = request.format != "text"
        blocks.append(Log(lines=lines, filename=_filename(request), document=document))
    if found.diff:
        blocks.append(Text(text="Written:" if written else "What --fix would write:"))
        blocks.append(Log(lines=tuple(found.diff.splitlines()), filename=f"{found.name}.diff"))
    bad = bool(found.errors or closed)
    return Reply(
        topic="orchestrate",
        title=title,
        tone="bad" if bad else "warning" if warnings else "ok",
        blocks=tuple(blocks) or (Facts(facts=(Fact(label="File", value=found.file, code=True),)),),
        actions=_actions(found),
        failed=bad,
        plain=Plain(headline=title, lines=in_words(blocks)),
        data={
            **found.model_dump(mode="json", exclude=_NOT_ASKED[request.format]),
            "errors": found.errors, "success": not bad,
        },
    )  # fmt: skip


def _besides(found: Examination) -> list[Block]:
    """Return what keeps a sound playbook from running, or from being started by itself."""
    facts = []
    if found.draft:
        way = "mend it first" if found.errors else f"/orchestrate publish {found.name} lets it run"
        facts.append(Fact(label="A draft", value=f"nothing of it can run yet; {way}"))
    if found.triggers and not found.gates:
        facts.append(Fact(label="Triggers", value=found.triggers))
    return [Facts(facts=tuple(facts))] if facts else []


def _title(found: Examination, warnings: int, closed: list[str]) -> str:
    if found.findings:
        errors = counted(found.errors, "error")
        return f"{found.name} has {errors} and {counted(warnings, 'warning')}"
    if closed:
        return f"{found.name} is in order by itself, but could not run: {', '.join(closed)}"
    return f"{found.name} is in order" + (", but a draft" if found.draft else "")


def _report(found: Examination, wanted: Format) -> str:
    if wanted == "sarif":
        return orjson.dumps(found.sarif, option=orjson.OPT_INDENT_2).decode()
    if wanted == "github":
        return "\n".join(found.annotations)
    if wanted == "json":
        listed = [each.model_dump() for each in found.findings]
        return orjson.dumps(listed, option=orjson.OPT_INDENT_2).decode()
    return found.text


def _filename(request: Validate) -> str:
    ending = {"text": "txt", "json": "json", "sarif": "sarif", "github": "txt"}[request.format]
    return f"{request.playbook}-findings.{ending}"


def _actions(found: Examination) -> tuple[Action, ...]:
    given = {"playbook": found.name}
    if found.fixed:
        return (Action(label="Mend what is certain", command="orchestrate mend", arguments=given),)
    if found.errors:
        return ()
    simulated = {**given, "simulate": True}
    return (
        Action(label="Simulate", command="orchestrate validate", arguments=simulated),
        Action(label="Dry run", command="orchestrate run", arguments={**given, "dry_run": True}),
    )
