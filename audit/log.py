"""The files of one writer: durable appends, closing of segments, recovery, and when to refuse."""

from __future__ import annotations

import errno
import fcntl
import os
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from audit.chain import KeyMissing, Keyring, Link, genesis, seal
from audit.ledger import Damage, OpenState
from audit.record import Draft, Ids, Phase, draft, own_fields
from audit.recovery import last_link, scan
from audit.segments import closed_path, closed_segments, sync_directory
from audit.space import MEBIBYTE, Level, Space, SpaceRules
from tgk.errors import ConfigurationInvalid, Conflict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from audit.recovery import Found
    from audit.segments import Segment
    from tgk.ports.time import Clock

_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True, kw_only=True)
class LogSettings:
    """Where the log is, who it is of, and its bounds."""

    path: Path
    origin: str = "tgk"
    keyring: Keyring = field(default_factory=Keyring)
    rotate_bytes: int = 64 * MEBIBYTE
    rotate_daily: bool = True
    space: SpaceRules = field(default_factory=SpaceRules)


class LogInUse(Conflict):
    """Another process writes to the log, perhaps only for a moment."""


class Log:
    """Used by one thread only; ``link``, ``level`` and ``free`` may be read by any.

    Raises LogInUse when another process writes, ConfigurationInvalid when an earlier key is needed.
    """

    def __init__(
        self, settings: LogSettings, clock: Clock, entropy: Callable[[int], bytes] = os.urandom
    ) -> None:
        self.path = settings.path
        self.state = OpenState()
        self.link = Link()
        self.level: Level = "ok"
        self.free = 0
        self._settings = settings
        self._keyring = settings.keyring
        self._clock = clock
        self._entropy = entropy
        self._ids = Ids(entropy)
        self._space = Space(self._beside("reserve"), settings.space)
        self._lock = -1
        self._file = -1
        self._size = 0
        self._first = 0
        self._began = ""
        self._opening: tuple[Phase, Mapping[str, Any], str] = ("config", {}, "success")
        """What a segment that is still empty begins with."""

    def open(self) -> None:
        """Take the lock, mend a torn end, and write that this process goes on."""
        with ExitStack() as undo:
            undo.callback(self.close)
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._take_lock()
            self._space.hold()
            self._continue()
            undo.pop_all()

    def _continue(self) -> None:
        try:
            self._recover()
        except KeyMissing as error:
            raise ConfigurationInvalid(
                "The audit log cannot be continued.",
                [f"it is sealed with key {error.args[0]}, which is not configured"],
                remedy="Configure the earlier key beside the new one.",
            ) from error

    def close(self) -> None:
        """Give the files back; everything committed is durable already."""
        for handle in (self._file, self._lock):
            if handle >= 0:
                os.close(handle)
        self._file = self._lock = -1

    def commit(self, drafts: Sequence[Draft]) -> list[str]:
        """Make records durable together; for each say why not, or nothing."""
        try:
            self._prepare()
            refusals = [self._refusal(each) for each in drafts]
            self._append([each for each, why in zip(drafts, refusals, strict=True) if not why])
        except OSError as error:
            if error.errno in _NO_ROOM and self._space.release():
                return self.commit(drafts)
            return [f"{error.strerror or error}"] * len(drafts)
        return refusals

    def _refusal(self, each: Draft) -> str:
        """Say why no change may begin now; what has begun may always be concluded."""
        if each.phase != "intent":
            return ""
        if self.state.damages:
            return f"{next(iter(self.state.damages.values()))}. Nobody has acknowledged that."
        if self.level == "full" or (self.level == "admin" and not each.privileged):
            return f"{self.free // MEBIBYTE} MiB are left on its disk."
        return ""

    def _prepare(self) -> None:
        self._check_in_place()
        self._rotate_when_due()
        self.free = self._space.free()
        level = self._space.level(self.free)
        if level != self.level:
            self.level = level
            data = {"event": "space", "level": level, "free": self.free}
            self._append([self._own("config", data, "success" if level == "ok" else "failure")])

    def _append(self, drafts: Sequence[Draft]) -> None:
        """Seal and write; either all are durable, or none is in the file."""
        link, parts = self.link, []
        for each in drafts:
            line, link = seal(self._keyring, link, each.body)
            parts.append(line)
        if not parts:
            return
        self._write(b"".join(parts))
        self.link = link
        for each in drafts:
            self.state.note(each.phase, each.corr, each.fields)

    def _write(self, data: bytes) -> None:
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(self._file, rest) :]
            os.fdatasync(self._file)
        except OSError:
            os.ftruncate(self._file, self._size)
            raise
        self._size += len(data)

    def _own(self, phase: Phase, data: Mapping[str, Any], result: str = "success") -> Draft:
        fields = own_fields(self._ids, self._clock.now(), phase, data, result=result)
        return draft(phase, "-", fields)

    # Segments

    def _begin_segment(self) -> None:
        """Create the growing file where there is none, and write its first record."""
        if self._file < 0:
            flags = os.O_CREAT | os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC
            self._file = os.open(self.path, flags, 0o600)
            self._size = os.fstat(self._file).st_size
            sync_directory(self.path.parent)
        if self._size == 0:
            phase, data, result = self._opening
            first = self._own(phase, data, result)
            self._append([first])
            self._first, self._began = self.link.seq, first.fields["timestamp"][:10]

    def _rotate_when_due(self) -> None:
        if self._file < 0 or self._size == 0:
            self._begin_segment()
            return
        settings = self._settings
        today = self._clock.now().strftime("%Y-%m-%d")
        alone = self.link.seq == self._first
        full = self._size >= settings.rotate_bytes
        if not alone and (full or (settings.rotate_daily and today != self._began)):
            self._close_segment()
            self._begin_segment()

    def _close_segment(self) -> None:
        """Give the growing file its lasting name; the next one begins by naming it."""
        self._opening = ("rotate", self._hand_over(self._put_away()), "success")

    def _hand_over(self, name: str) -> dict[str, Any]:
        link = self.link
        return {"segment": name, "size": link.seq, "head": link.head, **self.state.carried()}

    def _put_away(self) -> str:
        first = self._first or self.link.seq + 1
        while closed_path(self.path, first).exists():
            first += 1  # only after damage: two files claim the same records
        name = closed_path(self.path, first)
        self.path.chmod(0o400)
        self.path.rename(name)
        sync_directory(self.path.parent)
        if self._file >= 0:
            os.close(self._file)
        self._file, self._size = -1, 0
        return name.name

    def _check_in_place(self) -> None:
        """Notice that somebody else wrote to, cut, replaced or removed the file in use."""
        if self._file < 0:
            return
        own = os.fstat(self._file)
        try:
            seen = self.path.stat()
        except FileNotFoundError:
            os.close(self._file)
            self._file, self._size = -1, 0
            self._continue_after(Damage(self.path.name, 0, "missing", "was removed while in use"))
            return
        if (seen.st_ino, seen.st_size) != (own.st_ino, self._size):
            name = self._put_away()
            self._continue_after(Damage(name, 0, "changed", "was changed while in use"))

    def _continue_after(self, damage: Damage) -> None:
        """Leave the evidence as it is and go on in a new segment that reports it."""
        self.state.damages[damage.id] = str(damage)
        self._opening = ("recover", self.state.carried(), "failure")
        self._begin_segment()

    # Start

    def _take_lock(self) -> None:
        self._lock = os.open(self._beside("lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            owner = os.pread(self._lock, 32, 0).decode(errors="replace").strip()
            raise LogInUse(
                "The audit log is in use.",
                why=f"Process {owner or 'unknown'} writes to {self.path.name}.",
                remedy="Stop that process first, or use another state folder.",
            ) from None
        os.ftruncate(self._lock, 0)
        os.pwrite(self._lock, f"{os.getpid()}\n".encode(), 0)

    def _recover(self) -> None:
        closed = closed_segments(self.path)
        before = last_link(closed[-1].path, self._keyring) if closed else None
        found = scan(self.path, self._keyring, before) if self.path.exists() else None
        torn = found.torn if found and not found.damage else 0
        if found and torn:
            os.truncate(self.path, found.size - torn)
        if found and found.records:
            self._go_on(found, size=found.size - torn)
        elif closed:
            self._go_on_after(closed)
        else:
            self._begin_log()
        if torn:
            self._append([self._own("recover", {"event": "torn end", "bytes": torn})])
        self._announce()

    def _go_on(self, found: Found, *, size: int) -> None:
        """Continue the growing file, or put it away when it is damaged."""
        self.link, self.state = found.link, found.state
        self._first, self._began = found.first, found.began
        if found.damage:
            name = self._put_away()
            self._continue_after(replace(found.damage, segment=name))
            return
        self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC)
        self._size = size

    def _go_on_after(self, closed: Sequence[Segment]) -> None:
        """Begin the segment that a kill between closing and beginning left out."""
        before = last_link(closed[-2].path, self._keyring) if closed[1:] else None
        left = scan(closed[-1].path, self._keyring, before)
        self.link, self.state = left.link, left.state
        if left.damage:
            self._continue_after(left.damage)
            return
        self._opening = ("rotate", self._hand_over(closed[-1].name), "success")
        self._begin_segment()

    def _begin_log(self) -> None:
        salt = self._entropy(16).hex()
        self.link = Link(0, genesis(self._settings.origin, salt), self._keyring.active)
        data = {"event": "begun", "origin": self._settings.origin, "salt": salt}
        self._opening = ("config", data, "success")
        self._begin_segment()

    def _announce(self) -> None:
        """Write that this process goes on, and with which key."""
        data: dict[str, Any] = {"event": "opened", "process": os.getpid()}
        active = self._keyring.active
        if self.link.kid != active:
            data["next_key"] = active
        if not self.commit([self._own("config", data)])[0]:
            self.link = Link(self.link.seq, self.link.head, active)

    def _beside(self, what: str) -> Path:
        return self.path.with_name(f"{self.path.name}.{what}")
