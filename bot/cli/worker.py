"""``tgk worker``: play runs in a process of its own, and see which processes there are."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli.running import config_path
from bot.runtime.settings import read_settings

if TYPE_CHECKING:
    from bot.runtime.settings import Settings
    from orchestration.membership import Member


@click.command("worker")
@click.option("--status", is_flag=True, help="List the processes on the database, and end.")
@click.option("--json", "as_json", is_flag=True, help="The list for programs.")
def tool(*, status: bool, as_json: bool) -> None:
    """Play runs of playbooks that a bot starts, on the PostgreSQL of DATABASE_URL they share.

    It has no doors: what it tells people, the bot posts. Give it a TGK_STATE and a TGK_HTTP of its
    own, and the variables of the systems that commands reach. SIGTERM leaves what is under way to
    others; so does a kill, once TGK_LEASE is over.
    """
    if status:
        _show(asyncio.run(_members(read_settings())), as_json=as_json)
        return
    words = [sys.executable, "-m", "bot.worker", "--config", str(config_path())]
    os.execv(sys.executable, words)  # noqa: S606 - ourselves, so that signals reach the worker


async def _members(settings: Settings) -> tuple[Member, ...]:
    from bot.runtime.company import require_shared
    from orchestration.membership import listed
    from orchestration.store import Store
    from orchestration.store_postgres import PostgresDatabase

    require_shared(settings)
    async with Store(PostgresDatabase(settings.database)) as store:
        return await store.read(listed)


def _show(members: tuple[Member, ...], *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps([asdict(each) for each in members]))
        return
    for each in members:
        click.echo(
            f"{each.kind:<8} {each.name}  process {each.pid} on {each.host}, "
            f"{each.runs} runs, last heard of {each.silent:.1f} s ago"
        )
    if not members:
        click.echo("no process is listed")
