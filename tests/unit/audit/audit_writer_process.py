"""A process that writes to a log until it is killed, and says what was acknowledged."""

from __future__ import annotations

import asyncio
import sys
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.space import SpaceRules
from tgk.caller import Caller
from tgk.ports.journal import Attempt, Conclusion
from tgk.redaction import Redactor


class SystemClock:
    """Implements Clock."""

    def now(self) -> datetime:
        """Return the time."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds."""
        return monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


async def write_for_ever(path: Path) -> None:
    """Write from eight tasks; each prints the correlation id once it is acknowledged."""
    settings = LogSettings(path=path, rotate_bytes=40_000, space=SpaceRules(0, 0, 0))
    caller = Caller(person="dana", user_id="1", platform="cli")
    async with (
        AuditJournal(settings, redactor=Redactor(b"salt"), clock=SystemClock()) as journal,
        asyncio.TaskGroup() as group,
    ):

        async def work(task: int) -> None:
            for number in range(1_000_000):
                attempt = Attempt(f"{journal.anchor().size}-{task}-{number}", "/x", {}, caller)
                await journal.conclude(attempt, Conclusion("success"))
                sys.stdout.write(attempt.corr + "\n")
                sys.stdout.flush()

        for task in range(8):
            group.create_task(work(task))


if __name__ == "__main__":
    asyncio.run(write_for_ever(Path(sys.argv[1])))
