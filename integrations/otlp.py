"""Sends spans to any backend that takes OpenTelemetry: OTLP over HTTP, as JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from typing import TYPE_CHECKING, Any, Final, Never
from urllib.parse import unquote, urlsplit

from loguru import logger
from pydantic import SecretStr

from integrations.http import HttpPort, Patience
from orchestration.runs.tracing import envelope
from tgk.errors import ConfigurationInvalid, Rejected, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.ports.time import Clock

MOST_WAITING: Final = 4096
MOST_AT_ONCE: Final = 256
_PATIENCE: Final = Patience(timeout=5.0, retries=1)
_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
_LAST_SECONDS: Final = 1.0


class OtlpSpans:
    """Implements Spans; ``run`` must be owned by the process.

    Spans go to ``/v1/traces`` below ``endpoint``, with ``headers`` written as ``name=value`` by
    commas. While the backend is away spans wait, the oldest give way to new ones, and it is asked
    again ever more slowly. What it refuses is lost. Nobody who offers spans waits for any of this.
    """

    def __init__(self, endpoint: str, clock: Clock, *, headers: str = "") -> None:
        self._clock = clock
        self._headers = headers_of(headers)
        parts = urlsplit(endpoint)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = f"{parts.path.rstrip('/')}/v1/traces"
        self._waiting: deque[Mapping[str, Any]] = deque(maxlen=MOST_WAITING)
        self._new = asyncio.Event()
        self.sent = 0
        self.lost = 0

    def offer(self, spans: Sequence[Mapping[str, Any]]) -> None:
        """Take spans to be sent; where there is no room, the oldest are lost."""
        over = len(self._waiting) + len(spans) - MOST_WAITING
        if over > 0:
            self._lose(over, "too many wait to be sent")
        self._waiting.extend(spans)
        self._new.set()

    async def run(self) -> Never:
        """Send what waits, until cancelled; then once more, for a moment."""
        port = HttpPort(
            "OpenTelemetry", self._origin, clock=self._clock, headers=self._headers,
            patience=_PATIENCE,
        )  # fmt: skip
        async with port:
            try:
                await self._keep_sending(port)
            except asyncio.CancelledError:
                with contextlib.suppress(TimeoutError, Unavailable, Rejected):
                    async with asyncio.timeout(_LAST_SECONDS):
                        while self._waiting:
                            await self._send(port)
                raise
        raise AssertionError  # pragma: no cover - sending never ends by itself

    async def _keep_sending(self, port: HttpPort) -> None:
        pause = _FIRST_PAUSE
        while True:
            await self._new.wait()
            self._new.clear()
            try:
                while self._waiting:
                    await self._send(port)
                    pause = _FIRST_PAUSE
            except Unavailable as error:
                logger.bind(waiting=len(self._waiting)).debug("spans not sent: {}", error)
                await self._clock.sleep(max(pause, error.retry_after or 0.0))
                pause = min(pause * 2, _LONGEST_PAUSE)
                self._new.set()

    async def _send(self, port: HttpPort) -> None:
        """Send the oldest; they stay while the backend is away."""
        batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
        try:
            answer = await port.request("POST", self._path, json=envelope(batch), idempotent=True)
        except Rejected as error:
            self._lose(len(batch), str(error))
            return
        except BaseException:
            self._put_back(batch)
            raise
        refused = _refused(answer.body)
        self.sent += len(batch) - refused
        if refused:
            self._lose(refused, "the backend refused a part")

    def _put_back(self, batch: list[Mapping[str, Any]]) -> None:
        room = MOST_WAITING - len(self._waiting)
        if len(batch) > room:
            self._lose(len(batch) - room, "too many wait to be sent")
        self._waiting.extendleft(reversed(batch[len(batch) - min(room, len(batch)) :]))

    def _lose(self, count: int, why: str) -> None:
        self.lost += count
        logger.bind(lost=count, altogether=self.lost).warning("spans lost: {}", why)


def headers_of(text: str) -> dict[str, str | SecretStr]:
    """Return the headers of ``name=value,name=value``, values percent-encoded and secret.

    Raises ConfigurationInvalid for what is not written so; no value is in the message.
    """
    found: dict[str, str | SecretStr] = {}
    for number, part in enumerate(filter(None, (each.strip() for each in text.split(","))), 1):
        name, equals, value = part.partition("=")
        if not equals or not name.strip().replace("-", "").isalnum():
            fault = f"OTEL_EXPORTER_OTLP_HEADERS: part {number} is not name=value"
            raise ConfigurationInvalid("Traces cannot be sent.", [fault])
        found[name.strip()] = SecretStr(unquote(value.strip()))
    return found


def _refused(body: bytes) -> int:
    """Return how many spans a backend says it refused; an answer of another shape says none."""
    try:
        told = json.loads(body or b"{}")
        return max(0, int(told.get("partialSuccess", {}).get("rejectedSpans", 0)))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return 0
