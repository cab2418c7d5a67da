"""The routes of the REST API, v10."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sandbox.discord.rest.accounts import ACCOUNTS
from sandbox.discord.rest.callbacks import CALLBACKS
from sandbox.discord.rest.commands import COMMANDS
from sandbox.discord.rest.followups import FOLLOWUPS
from sandbox.discord.rest.messages import MESSAGES
from sandbox.discord.rest.places import PLACES

if TYPE_CHECKING:
    from sandbox.discord.rest.call import Route

ROUTES: Final[tuple[Route, ...]] = (
    *ACCOUNTS,
    *COMMANDS,
    *MESSAGES,
    *PLACES,
    *CALLBACKS,
    *FOLLOWUPS,
)
