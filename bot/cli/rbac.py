"""``tgk rbac``: why somebody may or may not, and the whole table."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.harmless import harmless
from bot.cli.running import config_path
from bot.runtime.clock import SystemClock
from bot.runtime.discovery import load_discovery
from rbac.explain import Explainer
from rbac.policy_file import PolicyFile
from tgk.errors import UnknownCommand
from tgk.suggest import nearest

if TYPE_CHECKING:
    from tgk.discovery import Discovery


def _explainer() -> tuple[Explainer, Discovery]:
    config = config_path()
    discovery, clock = load_discovery(config), SystemClock()
    roles = discovery.discord.roles if discovery.discord else {}
    council = discovery.telegram.council.members if discovery.telegram else ()
    path = config.resolve().parent / "rbac" / "policy.yml"
    return Explainer(PolicyFile(path, roles, clock, council=council), clock), discovery


def _permission(name: str) -> str:
    """Return the permission that a command asks for; raises UnknownCommand with who is near."""
    import commands
    from tgk.registry import collect

    bare = name.removeprefix("/")
    asked = {entry.name: entry.permission for entry in collect(commands)}
    if f"/{bare}" in asked.values():
        return f"/{bare}"
    if bare not in asked:
        raise UnknownCommand(bare, nearest(bare, asked))
    return asked[bare]


@click.group("rbac")
def tool() -> None:
    """Explain who may do what."""


@tool.command("explain", context_settings={"ignore_unknown_options": True})
@click.option("--json", "as_json", is_flag=True)
@click.argument("who")
@click.argument("command", nargs=-1, required=True)
def explain(who: str, command: tuple[str, ...], *, as_json: bool) -> None:
    """Say whether WHO (a person, or an account as discord:user:ID) may run COMMAND, and why.

    Exit 0 when they may, 3 when not.
    """
    explainer, discovery = _explainer()
    found = explainer.explain(
        who,
        (_permission(command[0]), *command[1:]),
        environments=discovery.environments,
        services=discovery.services,
    )
    if as_json:
        click.echo(json.dumps(asdict(found)))
    else:
        click.echo(harmless("\n".join(found.lines())))
        if found.ignored:
            click.echo(harmless(f"no rule looks at: {' '.join(found.ignored)}"))
    sys.exit(0 if found.decision.allowed else exits.DENIED)


@tool.command("matrix")
@click.option("--json", "as_json", is_flag=True, help="The table as JSON.")
def matrix(*, as_json: bool) -> None:
    """Show every role and every permission: yes, no, or partly where rules name targets."""
    table = _explainer()[0].matrix()
    if as_json:
        whole = {name: dict(zip(table.permissions, row, strict=True)) for name, row in table.rows}
        click.echo(json.dumps(whole))
        return
    width = max(len(name) for name, _ in table.rows)
    heads = [permission.lstrip("/") for permission in table.permissions]
    click.echo(" " * width + "  " + "  ".join(heads))
    for name, cells in table.rows:
        row = (cell.ljust(len(head)) for cell, head in zip(cells, heads, strict=True))
        click.echo(f"{name.ljust(width)}  {'  '.join(row)}".rstrip())
