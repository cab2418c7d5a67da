"""What a start costs: no import that nobody needs, no collecting of what stays."""

from __future__ import annotations

import gc
import subprocess
import sys
from pathlib import Path

from bot.runtime import collector

ROOT = Path(__file__).parents[3]

ENGINE = """
import asyncio, sqlite3, sys
from pathlib import Path
from orchestration.engine import Engine
from tgk.testing.clock import FakeClock

def refused(retriable, fault):
    from sqlalchemy.exc import DBAPIError
    return not retriable(DBAPIError("", {}, fault))

async def main():
    engine = Engine(Path(sys.argv[1]), FakeClock())
    await engine.start(None)
    print(bool(await engine.pending()), "psycopg" in sys.modules, "sqlalchemy.orm" in sys.modules)
    from dbos._utils import retriable_postgres_exception as retriable
    print(refused(retriable, sqlite3.OperationalError("full")))
    import psycopg
    print(refused(retriable, psycopg.OperationalError("connection failed")))
    await engine.stop()

asyncio.run(main())
"""

TELEGRAM = """
import asyncio, sys
from contextlib import AsyncExitStack
from pathlib import Path
from bot.runtime.couriers import open_couriers
from bot.runtime.discovery import load_discovery
from bot.runtime.settings import read_settings
from tgk.testing.clock import FakeClock

async def main():
    settings = read_settings({"TELEGRAM_BOT_TOKEN": "7000000:t"})
    found = load_discovery(Path("discovery.yml"))
    async with AsyncExitStack() as stack:
        await open_couriers(
            settings, found, stack, directory=None, buttons=None, clock=FakeClock()
        )
    spared = {"cryptography", "pygments", "rich"}
    print("telegram" in sys.modules, sorted(spared & sys.modules.keys()))
    import rich.console
    print("rich.console" in sys.modules)

asyncio.run(main())
"""


def said(program: str, *arguments: str) -> list[str]:
    """Run a program in a process of its own; return its lines."""
    command = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    return done.stdout.splitlines()


def test_an_engine_on_sqlite_imports_no_other_driver_until_it_is_asked_about_one(
    tmp_path: Path,
) -> None:
    """It works without; asked whether a fault of PostgreSQL passes, it still knows."""
    works, other_fault, postgres_fault = said(ENGINE, str(tmp_path))
    assert works == "False False False"
    assert (other_fault, postgres_fault) == ("True", "False")


def test_telegram_is_opened_without_passports_and_without_a_terminal() -> None:
    """Neither is used by a bot; who needs them afterwards gets them."""
    assert said(TELEGRAM) == ["True []", "True"]


def test_until_the_start_is_over_garbage_is_seldom_looked_for() -> None:
    """Then what there is stays out of sight, and the usual pace is back; the end undoes it."""
    usual = gc.get_threshold()
    with collector.unhurried():
        assert gc.get_threshold()[0] > 10 * usual[0]
        collector.started()
        assert gc.get_threshold() == usual
        assert gc.get_freeze_count() > 0
    assert gc.get_threshold() == usual
    assert gc.get_freeze_count() == 0
