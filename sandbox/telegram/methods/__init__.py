"""The calls of the Bot API that the simulated Telegram answers, by lower-case name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.telegram.methods.accounts import ACCOUNTS
from sandbox.telegram.methods.changing import CHANGING
from sandbox.telegram.methods.presses import PRESSES
from sandbox.telegram.methods.sending import SENDING
from sandbox.telegram.methods.webhooks import WEBHOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Any

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import TelegramState

METHODS: Final[Mapping[str, Callable[[TelegramState, Params], Any]]] = {
    **ACCOUNTS,
    **CHANGING,
    **PRESSES,
    **SENDING,
    **WEBHOOKS,
}
