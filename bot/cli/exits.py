"""Exit codes, as documented in docs/cli.md."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tgk.outcome import Result

FAILED: Final = 1
USAGE: Final = 2
DENIED: Final = 3
PENDING: Final = 4
UNAVAILABLE: Final = 5
INVALID_FILES: Final = 6
TIMEOUT: Final = 124
INTERRUPTED: Final = 130
CONFIGURATION: Final = 78

_BY_RESULT: dict[Result, int] = {
    "success": 0,
    "failure": FAILED,
    "invalid": USAGE,
    "denied": DENIED,
    "pending": PENDING,
    "unavailable": UNAVAILABLE,
    "unknown": FAILED,
}


def exit_code(result: Result) -> int:
    """Return what the shell sees of an outcome."""
    return _BY_RESULT[result]
