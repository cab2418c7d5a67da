"""Answers in ASCII, for terminals and readers that know nothing else."""

from __future__ import annotations

from tgk.emblems import STAGES

_SIGNS = {
    "█": "#", "░": "-", "·": "-", "→": "->", "…": "...", "≥": ">=", "≤": "<=", "–": "-",
    "—": "-", "“": '"', "”": '"', "’": "'", "×": "x", "✓": "ok", "✗": "NO", "\ufe0f": "",
}  # fmt: skip
_STATES = {
    "waiting": "[ ]", "running": "[>]", "done": "[x]", "failed": "[!]", "skipped": "[-]",
    "paused": "[=]",
}  # fmt: skip


def in_ascii(text: str) -> str:
    """Return text in ASCII; what has no counterpart becomes a question mark."""
    for state, sign in STAGES.items():
        text = text.replace(sign, _STATES[state])
    for sign, plain in _SIGNS.items():
        text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()
