"""What follows the first answer: more messages, edits, removals, with the interaction's token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.errors import unknown
from sandbox.discord.posting import edit_message, post_message

if TYPE_CHECKING:
    from sandbox.discord.interaction import Interaction
    from sandbox.discord.rest.call import Call, Route
    from sandbox.discord.state import Message
    from sandbox.wire import Json


async def follow_up(call: Call) -> Json:
    """Send another message; the first one after "thinking" takes that message's place."""
    interaction = _interaction(call)
    original = _messages(call, interaction).get(interaction.original)
    if original is not None and original.is_loading:
        await edit_message(call.state, original, call.form, call.files)
        interaction.finished.set()
        return call.state.wire(original)
    message = await post_message(
        call.state, interaction.channel, call.form, call.files, origin=interaction
    )
    interaction.followups.append(message.id)
    interaction.finished.set()
    return call.state.wire(message)


async def get_answer(call: Call) -> Json:
    """Return one of the answers."""
    return call.state.wire(_answer(call, _interaction(call)))


async def edit_answer(call: Call) -> Json:
    """Change one of the answers."""
    interaction = _interaction(call)
    message = await edit_message(call.state, _answer(call, interaction), call.form, call.files)
    interaction.finished.set()
    return call.state.wire(message)


async def delete_answer(call: Call) -> None:
    """Remove one of the answers."""
    interaction = _interaction(call)
    await call.state.remove(_answer(call, interaction))
    interaction.finished.set()


def _interaction(call: Call) -> Interaction:
    found = call.state.tokens.get(call.names["token"])
    if found is None or call.names["application"] != call.state.cast.application:
        raise unknown("Webhook", 10015)
    found.check_token(call.state.clock.monotonic())
    return found


def _messages(call: Call, interaction: Interaction) -> dict[str, Message]:
    return call.state.messages[interaction.channel]


def _answer(call: Call, interaction: Interaction) -> Message:
    wanted = call.names["message"]
    message = interaction.original if wanted == "@original" else wanted
    found = _messages(call, interaction).get(message)
    own = {interaction.original, interaction.message, *interaction.followups}
    if found is None or found.id not in own:
        raise unknown("Message", 10008)
    return found


FOLLOWUPS: Final[tuple[Route, ...]] = (
    ("POST", "/webhooks/{application}/{token}", follow_up),
    ("GET", "/webhooks/{application}/{token}/messages/{message}", get_answer),
    ("PATCH", "/webhooks/{application}/{token}/messages/{message}", edit_answer),
    ("DELETE", "/webhooks/{application}/{token}/messages/{message}", delete_answer),
)
