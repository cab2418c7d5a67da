"""``/backup``: copies of the data, and the way back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import Field

from commands.ops.arguments import told_by
from commands.ops.trade import Trade
from tgk.command import command
from tgk.context import Context
from tgk.options import PlaceName, Request, Token
from tgk.plain import in_words
from tgk.ports.providers import watch_nothing
from tgk.reply import Plain, Reply, Table, Text

if TYPE_CHECKING:
    from tgk.reply import Block

_MOST_ROWS = 25
_COLUMNS = ("name", "environment", "at", "size")


class CreateBackup(Request):
    """Make a backup of an environment's data."""

    name: Token = Field(description="how it will be found again, such as pre-deploy-v1.4.0")
    environment: PlaceName | None = Field(default=None, description="whose data; the default's")


class RestoreBackup(Request):
    """Put the data of a backup in place of what is there."""

    name: Token = Field(description="which; latest is the newest")
    target: Token | None = Field(default=None, description="where to, such as dr-site; its own")
    environment: PlaceName | None = Field(default=None, description="whose data; the default's")


class ListBackups(Request):
    """List the backups of an environment, the newest first."""

    environment: PlaceName | None = Field(default=None, description="whose; the default's")


CREATE: Trade[CreateBackup] = Trade(
    command="backup create",
    topic="notice",
    title=lambda r: f"Back up as {r.name}",
    yields=("name", "id", "size", "environment"),
)
RESTORE: Trade[RestoreBackup] = Trade(
    command="backup restore",
    topic="notice",
    title=lambda r: f"Restore {r.name}" + (f" → {r.target}" if r.target else ""),
    yields=("name", "id", "target", "environment"),
    guarded=True,
    exclusive=True,
    sites=("target",),
)
LIST: Trade[ListBackups] = Trade(
    command="backup list",
    topic="notice",
    title=lambda r: "Backups" + (f" of {r.environment}" if r.environment else ""),
    yields=("backups", "latest", "environment"),
)


@command("backup create", permission="backup", effect="change", **CREATE.declared)
async def create(request: CreateBackup, context: Context) -> Reply:
    """Hand the backup to its provider."""
    return await CREATE.carry_out(request, context)


@command(
    "backup restore",
    permission="backup",
    effect="change",
    mirror=("#deployments", "council"),
    relative=lambda given: given.get("name") == "latest",
    **RESTORE.declared,
)
async def restore(request: RestoreBackup, context: Context) -> Reply:
    """Hand the way back to its provider."""
    return await RESTORE.carry_out(request, context)


@command("backup list", permission="backup", **LIST.declared)
async def listing(request: ListBackups, context: Context) -> Reply:
    """Show what the provider keeps."""
    told = told_by(LIST.command, request, context)
    began = context.clock.monotonic()
    result = await context.backends.providers.invoke(
        LIST.command, told, key=context.corr, watch=watch_nothing
    )
    seconds = context.clock.monotonic() - began
    reply = LIST.end(request, told, result, seconds)
    kept = result.output.get("backups")
    rows = kept if isinstance(kept, list) else []
    title, blocks = LIST.title(request), _table(rows)
    plain = Plain(headline=title, lines=in_words(blocks))
    return reply.model_copy(update={"title": title, "blocks": blocks, "plain": plain})


def _table(rows: list[Any]) -> tuple[Block, ...]:
    """Show the newest backups; what else the provider tells of them is in the data."""
    if not rows:
        return (Text(text="There are none."),)
    shown = [row for row in rows[:_MOST_ROWS] if isinstance(row, dict)]
    lines = tuple(tuple(str(row.get(column, "-")) for column in _COLUMNS) for row in shown)
    table = Table(columns=tuple(column.capitalize() for column in _COLUMNS), rows=lines)
    more = len(rows) - len(shown)
    return (table, *([Text(text=f"{more} more", style="small")] if more else []))
