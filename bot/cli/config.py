"""``tgk config``: look at the operator's files before the bot does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.cli import exits
from bot.runtime.discovery import load_estate
from bot.runtime.schemas import schemas
from bot.runtime.settings import read_settings
from tgk.errors import ConfigurationInvalid


@click.group("config")
def tool() -> None:
    """Check discovery.yml, the policy and the environment."""


@tool.command("check")
@click.option("--config", type=click.Path(path_type=Path), default=Path("discovery.yml"))
@click.option("--json", "as_json", is_flag=True)
def check(config: Path, *, as_json: bool) -> None:
    """Name every fault with its line and what to write instead; exit 6 when there is one."""
    import commands
    from tgk.registry import collect

    faults: list[str] = []
    known = {entry.name.split()[0] for entry in collect(commands)}
    try:
        read_settings()
    except ConfigurationInvalid as error:
        faults += error.faults
    try:
        found = load_estate(config, config.resolve().parent / "rbac" / "policy.yml", known)
    except ConfigurationInvalid as error:
        faults += error.faults
    if as_json:
        click.echo(json.dumps({"faults": faults}))
    else:
        for fault in faults:
            click.echo(fault)
        if not faults:
            click.echo(
                f"in order: {len(found.services)} services, {len(found.environments)} "
                f"environments, {len(found.commands)} commands"
            )
    sys.exit(exits.INVALID_FILES if faults else 0)


@tool.command("schema")
def schema() -> None:
    """Print the JSON Schema of discovery.yml, for editors."""
    click.echo(schemas()["discovery.schema.json"])
