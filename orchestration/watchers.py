"""Whoever watches a change now is shown its progress; the change never waits for them long."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tgk.context import Show
    from tgk.reply import Reply

_WATCH_SECONDS: Final = 10.0


class Watchers:
    """Those who watch changes in this process, by the id of the change."""

    def __init__(self) -> None:
        self._watchers: defaultdict[str, list[Show]] = defaultdict(list)

    @contextmanager
    def watching(self, corr: str, watch: Show) -> Iterator[None]:
        """Show ``watch`` the progress of a change while the block lasts."""
        self._watchers[corr].append(watch)
        try:
            yield
        finally:
            self._watchers[corr].remove(watch)
            if not self._watchers[corr]:
                del self._watchers[corr]

    def relay(self, corr: str) -> Show:
        """Return what shows progress to whoever watches then; one that fails misses it alone."""

        async def show(reply: Reply) -> None:
            for watch in tuple(self._watchers.get(corr, ())):
                try:
                    async with asyncio.timeout(_WATCH_SECONDS):
                        await watch(reply)
                except Exception as error:  # noqa: BLE001 - a broken view stops no change
                    logger.bind(corr=corr).opt(exception=error).warning("progress was not shown")

        return show
