"""What things of a playbook can be called, so that expressions can use them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook.diagnostics import Related

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.diagnostics import Report
    from orchestration.playbook.origin import Span

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(?:-+[A-Za-z0-9_]+)*")
"""What expressions can call by its name."""
LONGEST_NAME = 64


def check_name(text: str, span: Span, what: str, report: Report, reserved: Iterable[str]) -> bool:
    """Return whether a name can be used in expressions, reporting why not."""
    if text in reserved:
        report.add(
            "E015", span, f"'{text}' cannot name {what}: the word has a meaning of its own",
            help="choose another name",
        )  # fmt: skip
        return False
    if NAME.fullmatch(text) and len(text) <= LONGEST_NAME:
        return True
    better = re.sub(r"[^A-Za-z0-9_]+", "-", text).strip("-")[:LONGEST_NAME].strip("-")
    usable = NAME.fullmatch(better) is not None
    report.add(
        "E015",
        span,
        f"'{text[:LONGEST_NAME]}' cannot name {what}",
        help=f"as in {better}" if usable else "begin with a letter; use letters, digits, - and _",
    )
    return False


def tell_twice(message: str, first: Span, second: Span, report: Report) -> None:
    """Report a name that two things have, at both: nobody knows which of them was meant."""
    help_ = "give one of them another name"
    for here, label, there, other in (
        (second, "second time here", first, "first used here"),
        (first, "first time here", second, "used again here"),
    ):
        related = [Related(there, other)]
        report.add("E016", here, message, label=label, help=help_, related=related)
