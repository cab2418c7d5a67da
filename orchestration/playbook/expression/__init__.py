"""Expressions of playbooks: small, strict and bounded, with the place of every fault.

They decide and compute; they cannot loop, call anything outside, or take long.
"""

from orchestration.playbook.expression.errors import ExpressionError
from orchestration.playbook.expression.expression import Expression, parse, parse_embedded
from orchestration.playbook.expression.references import Reference
from orchestration.playbook.expression.values import UNKNOWN, Scope, Unknown, Value

__all__ = [
    "UNKNOWN",
    "Expression",
    "ExpressionError",
    "Reference",
    "Scope",
    "Unknown",
    "Value",
    "parse",
    "parse_embedded",
]
