"""Secrets that somebody typed as parameters: gone before anything is recorded or stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from commands.orchestrate.card import stopped
from orchestration.playbook.secret_places import is_place
from tgk.errors import ConfigurationInvalid, Conflict, Missing, TgkError
from tgk.pairs import listed_pairs, written_pairs

if TYPE_CHECKING:
    from tgk.context import Context
    from tgk.ports.playbooks import Entry

HIDDEN = "***"
"""What stands for a value that was not kept; no parameter of type secret takes it."""


async def veiled(raw: Mapping[str, object], context: Context) -> Mapping[str, object]:
    """Return arguments in which no parameter can be a secret itself, but only its place.

    Where a playbook takes secrets, only what its other parameters are given stays as it is; where
    it is not known which playbook is meant, nothing does.
    """
    line = raw.get("line")
    if isinstance(line, str):  # which no surface could read: a secret may be anywhere in it
        return {**raw, "line": _bare(line)}
    given = raw.get("parameters")
    if not given:
        return raw
    try:
        entry = await _entry(raw, context)
        if entry and not any(each.type == "secret" for each in entry.parameters):
            return raw
        pairs = _listed(given)
    except (TgkError, ValueError):
        return {**raw, "parameters": HIDDEN}  # refused by whoever reads it
    shown = [(name, value if _may_stay(name, value, entry) else HIDDEN) for name, value in pairs]
    return raw if shown == pairs else {**raw, "parameters": written_pairs(shown)}


def _listed(given: object) -> list[tuple[str, str]]:
    """Return what was given in order, also what was given twice."""
    return list(given.items()) if isinstance(given, Mapping) else listed_pairs(str(given))


def _bare(line: str) -> str:
    """Return a typed line with the command and the names of options alone."""
    words = line.split()
    options = [word.partition("=")[0] for word in words[2:] if word.startswith("--")]
    return " ".join((*words[:2], *options, HIDDEN))


async def _entry(raw: Mapping[str, object], context: Context) -> Entry | None:
    """Return the playbook that is meant; None where there is none, so that nothing will be run."""
    name = raw.get("playbook")
    if name is None:
        try:
            view = await stopped(str(raw.get("workflow", "")), context)
        except (Missing, Conflict):
            return None
        name = view.playbook
    entries = await context.backends.playbooks.entries()
    entry = next((each for each in entries if each.name == name), None)
    if entry and entry.errors and not entry.parameters:
        raise ConfigurationInvalid(f"{name} cannot be read.", [entry.file])
    return entry


def _may_stay(name: str, value: str, entry: Entry | None) -> bool:
    wanted = {each.name: each for each in entry.parameters} if entry else {}
    if name not in wanted:
        return False
    return wanted[name].type != "secret" or value in wanted[name].choices or is_place(value)
