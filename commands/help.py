"""``/help``: what the caller may run, and who may run the rest."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tgk.command import Command, CommandName, Request, command
from tgk.context import Context
from tgk.errors import UnknownCommand
from tgk.reply import Action, Fact, Facts, Plain, Reply, Table, Text
from tgk.suggest import nearest


class Help(Request):
    """List the commands you may run, or explain one."""

    command: CommandName | None = Field(default=None, description="explain this one")


@command("help", permission="help", private=True)
async def show_help(request: Help, context: Context) -> Reply:
    """Answer for the caller's own rights: nothing is listed that would be refused everywhere."""
    allowed = context.access.allowed()
    if request.command is None:
        return _listing(allowed)
    name = request.command.lstrip("/").strip()
    found = next((entry for entry in context.access.known() if entry.name == name), None)
    if found is None:
        raise UnknownCommand(name, nearest(name, [entry.name for entry in allowed]))
    return _explanation(found, context)


def _listing(allowed: tuple[Command[Any], ...]) -> Reply:
    rows = tuple((entry.usage, entry.summary) for entry in allowed)
    return Reply(
        topic="help",
        title="What you may run",
        blocks=(
            Table(columns=("Command", "What it does"), rows=rows),
            Text(text="/help deploy explains one. <needed> [optional]", style="small"),
        ),
        private=True,
        plain=Plain(headline="What you may run", lines=tuple(f"{u} - {s}" for u, s in rows)),
        data={"commands": [{"usage": usage, "summary": text} for usage, text in rows]},
    )


def _explanation(entry: Command[Any], context: Context) -> Reply:
    rows = tuple(
        (
            option.name + ("" if option.required else " (optional)"),
            option.description + (f": {', '.join(option.choices)}" if option.choices else ""),
        )
        for option in entry.options
    )
    decision = context.access.explain(entry.permission)
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
