"""The first answer to an interaction."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import Refused, unknown
from sandbox.discord.interaction import (
    DEFER,
    DEFER_UPDATE,
    FORM,
    REPLY,
    UPDATE,
    Interaction,
)
from sandbox.discord.posting import edit_message, fill, post_message
from sandbox.discord.state import Message
from sandbox.discord.validation.form import Form
from sandbox.discord.validation.messages import EPHEMERAL, LOADING, asked_flags
from sandbox.discord.validation.modals import check_modal
from sandbox.feed import Change

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Call, Route
    from sandbox.wire import Json

MOST_CHOICES: Final = 25


async def acknowledge(call: Call) -> Json | None:
    """Take the first answer; a body that is refused leaves the interaction open."""
    interaction = call.state.interactions.get(call.names["interaction"])
    if interaction is None or interaction.token != call.names["token"]:
        raise unknown("interaction", 10062)
    answer = call.form.get("type")
    try:
        interaction.check_answer(answer, call.state.clock.monotonic())
        await _claim(call, interaction, int(answer or 0))
    except Refused as refused:
        interaction.refused.append(refused.message)
        raise
    body = {"kind": interaction.kind, "answer": interaction.answer, "id": interaction.id}
    change = Change("interaction", interaction.channel, body, viewer=interaction.user)
    call.state.feed.publish(change)
    wanted = call.query.get("with_response", "").lower() in {"1", "true"}
    return _resource(call, interaction) if wanted else None


async def _claim(call: Call, interaction: Interaction, answer: int) -> None:
    """Carry out the answer while no second one can come between."""
    interaction.answer = answer
    try:
        await _carry_out(call, interaction, answer)
    except Refused:
        interaction.answer = 0
        raise
    interaction.acknowledge()


async def _carry_out(call: Call, interaction: Interaction, answer: int) -> None:
    data: Json = call.form.get("data") or {}
    if answer in {REPLY, UPDATE}:
        await _show(call, interaction, answer, data)
    elif answer == DEFER:
        await _think(call, interaction, data)
    elif answer == DEFER_UPDATE:
        interaction.original = interaction.message
    elif answer == FORM:
        check_modal(data)
        interaction.modal = data
    else:
        _check_choices(data)
        interaction.choices = data.get("choices") or []


async def _show(call: Call, interaction: Interaction, answer: int, data: Json) -> None:
    if answer == UPDATE:
        message = call.state.messages[interaction.channel].get(interaction.message)
        if message is None:
            raise unknown("Message", 10008)
        await edit_message(call.state, message, data, call.files)
        interaction.original = message.id
        return
    message = await post_message(
        call.state, interaction.channel, data, call.files, origin=interaction
    )
    interaction.original = message.id


async def _think(call: Call, interaction: Interaction, data: Json) -> None:
    state = call.state
    flags = LOADING | (asked_flags(data) & EPHEMERAL)
    message = Message(state.ids.next(), interaction.channel, state.cast.application, flags=flags)
    message.origin = interaction
    message.viewer = interaction.user if message.is_ephemeral else ""
    fill(state, message, {}, {})
    interaction.original = message.id
    await state.keep(message)


def _check_choices(data: Json) -> None:
    form = Form()
    choices = form.items(("data", "choices"), data.get("choices"), 0, MOST_CHOICES)
    for place, choice in enumerate(choices):
        path = ("data", "choices", place)
        form.text((*path, "name"), choice.get("name"), 1, 100)
        if isinstance(choice.get("value"), str):
            form.text((*path, "value"), choice["value"], 1, 100)
    form.refuse_if_faulty()


def _resource(call: Call, interaction: Interaction) -> Json:
    described: Json = {
        "id": interaction.id,
        "type": interaction.kind,
        "channel_id": interaction.channel,
        "guild_id": call.state.cast.guild,
    }
    resource: dict[str, Any] = {"type": interaction.answer}
    message = call.state.messages[interaction.channel].get(interaction.original)
    if message is not None:
        described |= {
            "response_message_id": message.id,
            "response_message_loading": message.is_loading,
            "response_message_ephemeral": message.is_ephemeral,
        }
        if interaction.answer in {REPLY, UPDATE, DEFER}:
            resource["message"] = call.state.wire(message)
    return {"interaction": described, "resource": resource}


CALLBACKS: Final[tuple[Route, ...]] = (
    ("POST", "/interactions/{interaction}/{token}/callback", acknowledge),
)
