"""Discord's errors in our words: try again, or mend what is named."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import aiohttp
import discord

from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM = "Discord"
_TOO_MANY, _SERVER = 429, 500
_REMEDIES = {
    50001: "Give the bot View Channel there.",
    50013: "Give the bot Send Messages, Embed Links and Attach Files there.",
    50035: "",
    10003: "Mend the channel's id under discord.channels in discovery.yml.",
    10008: "",
    40005: "Shorten the log or picture that is attached.",
    160002: "Give the bot Read Message History there.",
}


@contextmanager
def translated(doing: str) -> Iterator[None]:
    """Raise Unavailable or Rejected instead of what the library raises."""
    try:
        yield
    except discord.RateLimited as error:
        why = f"{doing}: too many requests"
        raise Unavailable(SYSTEM, why, retry_after=error.retry_after) from error
    except discord.LoginFailure as error:
        remedy = "Set DISCORD_TOKEN to the bot's present token."
        raise Rejected(SYSTEM, "the token was rejected", status=401, remedy=remedy) from error
    except discord.HTTPException as error:
        raise _from_http(error, doing) from error
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise Unavailable(SYSTEM, f"{doing}: no connection") from error


def _from_http(error: discord.HTTPException, doing: str) -> Unavailable | Rejected:
    if error.status == _TOO_MANY or error.status >= _SERVER:
        return Unavailable(SYSTEM, f"{doing}: status {error.status}", retry_after=_after(error))
    remedy = _REMEDIES.get(error.code, "Look at the bot's permissions and at discovery.yml.")
    why = f"{doing}: status {error.status}, code {error.code}"
    return Rejected(SYSTEM, why, status=error.status, remedy=remedy)


def _after(error: discord.HTTPException) -> float | None:
    stated = error.response.headers.get("Retry-After", "")
    try:
        return float(stated)
    except ValueError:
        return None
