"""The way from the terminal to a dispatcher: the running bot's socket, else one of our own."""

from __future__ import annotations

import http.client
import json
import socket
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from tgk.errors import Unavailable
from tgk.outcome import Outcome
from tgk.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CONNECT_WITHIN, ANSWER_WITHIN = 2.0, 7200.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One command line, understood."""

    name: str
    raw: Mapping[str, object]
    user: str
    confirmed: bool = False


class Session(Protocol):
    """Runs commands as one person."""

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Outcome:
        """Run one command, showing progress; raises Unavailable when the bot went away."""

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Return values for a half-typed option."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=CONNECT_WITHIN)
        self._path = path

    def connect(self) -> None:
        """Open the socket; the time-out for answers is longer than the one for connecting."""
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_WITHIN)
        self.sock.connect(str(self._path))
        self.sock.settimeout(ANSWER_WITHIN)


class SocketSession:
    """Uses the bot that runs on this machine."""

    def __init__(self, path: Path) -> None:
        self._path = path

    @staticmethod
    def reachable(path: Path) -> bool:
        """Say whether a bot listens there; a socket left behind by a kill does not count."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
            probe.settimeout(CONNECT_WITHIN)
            return probe.connect_ex(str(path)) == 0

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Outcome:
        """Stream progress and return the outcome."""
        body = {
            "name": asked.name,
            "raw": dict(asked.raw),
            "user": asked.user,
            "confirmed": asked.confirmed,
            "delivery": str(uuid.uuid4()),
        }
        for event in self._post("/run", body):
            if event["kind"] == "outcome":
                return Outcome.model_validate(event["value"])
            show(Reply.model_validate(event["value"]))
        raise Unavailable(
            "the bot",
            "it stopped before the command ended",
            remedy="A change goes on once it is back; see `tgk audit tail`.",
        )

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Ask the bot for values."""
        body = {"name": asked.name, "raw": dict(asked.raw), "user": asked.user}
        found = list(self._post("/complete", {**body, "option": option, "partial": partial}))
        return [str(value) for value in found[0]] if found else []

    def _post(self, path: str, body: Mapping[str, object]) -> Iterator[Any]:
        connection = _UnixConnection(self._path)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body, default=str), headers)
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise Unavailable("the bot", f"its socket answered {response.status}")
            for line in response:
                yield json.loads(line)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable("the bot", "its socket does not answer") from error
        finally:
            connection.close()
