"""Reads the expressions and templates of a file, telling what is wrong where it stands."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from orchestration.playbook import expression as expressions
from orchestration.playbook import template as templates

if TYPE_CHECKING:
    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.expression import Expression, ExpressionError
    from orchestration.playbook.origin import Origin
    from orchestration.playbook.template import Template


def template(text: str, origin: Origin, report: Report) -> Template:
    """Return a text with its ``${…}``; one that cannot be read is reported, and left empty."""
    try:
        return templates.parse(text)
    except expressions.ExpressionError as error:
        _tell(error, origin, report)
        return templates.parse("")


def constant(written: str, origin: Origin, report: Report) -> Template:
    """Return a plain value as an expression writes it; one that is too large is reported."""
    try:
        return templates.parse(f"${{{written}}}")
    except expressions.ExpressionError as error:
        report.add("E014", origin.at(0, len(written)), error.message, help=error.help)
        return templates.parse("")


def expression(text: str, origin: Origin, report: Report) -> Expression:
    """Return an expression; one that cannot be read is reported, and has no source."""
    try:
        return expressions.parse(text)
    except expressions.ExpressionError as error:
        _tell(error, origin, report)
        return replace(expressions.parse("true"), source="")


def _tell(error: ExpressionError, origin: Origin, report: Report) -> None:
    report.add("E030", origin.at(error.offset, error.length), error.message, help=error.help)
