"""The way from the terminal to a running bot: its socket on this machine."""

from __future__ import annotations

import http.client
import json
import socket
import time
import uuid
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from bot.runtime.socket_file import CONNECT_WITHIN, short_name
from tgk.errors import TgkError, Unavailable
from tgk.outcome import Outcome
from tgk.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

ANSWER_WITHIN, COMPLETE_WITHIN = 7200.0, 3.0


def _delivery() -> str:
    return f"cli:{uuid.uuid4()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One command line, understood."""

    name: str
    raw: Mapping[str, object]
    user: str
    confirmed: bool = False
    changes: bool = False
    """Whether it may change something, so that leaving early needs words."""
    examines: bool = False
    """Whether a failure says that what was looked at has faults."""
    timeout: float | None = None
    delivery: str = field(default_factory=_delivery)

    def confirm(self) -> Asked:
        """Return the same request, answered yes, as a delivery of its own."""
        return replace(self, confirmed=True, delivery=_delivery())

    @property
    def reference(self) -> str:
        """The id of its audit entry, known before there is one."""
        from tgk.recording import correlation, reference

        return reference(correlation(self.delivery))


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How it ended, and what the bot says of the asker and of itself."""

    outcome: Outcome
    known: bool = True
    """Whether the asker is a member of the policy."""
    simulated: bool = False


class Overdue(TgkError):
    """The time the asker gave is over; a change goes on without them."""


class Session(Protocol):
    """Runs commands as one person."""

    goes_on: str
    """What becomes of a change when the asker leaves."""

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Answer:
        """Run one command, showing progress; raises Overdue or Unavailable."""

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Return values for a half-typed option."""


class _UnixConnection(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path: Path, patience: float) -> None:
        super().__init__("localhost", timeout=CONNECT_WITHIN)
        self._path = path
        self._ends = time.monotonic() + patience
        self._wire: socket.socket | None = None

    def connect(self) -> None:
        """Open the socket."""
        self._wire = self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(CONNECT_WITHIN)
        with short_name(self._path) as name:
            self.sock.connect(name)
        self.wait()

    def wait(self) -> None:
        """Let the next read take what is left of the patience."""
        left = self._ends - time.monotonic()
        if left <= 0:
            raise TimeoutError
        if self._wire is not None:
            self._wire.settimeout(left)


class SocketSession:
    """Uses the bot that runs on this machine."""

    goes_on = "It goes on in the bot"

    def __init__(self, path: Path) -> None:
        self._path = path

    def run(self, asked: Asked, show: Callable[[Reply], None]) -> Answer:
        """Stream progress and return the outcome."""
        body = {
            "name": asked.name,
            "raw": dict(asked.raw),
            "user": asked.user,
            "confirmed": asked.confirmed,
            "delivery": asked.delivery.removeprefix("cli:"),
        }
        events = self._post("/run", body, asked.timeout or ANSWER_WITHIN)
        try:
            return _followed(asked, events, show)
        except TimeoutError as error:
            raise overdue(asked, self.goes_on) from error

    def complete(self, asked: Asked, option: str, partial: str) -> list[str]:
        """Ask the bot for values; none when it takes too long for somebody who types."""
        body = {"name": asked.name, "raw": dict(asked.raw), "user": asked.user}
        more = {"option": option, "partial": partial}
        try:
            found = list(self._post("/complete", {**body, **more}, COMPLETE_WITHIN))
        except TimeoutError:
            return []
        return [str(value) for value in found[0]] if found else []

    def _post(self, path: str, body: Mapping[str, object], patience: float) -> Iterator[Any]:
        connection = _UnixConnection(self._path, patience)
        try:
            headers = {"Content-Type": "application/json"}
            connection.request("POST", path, json.dumps(body, default=str), headers)
            response = connection.getresponse()
            if response.status != http.HTTPStatus.OK:
                raise Unavailable("The bot", f"Its socket answered {response.status}.")
            while line := response.readline():
                yield json.loads(line)
                connection.wait()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException, ValueError) as error:
            why = "It went away, or another program listens on its socket."
            remedy = "See whether `python -m bot` runs; a change goes on once it is back."
            raise Unavailable("The bot", why, remedy=remedy) from error
        finally:
            connection.close()


def _followed(asked: Asked, events: Iterator[Any], show: Callable[[Reply], None]) -> Answer:
    for event in events:
        if event["kind"] == "outcome":
            return Answer(
                outcome=Outcome.model_validate(event["value"]),
                known=bool(event.get("known", True)),
                simulated=bool(event.get("simulated", False)),
            )
        show(Reply.model_validate(event["value"]))
    look = f"A change goes on once it is back; see `tgk audit query --corr {asked.reference}`."
    raise Unavailable(
        "The bot",
        "It stopped before the command ended.",
        remedy=look if asked.changes else "Try again once it is back.",
    )


def overdue(asked: Asked, goes_on: str) -> Overdue:
    """Return the error of somebody who waits no longer."""
    what = f"/{asked.name} took longer than {asked.timeout:g} s." if asked.timeout else "Too long."
    look = f"`tgk audit query --corr {asked.reference}`"
    if not asked.changes:
        return Overdue(what, why="Nothing was changed.", remedy="Try again with more --timeout.")
    return Overdue(what, why=f"{goes_on}.", remedy=f"See how it ends with {look}.")
