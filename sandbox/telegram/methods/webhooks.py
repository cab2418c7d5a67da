"""Switching between being polled and posting."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.telegram.errors import bad_request
from sandbox.telegram.updates import webhook_from

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import TelegramState
    from sandbox.wire import Json

_SECRET: Final = re.compile(r"[A-Za-z0-9_-]{0,256}")


def set_webhook(state: TelegramState, params: Params) -> bool:
    """Post updates from now on; an empty address is the same as deleteWebhook."""
    secret = params.text("secret_token")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    url = params.text("url")
    state.updates.webhook = webhook_from(url, secret) if url else None
    _remember_wish(state, params)
    return True


def delete_webhook(state: TelegramState, params: Params) -> bool:
    """Keep updates for polling again."""
    state.updates.webhook = None
    if params.flag("drop_pending_updates"):
        state.updates.drop()
    return True


def get_webhook_info(state: TelegramState, _params: Params) -> Json:
    """Say where updates go and how many wait."""
    webhook = state.updates.webhook
    info: Json = {
        "url": webhook.url if webhook else "",
        "has_custom_certificate": False,
        "pending_update_count": len(state.updates.pending),
    }
    if state.updates.last_fault:
        info["last_error_message"] = state.updates.last_fault
    return info


def _remember_wish(state: TelegramState, params: Params) -> None:
    if params.flag("drop_pending_updates"):
        state.updates.drop()
    allowed = params.structure("allowed_updates")
    if allowed is not None:
        state.updates.allowed = allowed


WEBHOOKS: Mapping[str, Callable[[TelegramState, Params], Any]] = {
    "setwebhook": set_webhook,
    "deletewebhook": delete_webhook,
    "getwebhookinfo": get_webhook_info,
}
