"""The salt of this installation's redactor: given by the environment, else kept with the state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from audit.salt import kept_salt

if TYPE_CHECKING:
    from bot.runtime.settings import Settings

FILE: Final = "redaction.salt"


def salt_of(settings: Settings) -> bytes:
    """Return the salt; made once where nobody gave one.

    Raises ConfigurationInvalid when the file holds something else.
    """
    return _given(settings) or kept_salt(settings.state / FILE)


def known_salt(settings: Settings) -> bytes | None:
    """Return the salt, None where the next start makes one."""
    path = settings.state / FILE
    return _given(settings) or (path.read_bytes() if path.exists() else None)


def _given(settings: Settings) -> bytes:
    return bytes.fromhex(settings.salt.get_secret_value()) if settings.salt else b""
