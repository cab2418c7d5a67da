"""The diagnostic log: structured lines for a mechanic, with every known secret masked."""

from __future__ import annotations

import logging
import sys
from typing import TYPE_CHECKING, Any

from loguru import logger

if TYPE_CHECKING:
    from collections.abc import Callable

_QUIET = ("httpx", "httpcore", "telegram", "casbin", "asyncio", "uvicorn.access", "lightkube")
"""Libraries that log addresses with tokens, or every request."""


class _Bridge(logging.Handler):
    """Hands the standard library's records to loguru."""

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one record on under its own logger's name."""
        known = record.levelname in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}
        level = record.levelname if known else "INFO"
        bound = logger.bind(logger=record.name).opt(exception=record.exc_info)
        bound.log(level, "{}", record.getMessage())


def open_notebook(level: str, redact: Callable[[str], str], *, json: bool) -> None:
    """Send all logging of this process to standard error, masked; as JSON lines if asked."""
    logger.remove()

    def write(message: Any) -> None:
        sys.stderr.write(redact(str(message)))

    form = "{time:YYYY-MM-DDTHH:mm:ss.SSS!UTC}Z {level: <7} {message} {extra}\n"
    logger.configure(extra={"logger": "tgk"})
    logger.add(
        write,
        level=level,
        serialize=json,
        format=form + "{exception}",
        diagnose=False,  # values of local variables may be secrets
        backtrace=False,
    )
    logging.basicConfig(handlers=[_Bridge()], level=level if level != "TRACE" else 5, force=True)
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
