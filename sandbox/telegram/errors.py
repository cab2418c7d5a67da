"""How the Bot API refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sandbox.wire import Json


class Refusal(Exception):
    """One answer that is not ok; ``description`` carries the platform's own words."""

    def __init__(self, code: int, description: str, *, retry_after: int | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.retry_after = retry_after

    def body(self) -> Json:
        """Return the JSON that the platform would send."""
        body: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.retry_after is not None:
            body["parameters"] = {"retry_after": self.retry_after}
        return body


def bad_request(reason: str) -> Refusal:
    """Return a 400 with the platform's prefix."""
    return Refusal(400, f"Bad Request: {reason}")


def too_many(seconds: float) -> Refusal:
    """Return a 429 that says when to come back."""
    wait = max(1, int(-(-seconds // 1)))
    return Refusal(429, f"Too Many Requests: retry after {wait}", retry_after=wait)
