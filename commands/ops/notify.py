"""``/notify``: tell people who should know."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from commands.ops.trade import Trade
from tgk.bindings import Severity
from tgk.command import command
from tgk.context import Context
from tgk.options import Request, Rest, Token
from tgk.reply import Reply

_LONGEST = 1500


class NotifyTeam(Request):
    """Tell a team something, as loudly as its severity asks for."""

    severity: Severity = Field(default="info", description="how grave it is")
    team: Token | None = Field(default=None, description="which; everybody when left out")
    message: Annotated[str, StringConstraints(max_length=_LONGEST), Rest()] = Field(
        default="", description="what to tell them"
    )


TEAM: Trade[NotifyTeam] = Trade(
    command="notify team",
    topic="notice",
    title=lambda r: f"Notify {r.team or 'everybody'} ({r.severity})",
    yields=("sent", "unsent", "severity", "team", "message"),
)


@command("notify team", permission="notify", effect="change", **TEAM.declared)
async def team(request: NotifyTeam, context: Context) -> Reply:
    """Hand the message to whoever tells this team."""
    return await TEAM.carry_out(request, context)
