"""A worker beside the bot of a simulated world: who dies is stood in for, there as elsewhere."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.journeys.conftest import ROOT, free_port, until

if TYPE_CHECKING:
    from tests.journeys.conftest import Playground

pytestmark = [pytest.mark.journey, pytest.mark.real]
PAGE = Path(ROOT) / "docs" / "operations.md"


def tgk(*words: str) -> list[str]:
    """Return a line of the program's."""
    return [sys.executable, "-m", "bot.cli", *words]


def test_a_worker_of_a_simulated_world_is_stood_in_for(
    playground: Playground, postgres: str
) -> None:
    """With the variables that the page names: it plays, is killed, and the bot goes on."""
    block = next(
        each for each in re.findall(r"```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
        if "python -m sandbox" in each
    )  # fmt: skip
    (salt,) = re.findall(r"TGK_SALT=(\S+)", block)
    shared = {
        "TGK_SANDBOX_URL": playground.page, "DATABASE_URL": postgres,
        "TGK_SALT": salt,
    }  # fmt: skip
    assert [name for name in (*shared, "TGK_STATE", "TGK_HTTP") if f"{name}=" not in block] == []
    bot = playground.bot(**shared, TGK_LEASE="2")
    bot.start()
    alone = {"TGK_STATE": str(playground.folder / "w"), "TGK_HTTP": f"127.0.0.1:{free_port()}"}
    environment = {**bot.environment, "TGK_USER": "dana"}
    with (playground.folder / "w.log").open("wb") as log:
        worker = subprocess.Popen(
            tgk("worker"), env={**environment, **alone}, stdout=log, stderr=log, cwd=ROOT
        )
    try:

        def playing() -> bool:
            told = subprocess.check_output(
                tgk("worker", "--status", "--json"), env=environment, cwd=ROOT
            )
            return any(each["kind"] == "worker" and each["runs"] for each in json.loads(told))

        def there() -> bool:
            assert worker.poll() is None, (playground.folder / "w.log").read_text()
            return b"takes up runs" in (playground.folder / "w.log").read_bytes()

        until("the worker", there, 30)
        given = "version=v1.4.0 environment=development watch=3 shares=100"
        run = subprocess.Popen(
            tgk("orchestrate", "run", "canary", "--parameters", given, "--yes", "--json"),
            env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        until("its run", playing, 30)
    finally:
        worker.kill()
        worker.wait()
    out, err = run.communicate(timeout=90)

    assert run.returncode == 0, err
    assert json.loads(out)["result"] == "success"
