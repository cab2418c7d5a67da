"""What an HTTP status means for whoever asked."""

from __future__ import annotations

import json
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Protocol

from tgk.errors import Missing, Rejected, TgkError, Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tgk.ports.time import Clock

_LONGEST_REASON = 200
_UNNAMED_WAIT = 60.0
"""Seconds to leave a system alone that speaks of a limit and names no time."""


class Answered(Protocol):
    """As much of a response as a verdict needs."""

    @property
    def system(self) -> str:
        """Who answered."""

    @property
    def status(self) -> int:
        """The HTTP status."""

    @property
    def headers(self) -> Mapping[str, str]:
        """Names in lower case."""

    @property
    def body(self) -> bytes:
        """The whole body."""


def judge(
    answer: Answered,
    *,
    missing: tuple[str, str] | None,
    hide: Callable[[str], str],
    clock: Clock,
) -> TgkError | None:
    """Return the error that an answer stands for, None when it is a success."""
    status = answer.status
    if 200 <= status < 300 or status == 304:  # noqa: PLR2004 - the HTTP classes as written
        return None
    if status in (403, 429) and (status == 429 or _is_throttled(answer)):  # noqa: PLR2004
        wait = retry_after(answer.headers, clock)
        if wait is None and _is_told_so(answer):
            wait = _UNNAMED_WAIT
        return Unavailable(
            answer.system,
            "It asks to be called less often.",
            retry_after=1.0 if wait is None else wait,
            remedy=f"Try again in {max(1, round(wait or 1))} s.",
        )
    if status in (408, 425) or status >= 500:  # noqa: PLR2004
        wait = retry_after(answer.headers, clock)
        return Unavailable(answer.system, f"It answered with error {status}.", retry_after=wait)
    if status == 404 and missing is not None:  # noqa: PLR2004
        return Missing(*missing)
    return _rejection(answer, hide)


def _rejection(answer: Answered, hide: Callable[[str], str]) -> Rejected:
    system, status = answer.system, answer.status
    why, remedy = {
        401: ("It refused our credentials.", f"Renew the token of {system}."),
        403: ("Our credentials do not allow this.", f"Widen what the token of {system} may do."),
        404: ("It does not know what was asked for.", f"Check the names and address of {system}."),
    }.get(status, ("", ""))
    if 300 <= status < 400:  # noqa: PLR2004
        why = "It sends us to another address, which is not followed."
        remedy = f"Set the address of {system} to where it lives now."
    if not why:
        reason = hide(_reason(answer))
        why = f"It refused the request ({status}){f': {reason}' if reason else '.'}"
    return Rejected(system, why, status=status, remedy=remedy)


def retry_after(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return the seconds that the other side asks to wait, None when it names none."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit() and len(value) <= 9:  # noqa: PLR2004 - 31 years
        return float(value)
    if value:
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        if date.tzinfo is not None:
            return max(0.0, (date - clock.now()).total_seconds())
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(1.0, float(reset[:12]) - clock.now().timestamp())
    return None


def _is_throttled(answer: Answered) -> bool:
    headers = answer.headers
    exhausted = headers.get("x-ratelimit-remaining") == "0"
    return "retry-after" in headers or exhausted or _is_told_so(answer)


def _is_told_so(answer: Answered) -> bool:
    """Say whether only the words of a 403 speak of a limit, as GitHub's secondary ones do."""
    return answer.status == 403 and "rate limit" in _reason(answer).lower()  # noqa: PLR2004


def _reason(answer: Answered) -> str:
    """Return the sentence that most APIs put into an error body, on one short line."""
    if answer.headers.get("content-type", "").startswith("text/plain"):
        text = answer.body.decode(errors="replace").strip()
    else:
        text = _sentence(answer.body)
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"


def _sentence(body: bytes) -> str:
    try:
        decoded = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = decoded if isinstance(decoded, dict) else {}
    named = (found.get(key) for key in ("message", "error", "detail", "error_description"))
    return next((value for value in named if isinstance(value, str)), "")
