"""An audit log in a temporary folder, and somebody of the cast who writes to it."""

from __future__ import annotations

import os
import subprocess
import threading
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pytest

from audit.chain import Keyring
from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.query import Filter, oldest_first
from audit.space import SpaceRules
from audit.verify import Verdict, verify
from tgk.caller import Caller
from tgk.ports.journal import Attempt, Conclusion
from tgk.redaction import Redactor
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from audit.anchors import Anchor
    from audit.record import Record

DANA = Caller(
    person="dana",
    user_id="300000000000000002",
    platform="discord",
    channel="#deployments",
    known=True,
)
PATIENCE = 100.0
"""Seconds that a disk may take when many test at once: only tests of patience are about time."""
ROOMY = SpaceRules(low=0, admin=0, reserve=4096)


@dataclass
class Desk:
    """Opens journals over one log and looks at what they wrote."""

    settings: LogSettings
    clock: FakeClock = field(default_factory=lambda: FakeClock(flows=True))
    redactor: Redactor = field(default_factory=lambda: Redactor(b"salt"))

    @property
    def path(self) -> Path:
        """The growing file."""
        return self.settings.path

    def journal(self, **more: Any) -> AuditJournal:
        """Return a journal, not yet entered; it waits for a busy disk unless told otherwise."""
        waits = {"timeout": PATIENCE, **more}
        return AuditJournal(self.settings, redactor=self.redactor, clock=self.clock, **waits)

    def setting(self, **more: Any) -> None:
        """Change settings for the journals to come."""
        self.settings = replace(self.settings, **more)

    async def write(self, count: int, journal: AuditJournal | None = None) -> None:
        """Write so many outcomes of reads."""
        if journal is None:
            async with self.journal() as fresh:
                await self.write(count, fresh)
            return
        for number in range(count):
            await journal.conclude(self.attempt(number), Conclusion("success", duration_ms=number))

    def attempt(self, number: int = 0, **more: Any) -> Attempt:
        """Return an attempt by dana."""
        given = {"corr": f"corr{number:012d}", "command": "/status", "args": {"service": "api"}}
        return Attempt(**{**given, "caller": DANA, **more})

    def lines(self) -> list[bytes]:
        """Return the lines of the growing file, with their ends."""
        return self.path.read_bytes().splitlines(keepends=True)

    def put(self, lines: Iterable[bytes]) -> None:
        """Write other lines there, as somebody with an editor would."""
        self.path.write_bytes(b"".join(lines))

    def records(self, **wanted: Any) -> list[Record]:
        """Return all records that fit, oldest first."""
        return list(oldest_first(self.path, Filter(**wanted)))

    def verdict(self, anchors: Iterable[Anchor] = ()) -> Verdict:
        """Verify everything."""
        return verify(self.path, self.settings.keyring, anchors)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A log sealed with a key."""
    keyring = Keyring.of(b"0123456789abcdef0123456789abcdef")
    return Desk(LogSettings(path=tmp_path / "audit.jsonl", keyring=keyring, space=ROOMY))


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 128 KiB."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=128k", "tmpfs", str(place)],
        check=False,
        capture_output=True,
    )
    if mounted.returncode:
        pytest.skip("a small disk needs the right to mount")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
def hanging_disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """A disk that answers no sync until the event is set; it starts to hang when cleared."""
    gate, real = threading.Event(), os.fdatasync
    gate.set()

    def slow(handle: int) -> None:
        gate.wait(5)
        real(handle)

    monkeypatch.setattr(os, "fdatasync", slow)
    yield gate
    gate.set()
