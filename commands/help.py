"""``/help``: what the caller may run, and who may run the rest."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tgk.command import command
from tgk.context import Context, Listed
from tgk.errors import UnknownCommand
from tgk.families import families, heads, listing
from tgk.options import CommandName, Request, Rest
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table, Text
from tgk.spelling import spelled
from tgk.suggest import nearest

_WIDEST = 80
"""Characters of a row of verbs."""


class Help(Request):
    """List the commands you may run, or explain one."""

    command: Annotated[CommandName, Rest()] | None = Field(
        default=None, description="explain this one, or a whole family"
    )


@command("help", permission="help", private=True)
async def show_help(request: Help, context: Context) -> Reply:
    """Answer for the caller's own rights: nothing is listed that would be refused everywhere."""
    allowed = context.access.allowed()
    if request.command is None:
        return _listing(allowed)
    typed = " ".join(request.command.lstrip("/").split())
    name = typed.replace("_", " ")
    known = {entry.name.replace("_", " "): entry for entry in context.access.known()}
    family = tuple(entry for entry in known.values() if entry.family == name)
    if family:
        return _family(name, family, context)
    known |= {entry.name: entry for entry in context.access.unlisted()}
    if name not in known:
        names = [entry.name for entry in allowed]
        raise UnknownCommand(typed, nearest(name, [*heads(names), *names]))
    return _explanation(known[name], context)


def _listing(allowed: tuple[Listed, ...]) -> Reply:
    """Name each command with its usage, and each family once with its verbs."""
    verbs = families(entry.name for entry in allowed)
    plain = [(entry.usage, entry.summary) for entry in allowed if not entry.family]
    whole = [(f"/{name} <verb>", listing(found, _WIDEST)) for name, found in verbs.items()]
    rows = tuple(sorted([*plain, *whole]))
    example = next(iter(verbs), "deploy")
    return Reply(
        topic="help",
        title="What you may run",
        blocks=(
            Table(columns=("Command", "What it does"), rows=rows),
            Text(text=f"/help {example} explains it. <needed> [optional]", style="small"),
        ),
        private=True,
        plain=Plain(headline="What you may run", lines=tuple(f"{u} - {s}" for u, s in rows)),
        data={"commands": [{"usage": entry.usage, "summary": entry.summary} for entry in allowed]},
    )


def _family(name: str, family: tuple[Listed, ...], context: Context) -> Reply:
    """Show the verbs of a family with their usage, and which of them the caller may not run."""
    rows = tuple((entry.usage, entry.summary) for entry in family)
    withheld = [f"/{entry.name}" for entry in family if not context.access.may(entry.name, {})]
    alone = [entry.name for entry in family if entry.default_verb]
    notes = [f"/{name} alone means /{each}." for each in alone]
    notes += [f"You may not run {', '.join(withheld)}."] if withheld else []
    notes.append(f"/help {family[0].name} explains one. <needed> [optional]")
    nothing = len(withheld) == len(family)
    return Reply(
        topic="help",
        title=f"/{name}",
        tone="off" if nothing else "ok",
        blocks=(
            Table(columns=("Command", "What it does"), rows=rows),
            *(Text(text=note, style="small") for note in notes),
        ),
        actions=(Action(label="What may I do?", command="whoami"),) if nothing else (),
        private=True,
        plain=Plain(headline=f"/{name}", lines=(*(f"{u} - {s}" for u, s in rows), *notes)),
        data={
            "name": name,
            "commands": [{"name": e.name, "usage": e.usage, "summary": e.summary} for e in family],
            "withheld": withheld,
        },
    )


def _explanation(entry: Listed, context: Context) -> Reply:
    rows = tuple(
        (
            spelled(option.name) + ("" if option.required else " (optional)"),
            option.description + (f": {', '.join(option.choices)}" if option.choices else ""),
        )
        for option in entry.options
    )
    decision = context.access.explain(entry.permission, entry.verb or "-")
    who = ", ".join(decision.roles_needed) or "nobody"
    facts = (
        Fact(label="Usage", value=entry.usage, code=True),
        Fact(label="Roles that may", value=who),
        Fact(label="People", value=", ".join(decision.people[:10]) or "nobody by name"),
    )
    table = [Table(columns=("Option", "Meaning"), rows=rows)] if rows else []
    may = context.access.may(entry.name, {})
    return Reply(
        topic="help",
        title=f"/{entry.name} - {entry.summary}",
        tone="ok" if may else "off",
        blocks=(Facts(facts=facts), *table),
        actions=() if may else (Action(label="What may I do?", command="whoami"),),
        private=True,
        plain=Plain(
            headline=entry.usage,
            lines=(entry.summary, *(f"  {name}: {text}" for name, text in rows), f"Roles: {who}"),
        ),
        data={"name": entry.name, "usage": entry.usage, "roles": list(decision.roles_needed)},
    )
