"""One interaction from its arrival to its answer, within three seconds and fifteen minutes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.discord.progress import Progress
from tgk.ports.board import MessageRef
from tgk.recording import correlation
from tgk.reply import Reply, Text

if TYPE_CHECKING:
    from collections.abc import Mapping

    import discord

    from bot.discord.desk import Desk
    from tgk.context import Invocation
    from tgk.ports.board import Place


async def tell(desk: Desk, interaction: discord.Interaction, reply: Reply) -> None:
    """Say something only to the one who asked, whatever was answered before."""
    presented = await desk.presenter.present(reply)
    sent: dict[str, Any] = {
        "view": presented.view,
        "files": presented.files,
        "allowed_mentions": presented.mentions,
        "ephemeral": True,
    }
    if interaction.response.is_done():
        await interaction.followup.send(**sent)
    else:
        await interaction.response.send_message(**sent)


@dataclass(slots=True)
class _Standing:
    """A public message that a change goes on in."""

    interaction: discord.Interaction
    message: discord.WebhookMessage | None
    """None when it is the interaction's own response."""
    id: int

    async def edit(self, **content: Any) -> None:
        """Change it."""
        if self.message is not None:
            await self.message.edit(**content)
        else:
            await self.interaction.edit_original_response(**content)

    async def delete(self) -> None:
        """Take it back."""
        if self.message is not None:
            await self.message.delete()
        else:
            await self.interaction.delete_original_response()


class Exchange:
    """Answers one interaction."""

    def __init__(self, desk: Desk, interaction: discord.Interaction) -> None:
        self._desk = desk
        self._interaction = interaction

    async def run(
        self,
        name: str,
        raw: Mapping[str, object],
        *,
        delivery: str = "",
        confirmed: bool = False,
        pleads: bool = False,
    ) -> None:
        """Run a command and show its end; a change goes on after this process and this token."""
        asked = self._desk.asked(
            self._interaction, name, raw, delivery=delivery, confirmed=confirmed
        )
        invocation = replace(asked, pleads=pleads)
        preview = self._desk.dispatcher.preview(invocation)
        if preview.change:
            await self._change(invocation)
        else:
            await self._answer(invocation, private=preview.private)

    async def _answer(self, invocation: Invocation, *, private: bool) -> None:
        """Acknowledge first; everything slow comes after."""
        await self._interaction.response.defer(ephemeral=private, thinking=True)
        async with Progress(self._edit_original, self._desk.clock) as progress:
            shown = replace(invocation, show=progress.show)
            outcome = await self._desk.dispatcher.run(shown)
        if outcome.reply.private and not private:
            # while a deferred answer still loads, a follow-up would land in it, for all to see
            await self._edit_original(_withdrawn(invocation))
            await tell(self._desk, self._interaction, outcome.reply)
            await self._interaction.delete_original_response()
        else:
            await self._edit_original(outcome.reply)

    async def _edit_original(self, reply: Reply) -> None:
        await self._interaction.edit_original_response(**await self._content(reply))

    async def _change(self, invocation: Invocation) -> None:
        """Post the message the change lives in, hand it to the board, then start."""
        key = f"op:{correlation(invocation.delivery)}"
        if key in self._desk.opening:
            await tell(self._desk, self._interaction, _under_way(invocation))
            return
        origin = self._desk.place(self._interaction.channel)
        self._desk.opening.add(key)
        try:
            standing = await self._open(invocation, key, origin)
        finally:
            self._desk.opening.discard(key)
        if standing is None:
            await tell(self._desk, self._interaction, _under_way(invocation))
            return
        taken_over: list[Reply] = []

        async def watch(reply: Reply) -> None:
            taken_over.append(reply)

        outcome = await self._desk.dispatcher.run(replace(invocation, origin=origin, show=watch))
        if taken_over:
            return  # the board shows it, also after a restart
        if outcome.reply.private:
            await standing.delete()
            await tell(self._desk, self._interaction, outcome.reply)
        else:
            await standing.edit(**await self._content(outcome.reply))

    async def _open(self, invocation: Invocation, key: str, origin: Place) -> _Standing | None:
        """Post the message and hand it to the board; None when the change has one already."""
        if await self._desk.board.ref(key) is not None:
            return None
        standing = await self._post(invocation)
        ref = MessageRef(
            platform="discord",
            channel=str(self._interaction.channel_id),
            message=str(standing.id),
        )
        await self._desk.board.adopt(key, origin, ref)
        return standing

    async def _post(self, invocation: Invocation) -> _Standing:
        """Answer at once with the card; a confirmed question is closed in the same breath."""
        working = await self._desk.presenter.present(_working(invocation))
        content: dict[str, Any] = {"view": working.view, "allowed_mentions": working.mentions}
        if not invocation.confirmed:
            answered = await self._interaction.response.send_message(**content)
            sent = answered.message_id or (await self._interaction.original_response()).id
            return _Standing(self._interaction, None, sent)
        closed = await self._desk.presenter.present(_confirmed(invocation))
        await self._interaction.response.edit_message(view=closed.view, attachments=[])
        message = await self._interaction.followup.send(**content, ephemeral=False, wait=True)
        return _Standing(self._interaction, message, message.id)

    async def _content(self, reply: Reply) -> dict[str, Any]:
        presented = await self._desk.presenter.present(reply)
        return {
            "view": presented.view,
            "attachments": presented.files,
            "allowed_mentions": presented.mentions,
        }


def _working(invocation: Invocation) -> Reply:
    person = invocation.caller.person
    return Reply(
        topic="notice", title=f"/{invocation.name}", tone="running", subtitle=f"asked by {person}"
    )


def _confirmed(invocation: Invocation) -> Reply:
    title = f"/{invocation.name} was confirmed."
    if invocation.pleads:
        title = f"The council is asked about /{invocation.name}."
    return Reply(topic="notice", title=title, tone="ok")


def _withdrawn(invocation: Invocation) -> Reply:
    return Reply(topic="notice", title=f"/{invocation.name} was answered in private.")


def _under_way(invocation: Invocation) -> Reply:
    note = Text(text="It was already started. Its own message shows how far it is.")
    return Reply(
        topic="notice", title=f"/{invocation.name} is under way.", blocks=(note,), private=True
    )
