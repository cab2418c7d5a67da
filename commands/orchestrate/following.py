"""A run while somebody watches: its card edited live, the log of its steps in a thread beneath."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.card import BAD, card, followed
from commands.orchestrate.log import log_of
from tgk.masking import masked
from tgk.ports.board import Place
from tgk.reply import Log, Picture, Reply

if TYPE_CHECKING:
    from tgk.context import Context
    from tgk.ports.runs import RunView


async def follow(view: RunView, context: Context, *, detailed: bool = False) -> Reply:
    """Show a run at each change, and return its end."""

    async def show(now: RunView) -> None:
        await context.show(card(now, context.clock.now(), detailed=detailed))
        await _log(now, context)

    over = await context.backends.runs.ended(view.id, show)
    return reported(followed(over, context.clock.now()), over)


def reported(shown: Reply, view: RunView) -> Reply:
    """Return the end of a run so that others get one message of it, drawn only where they need it.

    That is what went wrong, and what people were asked about; a button leads to everything else.
    """
    drawn = view.consulted or view.state in BAD
    wanted = {"picture": drawn, "log": False}
    blocks = (
        each.model_copy(update={"mirrored": wanted[each.kind]})
        if isinstance(each, Picture | Log)
        else each
        for each in shown.blocks
    )
    return shown.model_copy(update={"blocks": tuple(blocks)})


async def _log(view: RunView, context: Context) -> None:
    """Keep the log in the thread of the card, where the platform has threads."""
    origin, board = context.invocation.origin, context.backends.board
    if origin is None or origin.platform != "discord":
        return
    ref = await board.ref(f"op:{context.corr}")
    if ref is None:
        return  # the card has not been sent yet; a later change will find it
    told = Reply(
        topic="orchestrate",
        title=f"Log of {view.id}",
        subtitle=view.playbook,
        blocks=(Log(lines=log_of(view), filename=f"{view.id}.log"),),
    )
    place = Place(platform="discord", room=ref.channel, under=ref.message)
    await board.show(f"run:{view.id}:log", place, masked(told, context.redact))
