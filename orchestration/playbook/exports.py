"""Diagnostics for machines: plain JSON, SARIF 2.1.0, and annotations of a GitHub workflow."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from orchestration.playbook.codes import CODES
from orchestration.playbook.diagnostics import in_order

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.diagnostics import Diagnostic, Edit
    from orchestration.playbook.origin import Span

_BREAKS = re.compile("[\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
"""What ends a line to some readers, besides the two signs that an annotation can write."""
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def as_data(diagnostics: Iterable[Diagnostic], file: str) -> dict[str, Any]:
    """Return diagnostics as plain values."""
    listed = in_order(diagnostics)
    errors = sum(one.severity == "error" for one in listed)
    return {
        "file": file,
        "ok": not errors,
        "errors": errors,
        "warnings": len(listed) - errors,
        "diagnostics": [_plain(one) for one in listed],
    }


def as_json(diagnostics: Iterable[Diagnostic], file: str) -> str:
    """Return ``as_data`` as text."""
    return json.dumps(as_data(diagnostics, file), indent=2, ensure_ascii=False) + "\n"


def as_sarif(diagnostics: Iterable[Diagnostic], file: str) -> str:
    """Return a SARIF 2.1.0 log of one run."""
    listed = in_order(diagnostics)
    rules = sorted({one.code for one in listed})
    driver = {"name": "tgk", "rules": [_rule(code) for code in rules]}
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "invocations": [{"executionSuccessful": True}],  # it looked; what it found is below
        "results": [_result(one, rules.index(one.code), file) for one in listed],
    }
    log = {"$schema": _SARIF, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def as_annotations(diagnostics: Iterable[Diagnostic], file: str) -> str:
    """Return one workflow command of GitHub for each diagnostic."""
    return "".join(_annotation(one, file) + "\n" for one in in_order(diagnostics))


def _plain(one: Diagnostic) -> dict[str, Any]:
    return {
        "code": one.code,
        "title": one.title,
        "severity": one.severity,
        **_place(one.span),
        "message": one.message,
        "label": one.label,
        "help": one.help,
        "related": [{**_place(near.span), "label": near.label} for near in one.related],
        "fix": [{**_place(edit.span), "text": edit.text} for edit in one.fix],
    }


def _place(span: Span) -> dict[str, int]:
    return {"line": span.line, "column": span.column, "length": span.length}


def _rule(code: str) -> dict[str, Any]:
    entry = CODES[code]
    return {
        "id": code,
        "name": "".join(word.capitalize() for word in entry.title.replace(",", "").split()),
        "shortDescription": {"text": entry.title},
        "fullDescription": {"text": entry.explanation},
        "defaultConfiguration": {"level": "error" if code.startswith("E") else "warning"},
    }


def _result(one: Diagnostic, rule: int, file: str) -> dict[str, Any]:
    text = f"{one.message}. {one.help}" if one.help else one.message
    found: dict[str, Any] = {
        "ruleId": one.code,
        "ruleIndex": rule,
        "level": one.severity,
        "message": {"text": text},
        "locations": [_location(one.span, file)],
    }
    if one.related:
        found["relatedLocations"] = [
            {**_location(near.span, file), "message": {"text": near.label}} for near in one.related
        ]
    if one.fix:
        found["fixes"] = [_fix(one, file)]
    return found


def _fix(one: Diagnostic, file: str) -> dict[str, Any]:
    return {
        "description": {"text": one.help or one.message},
        "artifactChanges": [
            {
                "artifactLocation": {"uri": quote(file)},
                "replacements": [_replacement(edit) for edit in one.fix],
            }
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _location(span: Span, file: str) -> dict[str, Any]:
    return {"physicalLocation": {"artifactLocation": {"uri": quote(file)}, "region": _region(span)}}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endColumn": span.column + span.length,
    }


def _annotation(one: Diagnostic, file: str) -> str:
    facts = {
        "file": file,
        "line": one.span.line,
        "col": one.span.column,
        "endColumn": one.span.column + one.span.length,
        "title": f"{one.code} {one.title}",
    }
    told = ",".join(f"{key}={_property(str(value))}" for key, value in facts.items())
    text = f"{one.message}\n{one.help}" if one.help else one.message
    return f"::{one.severity} {told}::{_escaped(text)}"


def _escaped(text: str) -> str:
    text = _BREAKS.sub(" ", text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _escaped(text).replace(":", "%3A").replace(",", "%2C")
