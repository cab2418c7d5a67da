"""One interaction: what a person did, the clocks that run, and what the bot answered."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import Refused, unknown

if TYPE_CHECKING:
    from sandbox.wire import Json

COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 2, 3, 4, 5
ACKNOWLEDGE_WITHIN: Final = 3.0
TOKEN_LIFE: Final = 15 * 60.0
REPLY, DEFER, DEFER_UPDATE, UPDATE, CHOICES, FORM = 4, 5, 6, 7, 8, 9
ANSWERS: Final = {
    COMMAND: (REPLY, DEFER, FORM),
    COMPONENT: (REPLY, DEFER, DEFER_UPDATE, UPDATE, FORM),
    AUTOCOMPLETE: (CHOICES,),
    MODAL: (REPLY, DEFER, DEFER_UPDATE, UPDATE),
}


@dataclass(slots=True, eq=False)
class Interaction:
    """A record that the page and the tests read.

    ``answer`` is the callback type once there is one; ``original`` the id of the message that
    answers; ``modal`` and ``choices`` what was shown instead of a message. ``answered`` is set by
    the first callback, ``finished`` once there is more than "thinking".
    """

    id: str
    token: str
    kind: int
    user: str
    channel: str
    data: Json
    at: float
    message: str = ""
    answer: int = 0
    original: str = ""
    followups: list[str] = field(default_factory=list)
    modal: Json | None = None
    choices: list[Json] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    finished: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def is_command(self) -> bool:
        """Whether somebody typed a command."""
        return self.kind == COMMAND

    @property
    def is_deferred(self) -> bool:
        """Whether the bot took the time to think and has not answered yet."""
        return self.answer in {DEFER, DEFER_UPDATE} and not self.finished.is_set()

    def check_answer(self, answer: Any, now: float) -> None:
        """Refuse an answer that is wrong, late or the second one."""
        if self.answer:
            raise Refused(400, 40060, "Interaction has already been acknowledged.")
        if now - self.at > ACKNOWLEDGE_WITHIN:
            raise unknown("interaction", 10062)
        if answer not in self._allowed():
            raise Refused(400, 50035, "Invalid Form Body", extra=_wrong_type(answer))

    def acknowledge(self) -> None:
        """Let those know who wait for the answer."""
        self.answered.set()
        if self.answer not in {DEFER, DEFER_UPDATE}:
            self.finished.set()

    def check_token(self, now: float) -> None:
        """Refuse the follow-ups of an interaction that is too old or was never answered."""
        if now - self.at > TOKEN_LIFE:
            raise Refused(401, 50027, "Invalid Webhook Token")
        if not self.answer:
            raise unknown("Webhook", 10015)

    def _allowed(self) -> tuple[int, ...]:
        allowed = ANSWERS[self.kind]
        if self.kind == MODAL and not self.message:
            return tuple(answer for answer in allowed if answer not in {DEFER_UPDATE, UPDATE})
        return allowed


def _wrong_type(answer: Any) -> Json:
    message = f"Interaction callback type {answer} is not valid for this interaction"
    return {"errors": {"type": {"_errors": [{"code": "BASE_TYPE_CHOICES", "message": message}]}}}
