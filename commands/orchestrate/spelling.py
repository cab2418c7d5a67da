"""Values and texts as people write them."""

from __future__ import annotations


def written(value: object) -> str:
    """Return a value as people write it after ``key=``: ``true``, ``3``, ``api,web``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list | tuple):
        return ",".join(map(written, value))
    return "" if value is None else str(value)


def shortened(text: str, most: int = 400) -> str:
    """Return a text in at most so many characters; one that was cut ends in ``…``."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
