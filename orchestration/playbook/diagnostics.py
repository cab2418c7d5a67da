"""What is wrong with a playbook: which rule, where, what to write instead."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from orchestration.playbook.codes import CODES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from orchestration.playbook.origin import Span

Severity = Literal["error", "warning"]
_MOST = 200


@dataclass(frozen=True, slots=True)
class Related:
    """Another place that has to do with a fault, and why."""

    span: Span
    label: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Replaces what stands at a span of one line; a length of zero inserts."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One fault: errors keep a playbook from running, warnings do not."""

    code: str
    """Its entry in the catalogue, as in ``E031``."""
    span: Span
    message: str
    label: str = ""
    """Said beside the marked characters."""
    help: str = ""
    """What to write instead."""
    related: tuple[Related, ...] = ()
    fix: tuple[Edit, ...] = ()
    """Edits that mend it for certain; empty where only its author can know."""

    @property
    def severity(self) -> Severity:
        """An error or a warning, by the first letter of the code."""
        return "error" if self.code.startswith("E") else "warning"

    @property
    def title(self) -> str:
        """What the rule is called."""
        return CODES[self.code].title


@dataclass(slots=True)
class Report:
    """Diagnostics as they are found; a file with very many faults is told its first ones."""

    found: list[Diagnostic] = field(default_factory=list)
    _seen: set[tuple[str, Span, str]] = field(default_factory=set)

    def add(
        self,
        code: str,
        span: Span,
        message: str,
        *,
        label: str = "",
        help: str = "",  # noqa: A002 - the word that is printed
        related: Iterable[Related] = (),
        fix: Iterable[Edit] = (),
    ) -> None:
        """Note one fault; the same one twice is noted once."""
        key = (code, span, message)
        if key in self._seen or self.full:
            return
        self._seen.add(key)
        self.found.append(
            Diagnostic(
                code=code,
                span=span,
                message=message,
                label=label,
                help=help,
                related=tuple(related),
                fix=tuple(fix),
            )
        )

    def extend(self, diagnostics: Iterable[Diagnostic]) -> None:
        """Take over what somebody else found."""
        for one in diagnostics:
            key = (one.code, one.span, one.message)
            if key not in self._seen and not self.full:
                self._seen.add(key)
                self.found.append(one)

    @property
    def full(self) -> bool:
        """Whether nothing more is noted."""
        return len(self.found) >= _MOST

    @property
    def sorted(self) -> tuple[Diagnostic, ...]:
        """Everything in the order of the file."""
        return in_order(self.found)


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Return diagnostics in the order of the file, each once."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda one: (one.span, one.code)))


def has_errors(diagnostics: Iterable[Diagnostic]) -> bool:
    """Return whether any of them keeps the playbook from running."""
    return any(one.severity == "error" for one in diagnostics)
