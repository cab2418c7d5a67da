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
from tgk.families import unknown

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tgk.discovery import Discovery


def _explainer() -> tuple[Explainer, Discovery]:
    config = config_path()
    discovery, clock = load_discovery(config), SystemClock()
    roles = discovery.discord.roles if discovery.discord else {}
    council = discovery.telegram.council.members if discovery.telegram else ()
    path = config.resolve().parent / "rbac" / "policy.yml"
    return Explainer(PolicyFile(path, roles, clock, council=council), clock), discovery


def _question(words: Sequence[str], estate: Collection[str]) -> tuple[str, ...]:
    """Return the words with the command first as the policy names it: ``/infra deploy``.

    Raises UnknownCommand with who is near.
    """
    import commands
    from tgk.registry import collect, grantable

    found = {entry.name: entry for entry in collect(commands)}
    first, *rest = [*words[0].removeprefix("/").split(), *words[1:]]
    verb = rest[0] if rest and not rest[0].startswith("-") and rest[0] not in estate else ""
    whole = f"{first} {verb}".rstrip()
    if whole in found or first in found:
        entry = found.get(whole) or found[first]
        return (entry.grantable[-1], *(rest[1:] if entry.verb else rest))
    if f"/{whole}" in grantable(found.values()):
        return (f"/{whole}", *(rest[1:] if verb else rest))
    raise unknown(whole, found)


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
        _question(command, {*discovery.environments, *discovery.services}),
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
    """Show every permission and every role: yes, no, or partly.

    Partly: only for some targets, at some times, or for some verbs of a family.
    """
    table = _explainer()[0].matrix()
    if as_json:
        whole = {name: dict(zip(table.permissions, row, strict=True)) for name, row in table.rows}
        click.echo(json.dumps(whole))
        return
    roles = [name for name, _ in table.rows]
    width = max(len(permission) for permission in table.permissions)
    click.echo(f"{' ' * width}  {'  '.join(roles)}")
    for place, permission in enumerate(table.permissions):
        cells = (cells[place].ljust(len(role)) for role, cells in table.rows)
        click.echo(f"{permission.ljust(width)}  {'  '.join(cells)}".rstrip())
