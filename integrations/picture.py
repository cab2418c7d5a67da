"""Pictures for chat: our own SVG turned into PNG beside the event loop."""

from __future__ import annotations

import asyncio
import hashlib
import re
import sys
from collections import OrderedDict
from contextlib import suppress
from pathlib import Path

from integrations.picture_worker import BAD_SVG
from tgk.errors import Rejected, Unavailable

_SYSTEM = "the picture renderer"
_WORKER = Path(__file__).with_name("picture_worker.py")
_ROOT = re.compile(r"<svg\b[^>]*>")
_SIDE = re.compile(r'\s(width|height)="(\d{1,5})(?:\.\d+)?(?:px)?"')
_LONGEST_SVG = 1_000_000
_LONGEST_SIDE = 6_000
_MOST_PIXELS = 12_000_000
_FOREIGN = re.compile(r"<!(DOCTYPE|ENTITY)|<(image|feImage)\b", re.IGNORECASE)


class Pictures:
    """Draws in a process of its own, one text at a time, and remembers the latest.

    At most ``waiting`` drawings wait; each, waiting included, ends within ``timeout`` seconds.
    """

    def __init__(
        self,
        *,
        kept: int = 64,
        waiting: int = 32,
        timeout: float = 8.0,
        python: str = sys.executable,
    ) -> None:
        self._kept = kept
        self._most_waiting = waiting
        self._timeout = timeout
        self._python = python
        self._cache: OrderedDict[bytes, bytes] = OrderedDict()
        self._turn = asyncio.Lock()
        self._waiting = 0

    async def png(self, svg: str) -> bytes:
        """Return the picture; raises Rejected for an SVG that cannot be drawn, Unavailable."""
        digest = hashlib.sha256(svg.encode(errors="replace")).digest()
        found = self._recalled(digest)
        if found is not None:
            return found
        _check(svg)
        if self._waiting >= self._most_waiting:
            raise Unavailable(_SYSTEM, f"{self._waiting} pictures are waiting already.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._timeout), self._turn:
                return self._recalled(digest) or self._remember(digest, await self._drawn(svg))
        except TimeoutError as error:
            why = f"It took longer than {self._timeout:g} s."
            raise Unavailable(_SYSTEM, why) from error
        finally:
            self._waiting -= 1

    async def _drawn(self, svg: str) -> bytes:
        process = await self._started()
        try:
            png, words = await process.communicate(svg.encode(errors="replace"))
        finally:
            if process.returncode is None:
                with suppress(ProcessLookupError):  # it ended by itself in the meantime
                    process.kill()
                await asyncio.shield(process.wait())
        if process.returncode == BAD_SVG:
            raise Rejected(_SYSTEM, f"This SVG cannot be drawn: {words.decode(errors='replace')}")
        if process.returncode != 0 or not png:
            raise Unavailable(_SYSTEM, f"It ended with {process.returncode}.")
        return png

    async def _started(self) -> asyncio.subprocess.Process:
        try:
            # No environment: what draws foreign words has no business with tokens.
            return await asyncio.create_subprocess_exec(
                self._python,
                "-I",
                str(_WORKER),
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={},
                start_new_session=True,
            )
        except OSError as error:
            raise Unavailable(_SYSTEM, "It cannot be started.") from error

    def _recalled(self, digest: bytes) -> bytes | None:
        found = self._cache.get(digest)
        if found is not None:
            self._cache.move_to_end(digest)
        return found

    def _remember(self, digest: bytes, png: bytes) -> bytes:
        self._cache[digest] = png
        while len(self._cache) > self._kept:
            self._cache.popitem(last=False)
        return png


def _check(svg: str) -> None:
    """Refuse what would read files or take the machine's memory."""
    root = _ROOT.search(svg)
    sides = {name: int(size) for name, size in _SIDE.findall(root.group() if root else "")}
    width, height = sides.get("width", 0), sides.get("height", 0)
    if not width or not height:
        raise Rejected(_SYSTEM, "An SVG needs a width and a height in pixels.")
    if max(width, height) > _LONGEST_SIDE or width * height > _MOST_PIXELS:
        raise Rejected(_SYSTEM, f"{width} x {height} pixels are too many.")
    if len(svg) > _LONGEST_SVG:
        raise Rejected(_SYSTEM, f"{len(svg)} characters are too many.")
    if _FOREIGN.search(svg):
        raise Rejected(_SYSTEM, "It refers to other files.")
