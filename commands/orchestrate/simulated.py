"""A simulation as a card: every step, and what follows each of its ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from commands.orchestrate.spelling import written
from orchestration.runs.wording import took
from tgk.reply import Fact, Facts, Log, Plain, Reply, Table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tgk.ports.playbooks import OutcomeRow, Simulation
    from tgk.reply import Block, Tone

_STATES = {"runs": "", "depends": "perhaps", "skipped": "skipped", "unreached": "NOT REACHED"}
_TONES: dict[str, Tone] = {"succeeds": "ok", "fails": "bad", "depends": "warning"}
_SHOWN = 12


def simulated(found: Simulation) -> Reply:
    """Return the outcome table; a run that would fail is an answer, not a failure."""
    title = f"{found.playbook}: the run {found.ends}"
    lines = tuple(line for row in found.rows for line in _lines(row))
    return Reply(
        topic="orchestrate",
        title=title,
        tone=_TONES[found.ends],
        blocks=tuple(_blocks(found, lines)),
        plain=Plain(headline=title, lines=(*_told(found), *lines)),
        data=found.model_dump(mode="json"),
    )


def _blocks(found: Simulation, lines: tuple[str, ...]) -> Iterator[Block]:
    yield Facts(facts=tuple(_facts(found)))
    rows = [row for row in found.rows if row.path]
    yield Table(
        columns=("Step", "If it succeeds", "If it fails for good", "At most"),
        rows=tuple((_short(row), row.success, row.exhausted, _time(row)) for row in rows[:_SHOWN]),
    )
    yield Log(lines=lines or ("no steps",), filename=f"{found.playbook}-simulation.txt")


def _facts(found: Simulation) -> Iterator[Fact]:
    given = ", ".join(f"{name}={written(value)}" for name, value in found.parameters.items())
    for label, value in (
        ("Assumed", found.assumed),
        ("Parameters", given),
        ("Not known", ", ".join(found.unknown)),
        ("At most", _whole(found)),
        ("Without a limit", ", ".join(found.unlimited[:_SHOWN])),
        ("Not reached", ", ".join(found.unreached[:_SHOWN])),
        ("Nothing was done", "this is a simulation"),
    ):
        if value:
            yield Fact(label=label, value=value)


def _told(found: Simulation) -> Iterator[str]:
    for fact in _facts(found):
        yield f"{fact.label}: {fact.value}"


def _whole(found: Simulation) -> str:
    if found.longest is None:
        return "no limit: give each step, or the playbook, a timeout"
    people = f", {took(found.waiting)} of it waiting for people" if found.waiting else ""
    return f"{took(found.longest)}{people}"


def _lines(row: OutcomeRow) -> Iterator[str]:
    """Yield a step, and beneath it what follows each of its ends."""
    margin = "  " * row.depth
    notes = " · ".join(part for part in (_STATES[row.state], row.note, _time(row)) if part)
    yield f"{margin}{row.what}" + (f"  [{notes}]" if notes else "")
    if row.state in ("runs", "depends") and row.path:
        yield f"{margin}    succeeds: {row.success}"
        yield f"{margin}    fails: {row.failure}"
        if row.failure != row.exhausted:
            yield f"{margin}    gives up: {row.exhausted}"


def _short(row: OutcomeRow) -> str:
    mark = _STATES[row.state]
    return f"{row.path} ({mark})" if mark else row.path


def _time(row: OutcomeRow) -> str:
    if not row.path:
        return ""
    return "no limit" if row.longest is None else took(row.longest)
