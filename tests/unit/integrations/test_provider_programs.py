"""Providers that are programs of this machine."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import Any

import pytest

from integrations.providers.process import ProcessProvider
from tests.unit.integrations.provider_calls import HOSTILE, call, variable
from tgk.bindings import ProcessBinding
from tgk.errors import Rejected


def program(source: str, **more: Any) -> ProcessProvider:
    """Return a provider that runs Python with a text."""
    binding = ProcessBinding.model_validate({"argv": [sys.executable, "-c", source], **more})
    return ProcessProvider("/x", binding, variable=variable)


async def test_a_program_gets_values_as_words_and_nothing_of_our_environment(
    tmp_path: Path,
) -> None:
    """Each option is one word, whatever the value holds; nothing is read by a shell."""
    source = "import json, os, sys; print(json.dumps({'w': sys.argv[1:], 'e': dict(os.environ)}))"
    provider = program(
        source,
        directory=str(tmp_path),
        options={"name": "{name}", "fast": "{fast}", "region": "{region}"},
        environment={"SECRET": "${TOKEN}"},
        output={"words": "w", "seen": "e"},
    )

    for value in HOSTILE:
        result = await provider.invoke(call(name=value, fast=True))

        assert [f"--name={value}", "--fast"] == result.output["words"]
        own = {name for name in result.output["seen"] if not name.startswith(("LC_", "__"))}
        assert own == {"PATH", "SECRET", "TGK_COMMAND", "TGK_KEY"}
    assert "s3cr3t" not in provider.plan({"name": "x"})


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("import sys; print('no', file=sys.stderr); sys.exit(3)", "It ended with status 3."),
        ("import time; time.sleep(60)", "It was ended after 0.5 s."),
        ("print('x' * 9_000_000)", "It was ended: it wrote more than 262144 bytes."),
    ],
)
async def test_a_program_that_fails_hangs_or_babbles_is_a_failure(source: str, why: str) -> None:
    """And nothing of it lives on."""
    result = await program(source, timeout=0.5 if "sleep" in source else 20).invoke(call())

    assert (False, why) == (result.success, result.summary)


async def test_nothing_of_a_program_lives_on(tmp_path: Path) -> None:
    """What it started is ended with it, also when nobody waits any more."""
    source = (
        "import os, pathlib, subprocess, sys, time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
        "time.sleep(60)\n"
    )
    provider = program(source, directory=str(tmp_path))
    pid = tmp_path / "pid"

    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(provider.invoke(call()))
        while not (pid.exists() and pid.read_text()):  # a real process has a time of its own
            await asyncio.sleep(0.02)
        running.cancel()

    child = int(pid.read_text())
    for _ in range(200):
        if not _is_alive(child):
            break
        await asyncio.sleep(0.02)
    assert not _is_alive(child)


async def test_what_a_program_left_behind_is_ended_whether_it_likes_to_or_not(
    tmp_path: Path,
) -> None:
    """One that ended well and left somebody who heeds no request; its answer counts as ever."""
    stubborn = (
        "import signal, time; signal.signal(15, signal.SIG_IGN); print(flush=1); time.sleep(9)"
    )
    source = (
        "import os, pathlib, subprocess, sys\n"
        f"child = subprocess.Popen([sys.executable, '-c', {stubborn!r}], stdout=subprocess.PIPE,"
        " stderr=subprocess.DEVNULL)\n"
        "child.stdout.readline()\n"
        "pathlib.Path('pid').write_text(str(child.pid))\n"
    )

    result = await program(source, directory=str(tmp_path)).invoke(call())

    child = int((tmp_path / "pid").read_text())
    for _ in range(200):
        if not _is_alive(child):
            break
        await asyncio.sleep(0.02)
    assert not _is_alive(child)
    assert result.success


def _is_alive(pid: int) -> bool:
    """Say whether a process runs; one that only waits to be collected does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def test_a_program_that_is_not_there_is_said_to_be(tmp_path: Path) -> None:
    """With what to mend."""
    binding = ProcessBinding(argv=("/no/such/program",), directory=str(tmp_path))

    with pytest.raises(Rejected, match="/no/such/program cannot be started"):
        await ProcessProvider("/x", binding, variable=variable).invoke(call())
