"""``/security``: scans for what is known to be dangerous."""

from __future__ import annotations

from pydantic import Field

from commands.ops.trade import Trade
from tgk.command import command
from tgk.context import Context
from tgk.options import ComponentName, PlaceName, Request, Token
from tgk.reply import Reply


class Scan(Request):
    """Scan for known dangers, and fail where there are grave ones."""

    type_: Token = Field(default="full", description="which scan, such as full or dependencies")
    component: ComponentName | None = Field(default=None, description="which; all when left out")
    environment: PlaceName | None = Field(default=None, description="where; the default if not")


SCAN: Trade[Scan] = Trade(
    command="security scan",
    topic="alert",
    title=lambda r: f"Security scan {r.type_}" + (f" of {r.component}" if r.component else ""),
    yields=("type", "findings", "critical", "high", "component", "environment"),
)


@command("security scan", permission="security", effect="change", **SCAN.declared)
async def scan(request: Scan, context: Context) -> Reply:
    """Hand the scan to its provider; what counts as grave is the provider's judgement."""
    return await SCAN.carry_out(request, context)
