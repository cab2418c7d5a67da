"""Lines that are longer than a terminal is wide."""

from __future__ import annotations

from textwrap import wrap

_FURTHER = 4
"""Columns that the rest of a line stands further in than its beginning."""


def hung(line: str, width: int) -> list[str]:
    """Return a line in parts of at most that width, the later ones hanging under the first."""
    margin = " " * min(len(line) - len(line.lstrip()) + _FURTHER, width // 2)
    parts = wrap(
        line, width, subsequent_indent=margin, drop_whitespace=True, replace_whitespace=False,
        break_on_hyphens=False, expand_tabs=False,
    )  # fmt: skip
    return parts if len(line) > width and parts else [line]
