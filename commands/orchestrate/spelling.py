"""Times and values as people write them."""

from __future__ import annotations


def spell(seconds: float) -> str:
    """Return a time as people say it."""
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.0f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:  # noqa: PLR2004 - an hour
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60} min"


def written(value: object) -> str:
    """Return a value as people write it after ``key=``: ``true``, ``3``, ``api,web``."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.12g}"
    if isinstance(value, list | tuple):
        return ",".join(map(written, value))
    return "" if value is None else str(value)


def counted(number: int, thing: str) -> str:
    """Return ``1 run``, ``3 runs``."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def shortened(text: str, most: int = 400) -> str:
    """Return a text in at most so many characters; one that was cut ends in ``…``."""
    return text if len(text) <= most else f"{text[: most - 1].rstrip()}…"
