"""``tgk config``: look at the operator's files before the bot does."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from bot.cli import exits
from bot.cli.harmless import harmless
from bot.cli.running import config_path
from bot.runtime.discovery import checked_estate
from bot.runtime.schemas import schemas
from bot.runtime.settings import read_settings
from bot.runtime.trigger_faults import trigger_faults
from tgk.errors import ConfigurationInvalid


@click.group("config")
def tool() -> None:
    """Check discovery.yml, the policy and the environment."""


@tool.command("check")
@click.option("--config", "named", type=click.Path(path_type=Path), help="Another file.")
@click.option("--json", "as_json", is_flag=True)
def check(named: Path | None, *, as_json: bool) -> None:
    """Name every fault with its line and what to write instead; exit 6 when there is one."""
    config = named or config_path()
    faults: list[str] = []
    settings = None
    try:
        settings = read_settings()
    except ConfigurationInvalid as error:
        faults += error.faults
    try:
        found = checked_estate(config)
        faults += trigger_faults(config, found, settings.state) if settings else []
    except ConfigurationInvalid as error:
        faults += error.faults
    if as_json:
        click.echo(json.dumps({"faults": faults}))
    else:
        for fault in faults:
            click.echo(harmless(fault))
        if not faults:
            click.echo(
                f"in order: {len(found.services)} services, {len(found.environments)} "
                f"environments, {len(found.commands)} commands"
            )
    sys.exit(exits.INVALID_FILES if faults else 0)


@tool.command("schema")
@click.argument("file", type=click.Choice(["discovery", "policy"]), default="discovery")
def schema(file: str) -> None:
    """Print the JSON Schema of discovery.yml or of rbac/policy.yml, for editors."""
    click.echo(schemas()[f"{file}.schema.json"], nl=False)
