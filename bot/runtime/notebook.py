"""The diagnostic log: structured lines for a mechanic, with every known secret masked."""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from typing import TYPE_CHECKING, Any

import orjson
from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable

_QUIET = (
    "httpx",
    "httpx2",
    "httpcore",
    "telegram",
    "casbin",
    "asyncio",
    "uvicorn",
    "uvicorn.error",
    "lightkube",
)
"""Libraries that log addresses with tokens, or every request."""


_SILENT = ("discord.client",)
"""Warns of missing voice support at every start; what ends its connection is raised anyway."""
_RECONNECTS = (("discord.client", "connect"), ("discord.gateway", "run"))
"""Where the library loses a connection and tries again by itself: no fault of code to trace."""
_LONGEST_TRACE = 4000


class _Bridge(logging.Handler):
    """Hands the standard library's records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on under its own logger's name."""
        known = record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        level = record.levelname if known else "INFO"
        bound = logger.bind(logger=record.name)
        failure = record.exc_info[1] if record.exc_info else None
        if failure is not None and (record.name, record.funcName) in _RECONNECTS:
            said = " ".join(f"{type(failure).__name__}: {failure}".split()).rstrip(": ")
            bound.warning("{}: {}", record.getMessage(), said)
        else:
            bound.opt(exception=record.exc_info).log(level, "{}", record.getMessage())


def open_notebook(level: str, redact: Callable[[str], str], *, json: bool) -> None:
    """Send all logging of this process to standard error, masked; as JSON lines if asked."""
    logger.remove()

    def write(message: Any) -> None:
        # before it becomes JSON: a mark in place of a quote would end a text too early
        line = _as_json(message.record, redact) + "\n" if json else redact(str(message))
        sys.stderr.write(line)

    form = "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z {level: <7} {message} {extra}"
    logger.configure(extra={"logger": "tgk"})
    logger.add(
        write,
        level=level,
        format=form,
        diagnose=False,  # values of local variables may be secrets
        backtrace=False,
    )
    logging.basicConfig(handlers=[_Bridge()], level=level if level != "TRACE" else 5, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.ERROR)


def catch_strays() -> None:
    """Let warnings, and faults that nobody awaits, be lines of the log instead of loose text."""
    logging.captureWarnings(True)

    def in_thread(stray: threading.ExceptHookArgs) -> None:
        name = stray.thread.name if stray.thread else "a thread"
        if stray.exc_value is not None:
            logger.opt(exception=stray.exc_value).error("{} ended by a fault", name)

    def nowhere(stray: sys.UnraisableHookArgs) -> None:
        logger.opt(exception=stray.exc_value).error("{}", stray.err_msg or "fault while tidying up")

    threading.excepthook = in_thread
    sys.unraisablehook = nowhere


def _as_json(record: Any, redact: Callable[[str], str]) -> str:
    """Return a record as one flat object: when, how bad, who says it, what, and its fields."""
    entry: dict[str, Any] = {
        "time": record["time"].isoformat(),
        "level": record["level"].name,
        "message": record["message"],
        **record["extra"],
    }
    if failure := record["exception"]:
        lines = traceback.format_exception(failure.type, failure.value, failure.traceback)
        entry["exception"] = "".join(lines)[-_LONGEST_TRACE:]
    plain = orjson.loads(orjson.dumps(entry, default=str))
    return orjson.dumps(_masked(plain, redact)).decode()


def _masked(value: Any, redact: Callable[[str], str]) -> Any:
    """Return what goes into JSON with every text masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: _under(key, item, redact) for key, item in value.items()}
    if isinstance(value, list):
        return [_masked(item, redact) for item in value]
    return value


def _under(name: str, value: Any, redact: Callable[[str], str]) -> Any:
    """Return a field's value masked; its name alone may say that it is a secret."""
    if isinstance(value, str):
        return redact(f"{name}={redact(value)}").partition("=")[2]
    return _masked(value, redact)
