"""How the Discord API refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from sandbox.wire import Json

INVALID_FORM: Final = 50035


class Refused(Exception):
    """One answer that is not 2xx, in the platform's own shape."""

    def __init__(
        self,
        status: int,
        code: int,
        message: str,
        *,
        extra: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra or {}
        self.headers = dict(headers or {})

    def body(self) -> Json:
        """Return the JSON that the platform would send."""
        return {"message": self.message, "code": self.code, **self.extra}


def unauthorized() -> Refused:
    """Return the answer to a wrong token."""
    return Refused(401, 0, "401: Unauthorized")


def unknown(what: str, code: int) -> Refused:
    """Return a 404 for something that is not there."""
    return Refused(404, code, f"Unknown {what}")


def missing_access() -> Refused:
    """Return a 403 for a place that the bot may not see."""
    return Refused(403, 50001, "Missing Access")


def rate_limited(seconds: float, *, is_global: bool, bucket: str = "storm") -> Refused:
    """Return a 429 with everything that a client looks for."""
    headers = {
        "Retry-After": str(max(1, int(-(-seconds // 1)))),
        "X-RateLimit-Limit": "5",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": f"{seconds:.3f}",
        "X-RateLimit-Bucket": bucket,
        "X-RateLimit-Scope": "global" if is_global else "user",
    }
    if is_global:
        headers["X-RateLimit-Global"] = "true"
    extra: Json = {"retry_after": round(seconds, 3), "global": is_global}
    return Refused(429, 0, "You are being rate limited.", extra=extra, headers=headers)


def invalid_form(faults: Iterable[tuple[tuple[str | int, ...], str, str]]) -> Refused:
    """Return the 50035 that lists every fault where it is: (path, code, message)."""
    errors: dict[str, Any] = {}
    for path, code, message in faults:
        node = errors
        for part in path:
            node = node.setdefault(str(part), {})
        node.setdefault("_errors", []).append({"code": code, "message": message})
    return Refused(400, INVALID_FORM, "Invalid Form Body", extra={"errors": errors})
