"""Buttons, menus and forms: a token becomes its command again, as whoever pressed."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, Self

import discord
from discord import ui

from bot.discord.exchange import Exchange, tell
from bot.late import too_late
from integrations.discord.rows import MENU_ID, label
from tgk.asking import answered, asked_as, given, questions
from tgk.errors import Refused
from tgk.ports.buttons import TOKEN_PATTERN
from tgk.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.discord.desk import Desk
    from tgk.options import Option
    from tgk.reply import Action

MOST_FIELDS = 5
_LONG_TEXT = 100
_MOST_TEXT = 4000
_RECORDED = 64
"""Characters that the audit log keeps of a token."""


class Presses(Protocol):
    """A client that answers presses."""

    async def pressed(self, interaction: discord.Interaction, token: str) -> None:
        """Answer one press."""


class Press(ui.DynamicItem[ui.Item[Any]], template=rf"(?:{TOKEN_PATTERN}|{re.escape(MENU_ID)})"):
    """Every button and menu of ours on any message, however old and whichever process sent it."""

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],  # noqa: ARG003 - named by the library
        item: ui.Item[Any],
        match: re.Match[str],  # noqa: ARG003 - named by the library
        /,
    ) -> Self:
        """Return the item; what it means is looked up when it is pressed."""
        return cls(item)

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Hand the token to the client."""
        data: Any = interaction.data or {}
        token = next(iter(data.get("values") or ()), "") or self.custom_id
        client: Presses = interaction.client
        await client.pressed(interaction, token)


async def press(desk: Desk, interaction: discord.Interaction, token: str) -> None:
    """Run what a button stands for, or ask first for what it needs."""
    action = await _usable(desk, interaction, token)
    if action is None:
        return
    if action.asks and action.command in desk.dispatcher.admission.registry:
        await interaction.response.send_modal(form(desk, action, token))
        return
    message = interaction.message.id if interaction.message else interaction.id
    delivery = f"discord:{message}:{token}" if action.confirms else ""
    await Exchange(desk, interaction).run(
        action.command,
        action.arguments,
        delivery=delivery,
        confirmed=action.confirms,
        pleads=action.pleads,
    )


async def submit(desk: Desk, interaction: discord.Interaction) -> None:
    """Run what a form was opened for, with what was filled in."""
    data: Any = interaction.data or {}
    action = await _usable(desk, interaction, str(data.get("custom_id", "")))
    if action is None:
        return
    filled = dict(_filled(data.get("components", ())))
    raw = answered(action, {name: filled[name] for name in action.asks if filled.get(name)})
    await Exchange(desk, interaction).run(action.command, raw, confirmed=action.confirms)


def form(desk: Desk, action: Action, token: str) -> ui.Modal:
    """Return the form of an action; it is finished, because answers are found by their token."""
    title = label(f"/{action.command}", 45)
    modal = ui.Modal(title=title, custom_id=token)
    options = desk.dispatcher.admission.registry[action.command].options
    for option in questions(action, options)[:MOST_FIELDS]:
        modal.add_item(_field(option, given(action, option.name)))
    modal.stop()
    return modal


def _field(option: Option, before: str | None) -> ui.Label[Any]:
    name = label(asked_as(option.name).capitalize(), 45)
    choices = option.choices or (("true", "false") if option.type == "boolean" else ())
    component: ui.Item[Any]
    if choices and len(choices) <= 25:  # noqa: PLR2004 - the platform's longest menu
        shown = [discord.SelectOption(label=label(each), value=each) for each in choices]
        component = ui.Select(custom_id=option.name, options=shown, required=option.required)
    else:
        most = min(option.max_length or _MOST_TEXT, _MOST_TEXT)
        long = option.rest or (option.type == "text" and most > _LONG_TEXT and not option.known)
        component = ui.TextInput(
            custom_id=option.name,
            style=discord.TextStyle.paragraph if long else discord.TextStyle.short,
            required=option.required,
            max_length=most,
            default=before[:most] if before is not None else None,
        )
    return ui.Label(text=name, description=label(option.description, 100), component=component)


def _filled(components: Any) -> Iterator[tuple[str, str]]:
    """Find every answered field, in labels and in rows alike."""
    for each in components:
        inner = each.get("component")
        yield from _filled([inner] if inner else each.get("components", ()))
        value = each.get("value") or next(iter(each.get("values") or ()), "")
        if value and each.get("custom_id"):
            yield str(each["custom_id"]), str(value)


async def _usable(desk: Desk, interaction: discord.Interaction, token: str) -> Action | None:
    """Return the action when this person may use the button now; else record and say why not."""
    known = re.fullmatch(TOKEN_PATTERN, token) is not None
    action = await desk.buttons.find(token) if known else None
    asked = desk.asked(interaction, "button", {"token": token[:_RECORDED]})
    if action is None:
        expired = await desk.buttons.expired(token) if known else None
        refusal = too_late(expired)
        if expired is not None and expired.confirms:
            await _close_question(desk, interaction, expired)
    elif action.only and action.only != asked.caller.person:
        why = f"This button is only for {action.only}."
        refusal = Refused(why, remedy="Use the command yourself.")
        asked = replace(asked, name=action.command, raw=action.arguments)
    else:
        return action
    outcome = await desk.dispatcher.refuse(asked, refusal)
    await tell(desk, interaction, outcome.reply)
    return None


async def _close_question(desk: Desk, interaction: discord.Interaction, expired: Action) -> None:
    """Take the dead button off a question that was not answered in time."""
    over = Reply(
        topic="notice", title=f"/{expired.command} was not confirmed in time.", tone="warning"
    )
    presented = await desk.presenter.present(over)
    await interaction.response.edit_message(view=presented.view, attachments=[])
