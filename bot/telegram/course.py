"""The course of one invocation: what its asker sees meanwhile and at the end."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.recording import correlation

if TYPE_CHECKING:
    from tgk.outcome import Outcome
    from tgk.ports.board import Board, Place
    from tgk.reply import Reply


class Course:
    """Shows answers on the board, each under a key that a second life would use again.

    A change keeps its own message while it runs (``op:…``); this class only fills in where the
    change never came to that. ``quiet`` shows nothing before the end.
    """

    def __init__(
        self, board: Board, place: Place, key: str, *, change: bool, quiet: bool = False
    ) -> None:
        self._board = board
        self._place = place
        self._key = key
        self._change = change
        self._quiet = quiet or change
        self._last: Reply | None = None

    async def watch(self, reply: Reply) -> None:
        """Show progress."""
        self._last = reply
        if not self._quiet:
            await self._board.show(self._key, self._place, reply)

    async def end(self, outcome: Outcome, delivery: str) -> None:
        """Show how it ended, unless the change has shown it itself.

        A refusal never goes under the change's own key: it may be the second answer to a delivery
        whose change was done, and must not paint over that.
        """
        if self._change and outcome.reply == self._last:
            return
        own = self._change and not outcome.reply.private
        key = f"op:{correlation(delivery)}" if own else self._key
        await self._board.show(key, self._place, outcome.reply, loud=True)
