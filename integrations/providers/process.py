"""A command done by a program of this machine: fixed words, no shell, nothing inherited."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from integrations.providers.call import found, web_address
from integrations.providers.filling import filled, with_variables
from tgk.errors import Rejected
from tgk.ports.providers import ProviderProgress, ProviderResult

if TYPE_CHECKING:
    from asyncio.subprocess import Process

    from integrations.providers.call import Call
    from integrations.providers.filling import Variable
    from tgk.bindings import ProcessBinding
    from tgk.ports.providers import Arguments

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MOST_WRITTEN = 256 * 1024
_MOST_LOGGED = 50
_LONGEST_LINE = 500
_GRACE_SECONDS = 5.0
_ORPHANS_SECONDS = 0.5
_LOOKS_AFTER_SECONDS = 0.02


class _WroteTooMuch(Exception):
    """The program does not stop writing."""


class ProcessProvider:
    """Runs one program; values reach it only as ``--option=value``, each one word of argv."""

    def __init__(self, name: str, binding: ProcessBinding, *, variable: Variable) -> None:
        self._name = name
        self._binding = binding
        self._environment = {
            key: with_variables(value, variable, system=name).get_secret_value()
            for key, value in binding.environment.items()
        }

    def plan(self, arguments: Arguments) -> str:
        """Write the command line; its environment may hold secrets and is left out."""
        return f"run {' '.join(self._argv(arguments))}"

    async def invoke(self, call: Call) -> ProviderResult:
        """Run it to its end, or end it when it takes too long or writes too much."""
        argv = self._argv(call.arguments)
        process = await self._start(argv, call)
        await call.watch(ProviderProgress(note=f"{argv[0]} runs"))
        readers = [asyncio.ensure_future(_read(each)) for each in _pipes(process)]
        try:
            async with asyncio.timeout(self._binding.timeout):
                out, said = await asyncio.gather(*readers)
                status = await process.wait()
        except TimeoutError:
            why = f"It was ended after {self._binding.timeout:g} s."
            return ProviderResult(success=False, summary=why)
        except _WroteTooMuch:
            why = f"It was ended: it wrote more than {_MOST_WRITTEN} bytes."
            return ProviderResult(success=False, summary=why)
        finally:
            for reader in readers:
                reader.cancel()
            await asyncio.wait(readers)
            await _end(process)
        return self._result(status, out, said)

    async def aclose(self) -> None:
        """Nothing is held open here."""

    def _argv(self, arguments: Arguments) -> list[str]:
        words = list(self._binding.argv)
        for option, text in self._binding.options.items():
            value = filled(text, arguments)
            if value is True:
                words.append(f"--{option}")
            elif value is not None and value is not False:
                words.append(f"--{option}={value}")
        if any("\0" in word for word in words):
            raise Rejected(self._name, "A value holds a character that no program can take.")
        return words

    async def _start(self, argv: list[str], call: Call) -> Process:
        environment = {"PATH": _PATH, **self._environment}
        try:
            return await asyncio.create_subprocess_exec(
                *argv,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                cwd=self._binding.directory,
                env={**environment, "TGK_COMMAND": call.command, "TGK_KEY": call.key},
                start_new_session=True,
            )
        except OSError as error:
            why = f"{argv[0]} cannot be started in {self._binding.directory}: {error.strerror}."
            remedy = "Mend argv or directory in discovery.yml, or install it."
            raise Rejected(self._name, why, remedy=remedy) from error

    def _result(self, status: int, out: bytes, said: bytes) -> ProviderResult:
        lines = _lines(said) or _lines(out)
        if status != 0:
            why = f"It ended with status {status}."
            return ProviderResult(success=False, summary=why, log=lines)
        if not self._binding.output:
            return ProviderResult(success=True, summary="It ended well.", log=lines)
        output = {name: found(self._json(out), path) for name, path in self._binding.output.items()}
        success = output.pop("success", True) is True
        summary = output.pop("summary", None)
        return ProviderResult(
            success=success,
            output=output,
            summary=summary if isinstance(summary, str) else "",
            url=web_address(output.get("url")),
            log=_lines(said),
        )

    def _json(self, out: bytes) -> Any:
        try:
            return json.loads(out)
        except (ValueError, RecursionError) as error:
            why = "It ended well, but what it wrote is not JSON."
            remedy = "Let it write JSON to standard output, or remove output: in discovery.yml."
            raise Rejected(self._name, why, remedy=remedy) from error


def _pipes(process: Process) -> tuple[asyncio.StreamReader, asyncio.StreamReader]:
    assert process.stdout  # noqa: S101 - asked for as a pipe
    assert process.stderr  # noqa: S101 - as above
    return process.stdout, process.stderr


async def _read(stream: asyncio.StreamReader) -> bytes:
    """Read to the end; raises _WroteTooMuch."""
    read = bytearray()
    while part := await stream.read(8192):
        read += part
        if len(read) > _MOST_WRITTEN:
            raise _WroteTooMuch
    return bytes(read)


async def _end(process: Process) -> None:
    """Let nothing of it live on, what it started included."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    with suppress(TimeoutError):
        async with asyncio.timeout(_GRACE_SECONDS):
            await process.wait()
            await _alone(process.pid)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
    with suppress(TimeoutError):  # what got away from the group may hold them open
        async with asyncio.timeout(_GRACE_SECONDS):
            for pipe in _pipes(process):
                while await pipe.read(_MOST_WRITTEN):
                    pass  # else they would stay open: nobody reads what is left


async def _alone(group: int) -> None:
    """Give what a program started, and left, a moment to end by itself."""
    with suppress(ProcessLookupError, TimeoutError):
        async with asyncio.timeout(_ORPHANS_SECONDS):
            while True:
                os.killpg(group, 0)
                await asyncio.sleep(_LOOKS_AFTER_SECONDS)


def _lines(said: bytes) -> tuple[str, ...]:
    lines = said.decode(errors="replace").splitlines()
    return tuple(line[:_LONGEST_LINE] for line in lines[-_MOST_LOGGED:])
