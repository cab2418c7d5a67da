"""A PostgreSQL of the tests' own: Debian's server, a folder that goes away, a database per test."""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLACES = "/usr/lib/postgresql/*/bin"
_QUICK = ("fsync=off", "full_page_writes=off", "synchronous_commit=off", "shared_buffers=32MB",
          "max_connections=200", "wal_level=minimal", "max_wal_senders=0")  # fmt: skip
_READY_WITHIN = 30.0


def programs() -> Path | None:
    """Return the folder of the newest server that is installed."""
    found = sorted(Path("/").glob(f"{_PLACES[1:]}/postgres"), key=_version)
    on_path = shutil.which("postgres")
    places = [each.parent for each in found] + ([Path(on_path).resolve().parent] if on_path else [])
    return next((each for each in reversed(places) if (each / "initdb").exists()), None)


def _version(program: Path) -> tuple[int, ...]:
    return tuple(int(part) for part in program.parts[-3].split(".") if part.isdigit())


@dataclass
class Server:
    """A running server; its account is ``tgk``, with a password that the addresses carry."""

    folder: Path
    bin: Path
    port: int
    password: str
    options: tuple[str, ...] = _QUICK
    process: subprocess.Popen[bytes] | None = None
    databases: int = 0

    def url(self, database: str = "postgres") -> str:
        """Return the address of a database."""
        return f"postgresql://tgk:{self.password}@127.0.0.1:{self.port}/{database}"

    def made(self, like: str = "") -> str:
        """Make a database, with all that one of another address holds; returns its address."""
        self.databases += 1
        name = f"t{os.getpid()}_{self.databases}"
        model = f" TEMPLATE {like.rpartition('/')[2]}" if like else ""
        self._run(f"CREATE DATABASE {name}{model}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Drop a database, whoever uses it."""
        self._run(f"DROP DATABASE {url.rpartition('/')[2]} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        import psycopg

        with psycopg.connect(self.url(), autocommit=True) as connection:
            connection.execute(statement.encode())

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = [part for each in self.options for part in ("-c", each)]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [*as_somebody(), str(self.bin / "postgres"), "-D", str(self.folder / "data"),
                 "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
                 "-c", f"unix_socket_directories={self.folder / 'data'}", *options],
                stdout=log, stderr=log,
            )  # fmt: skip
        self._wait()

    def stop(self) -> None:
        """Stop it at once, cutting every connection."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGQUIT)
            self.process.wait(20)

    def shut(self) -> None:
        """Stop it in good order, as for an upgrade: what was committed stays."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(20)

    def _wait(self) -> None:
        import psycopg

        until = time.monotonic() + _READY_WITHIN
        while True:
            try:
                psycopg.connect(self.url(), connect_timeout=2).close()
            except psycopg.Error:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)
            else:
                return


def as_somebody() -> list[str]:
    """Return what to put before a program that refuses to run as root."""
    if os.geteuid() != 0:
        return []
    names = {each.pw_name for each in pwd.getpwall()}
    name = "postgres" if "postgres" in names else "nobody"
    group = pwd.getpwnam(name).pw_gid
    return ["setpriv", f"--reuid={name}", f"--regid={group}", "--clear-groups", "--pdeathsig=INT"]


@contextmanager
def serving(options: tuple[str, ...] = _QUICK) -> Iterator[Server]:
    """Run a server while the block runs; skips with the reason where there is none.

    What it writes is not forced to the disk, unless other ``options`` are given: quick, and as safe
    as tests need that kill us, never the machine.
    """
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="tgk-pg-"))
    server = Server(folder, found, _free_port(), secrets.token_hex(8), options)
    try:
        _made_ready(server)
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def _made_ready(server: Server) -> None:
    word = server.folder / "word"
    word.write_text(server.password)
    if os.geteuid() == 0:
        name = as_somebody()[1].partition("=")[2]
        shutil.chown(server.folder, name)
        shutil.chown(word, name)
    subprocess.run(
        [*as_somebody(), str(server.bin / "initdb"), "-D", str(server.folder / "data"), "-U", "tgk",
         "-A", "scram-sha-256", "--pwfile", str(word), "-E", "UTF8", "--no-locale", "--no-sync"],
        check=True, capture_output=True, timeout=60,
    )  # fmt: skip


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """One server for all tests of this process."""
    with serving() as server:
        yield server


@pytest.fixture
def postgres(postgres_server: Server) -> str:
    """Return the address of an empty database."""
    return postgres_server.made()
