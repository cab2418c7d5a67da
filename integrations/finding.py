"""What a look at a system outside shows: how it is, and what to mend."""

from __future__ import annotations

from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Literal

from integrations.http import HttpPort, Patience
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import SecretStr

    from integrations.http import Answer
    from tgk.errors import TgkError
    from tgk.ports.time import Clock

State = Literal["ok", "warn", "bad", "off"]
PROBE = Patience(timeout=5.0, retries=0)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    name: str
    state: State
    told: str
    do: str = ""


@dataclass(frozen=True, slots=True)
class Probed:
    """Everything a probe found, and how far the other side's clock is ahead, in seconds."""

    findings: tuple[Finding, ...]
    ahead: float | None = None


def troubled(name: str, error: TgkError, do: str = "") -> Finding:
    """Return the finding that an error stands for."""
    return Finding(name, "bad", error.why or error.what, do or error.remedy)


def kept_out(name: str, error: TgkError, do: str, address: str) -> Finding:
    """Return the finding of a token not taken; who never answered has judged no token.

    ``address`` names what says where to ask instead of the usual place.
    """
    if isinstance(error, Unavailable):
        cure = f"Check the network, and {address} where it is set."
        return Finding("reach", "bad", error.why or error.what, cure)
    return troubled(name, error, do)


def ahead(headers: Mapping[str, str], clock: Clock) -> float | None:
    """Return how far the Date header is ahead of our clock; None when there is none."""
    try:
        date = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    return (date - clock.now()).total_seconds() if date.tzinfo else None


def port(
    system: str, address: str, clock: Clock, headers: Mapping[str, str | SecretStr] | None = None
) -> HttpPort:
    """Return a way to a system that asks once and does not wait long."""
    return HttpPort(system, address, clock=clock, headers=headers, patience=PROBE)


def listing(answer: Answer) -> list[dict[str, object]]:
    """Return the objects of an answer that is a list; nothing of any other."""
    found = answer.json()
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def fields(answer: Answer) -> dict[str, object]:
    """Return the fields of an answer that is an object; none of any other."""
    found = answer.json()
    return found if isinstance(found, dict) else {}
