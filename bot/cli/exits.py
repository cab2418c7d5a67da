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

MEANINGS: Final[dict[int, str]] = {
    0: "done",
    FAILED: "tried, and it did not work; or a fault of tgk itself",
    USAGE: "the line makes no sense: unknown command, option, name or value; nothing was done",
    DENIED: "the policy, the council, a lock or a limit said no; nothing was done",
    PENDING: "a confirmation is wanted: add `--yes`, nothing was started; or `--wait-timeout` is "
    "over while a run waits for an approval",
    UNAVAILABLE: "the bot or a system that is needed does not answer; `doctor` found a fault",
    INVALID_FILES: "`config check`, `audit verify` or `orchestrate validate` found a fault, or a"
    " playbook that is to run has one",
    CONFIGURATION: "the environment, discovery.yml or the policy must be mended first",
    TIMEOUT: "`--timeout` (of a run `--wait-timeout`) is over; a change goes on",
    INTERRUPTED: "Ctrl-C; a change goes on",
}

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
