"""Turns the text of a playbook into its tree, naming everything that is wrong with it at once."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING

from orchestration.playbook import declarations
from orchestration.playbook.diagnostics import Diagnostic, Edit, Report, has_errors
from orchestration.playbook.fields import Fields
from orchestration.playbook.implied import with_implied
from orchestration.playbook.model import Playbook
from orchestration.playbook.names import NAME, check_name
from orchestration.playbook.origin import Span
from orchestration.playbook.reading import as_written, read
from orchestration.playbook.sheet import Sheet
from orchestration.playbook.steps import StepReader, locks
from orchestration.playbook.tabs import check_separators
from orchestration.playbook.triggers import triggers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Step
    from orchestration.playbook.reading import Reading
    from orchestration.playbook.source import Source

KEYS = (
    "name", "description", "version", "category", "parameters", "variables", "secrets", "steps",
    "finally", "outputs", "triggers", "integrations", "locks", "timeout", "transaction",
    "priority", "idempotency_key",
)  # fmt: skip
_HINTS: Mapping[str, str] = {
    "inputs": "parameters", "vars": "variables", "env": "variables", "tasks": "steps",
    "jobs": "steps", "on": "triggers", "schedule": "triggers", "always": "finally",
    "title": "name", "ensure": "finally",
}  # fmt: skip
WITHOUT_STEPS = ("triggers", "integrations", "variables", "secrets", "parameters")
_ABSENCE = frozenset({"E012", "E031", "E032", "W060", "W063", "W065", "W067"})
"""What cannot be known to be missing while lines cannot be read."""
_HIGHEST_PRIORITY = 100


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a file says: its tree, and everything that was wrong with it."""

    playbook: Playbook | None
    """None if there is too little left to check; with errors it is what is left without them."""
    diagnostics: tuple[Diagnostic, ...]
    source: Source

    @property
    def usable(self) -> bool:
        """Whether the tree is what its author wrote."""
        return self.playbook is not None and not has_errors(self.diagnostics)


def load(source: bytes, file: str, *, draft: bool = False) -> Loaded:
    """Read a playbook. One without a name is called after its file."""
    report = Report()
    reading = read(source, file, report)
    shown = as_written(source, file)
    if reading.root is None:
        return Loaded(None, report.sorted, shown)
    check_separators(reading.root, reading.source, report)
    sheet = Sheet(reading.source, Report())
    fields = Fields(reading.root, "the playbook", sheet, KEYS, _HINTS)
    if not isinstance(reading.root.value, dict):
        report.extend(sheet.report.found)
        return Loaded(None, report.sorted, shown)
    digest = hashlib.sha256(source).hexdigest()
    playbook = _playbook(fields, file, digest, draft=draft)
    playbook = with_implied(playbook, sheet.report)
    report.extend(_told(sheet.report, reading))
    return Loaded(playbook, report.sorted, shown)


def _told(report: Report, reading: Reading) -> list[Diagnostic]:
    """Return what can be said about a file of which perhaps only a part could be read."""
    return [one for one in report.found if reading.whole or one.code not in _ABSENCE]


def _playbook(fields: Fields, file: str, digest: str, *, draft: bool) -> Playbook:
    sheet = fields.sheet
    variables = declarations.variables(fields)
    sheet.constants = variables
    reader = StepReader(sheet)
    return Playbook(
        name=_name(fields, file),
        file=file,
        digest=digest,
        draft=draft,
        description=fields.text("description"),
        version=_version(fields),
        category=fields.text("category"),
        parameters=declarations.parameters(fields),
        variables=variables,
        secrets=declarations.secrets(fields),
        steps=_steps(fields, reader),
        finally_=reader.steps(fields, "finally", "finally"),
        outputs=fields.templates("outputs", ""),
        triggers=triggers(fields),
        integrations=declarations.integrations(fields),
        locks=locks(fields, ""),
        idempotency_key=fields.template("idempotency_key", ""),
        timeout=fields.seconds("timeout"),
        transaction=fields.boolean("transaction"),
        priority=fields.whole("priority", 10, low=0, high=_HIGHEST_PRIORITY),
        places=sheet.places,
    )


def _name(fields: Fields, file: str) -> str:
    name = fields.text("name")
    if name:
        check_name(name, fields.value_span("name"), "a playbook", fields.sheet.report, ())
        return name
    stem = re.sub(r"[^A-Za-z0-9_]+", "-", PurePath(file).stem).strip("-")
    found = stem if NAME.fullmatch(stem) else f"playbook-{stem}".strip("-")
    if "name" not in fields:
        fields.sheet.report.add(
            "W060",
            Span(fields.span.line, 1, 1),
            f"the playbook has no name and is called after its file: {found}",
            help=f"add `name: {found}`",
            fix=[Edit(Span(fields.span.line, 1, 0), f"name: {found}\n")],
        )
    return found


def _steps(fields: Fields, reader: StepReader) -> tuple[Step, ...]:
    if "steps" in fields:
        return reader.steps(fields, "steps", "")
    if "name" not in fields and any(key in fields for key in WITHOUT_STEPS):
        help_ = "add `steps:`"
        span = Span(fields.span.line, 1, 1)
        fields.sheet.report.add("W067", span, "there is nothing to run", help=help_)
    else:
        fields.need("steps", "steps: […]")
    return ()


def _version(fields: Fields) -> str:
    """Return the version as written; one that YAML takes for a number with a warning."""
    node = fields.given("version")
    if node is None or isinstance(node.value, str | list | dict | bool):
        return fields.text("version")
    raw = fields.sheet.source.text[node.begin : node.end]
    if isinstance(node.value, float):
        span = fields.sheet.source.span(node)
        fields.sheet.report.add(
            "W061",
            span,
            f"version {raw} is a number to YAML, which would make 1.1 of 1.10",
            help=f'write it in quotes: "{raw}"',
            fix=[Edit(span, f'"{raw}"')],
        )
    return raw
