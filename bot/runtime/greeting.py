"""Says once in the council's chat that the bot reports there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tgk.ports.board import Place
from tgk.reply import Reply, Text

if TYPE_CHECKING:
    from bot.runtime.core import Core

_COUNCIL: Final = Place(platform="telegram", room="council")
_WORDS: Final = (
    "Questions for the council come here, and reports of what was changed. "
    "A button counts for the person who presses it. /help lists what you may run."
)


async def greet(core: Core) -> None:
    """Greet the council's chat without a sound, unless it was greeted before.

    People see that the chat is connected before the first decision. And the bot knows a message id
    in it: only after one can a card be looked for whose sending was cut off, so a kill within the
    very first sending doubles the greeting at most, and never a question.
    Raises Unavailable when it cannot be stored.
    """
    telegram = core.discovery.telegram
    if telegram is None or core.settings.telegram_token is None:
        return
    noted = f"greeted:telegram:{core.settings.telegram_council or telegram.council.chat}"
    if await core.memory.notes.get(noted):
        return
    reply = Reply(title="Connected", blocks=(Text(text=_WORDS),))
    await core.board.show(noted, _COUNCIL, reply)
    await core.memory.notes.put(noted, "yes")
