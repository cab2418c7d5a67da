"""The diagnostic log: a lost connection is one line, a fault keeps its trace."""

from __future__ import annotations

import gc
import json
import logging
import sys
import threading
import warnings
from typing import TYPE_CHECKING

import pytest

from bot.runtime.notebook import catch_strays, open_notebook

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def opened(log_kept: None) -> None:
    """Open the notebook."""
    open_notebook("INFO", lambda text: text, json=False)


def _logged_from(where: str, logger_name: str) -> None:
    """Log a lost connection as a library's function of this name does."""
    failure = ConnectionRefusedError("Connect call failed\n('127.0.0.1', 9)")
    record = logging.LogRecord(
        logger_name, logging.ERROR, "-", 1, "Attempting a reconnect in %.2fs", (1.5,),
        (type(failure), failure, None), where,
    )  # fmt: skip
    logging.getLogger(logger_name).handle(record)


@pytest.mark.usefixtures("opened")
def test_a_reconnect_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """How long until the next try and what was wrong, without a trace of the library."""
    _logged_from("connect", "discord.client")

    (line,) = capsys.readouterr().err.splitlines()
    assert "WARNING" in line
    assert "Attempting a reconnect in 1.50s: ConnectionRefusedError: Connect call failed (" in line


@pytest.mark.usefixtures("opened")
def test_a_fault_keeps_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    """The same failure in code of ours is for a mechanic."""
    _logged_from("_run_event", "discord.client")

    lines = capsys.readouterr().err.splitlines()
    assert "ERROR" in lines[0]
    assert 1 == sum(line.startswith("ConnectionRefusedError") for line in lines)


@pytest.fixture
def caught() -> Iterator[None]:
    """Let strays be caught, and put the process's hooks back as they were."""
    in_thread, nowhere, shown = threading.excepthook, sys.unraisablehook, warnings.showwarning
    catch_strays()
    yield
    logging.captureWarnings(False)
    threading.excepthook, sys.unraisablehook, warnings.showwarning = in_thread, nowhere, shown


@pytest.mark.usefixtures("opened", "caught")
def test_whatever_goes_astray_is_a_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Warnings, faults of threads and of what is tidied up are not loose text in the log."""
    open_notebook("INFO", lambda text: text, json=True)

    class Untidy:
        def __del__(self) -> None:
            raise ValueError("left over")

    def broken() -> None:
        raise ValueError("thread broke")

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning("old way", DeprecationWarning, "x.py", 1)
    worker = threading.Thread(target=broken, name="worker")
    worker.start()
    worker.join()
    Untidy()
    gc.collect()

    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [entry["level"] for entry in told] == ["WARNING", "ERROR", "ERROR"]
    assert "old way" in told[0]["message"]
    assert "thread broke" in told[1]["exception"]
    assert "left over" in told[2]["exception"]
