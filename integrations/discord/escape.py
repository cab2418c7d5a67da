"""Makes foreign text harmless on Discord: no markup, no pings, no hidden characters."""

from __future__ import annotations

import re
from urllib.parse import quote, urlsplit

_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b\u200c\u200e\u200f"
    "\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)
_MENTION = re.compile(r"@(?=everyone|here|[!&]?[0-9]{15,20})", re.IGNORECASE)
_LINK = re.compile(r"https?://[A-Za-z0-9./?=&%:+,;#_-]+")
_MARK = re.compile(r"[\\*_~|`\[\]<>]")
_LINE_START = re.compile(r"^(\s*)(#{1,3}|-#|[-+]|\d{1,9}(?=[.)]))", re.MULTILINE)
_BREAK = "\u200b"


def visible(text: str) -> str:
    """Drop control, direction and zero-width characters; line breaks and emoji stay."""
    return _HIDDEN.sub("", text.replace("\r\n", "\n").replace("\t", "    "))


def prose(text: str) -> str:
    """Return text that shows as written inside a message."""
    clean = visible(text)
    parts: list[str] = []
    at = 0
    for link in _LINK.finditer(clean):
        parts += [_escaped(clean[at : link.start()]), link[0]]
        at = link.end()
    parts.append(_escaped(clean[at:]))
    return _LINE_START.sub(_keep_start, "".join(parts))


def line(text: str) -> str:
    """Return text on one line that shows as written."""
    return prose(" ".join(visible(text).split()))


def code(text: str) -> str:
    """Return a fixed-width value that cannot leave its ticks."""
    clean = " ".join(visible(text).split()).replace("`", "\u02cb")
    return f"`{_unping(clean)}`" if clean else "–"


def fenced(text: str) -> str:
    """Return text that cannot leave the code block around it."""
    return _unping(visible(text).replace("``", f"`{_BREAK}`"))


def link(label: str, url: str) -> str:
    """Return a link where the address is one that may be clicked, else only its label."""
    safe = safe_url(url)
    return f"[{line(label)}](<{safe}>)" if safe else line(label)


def safe_url(url: str) -> str:
    """Return an http address free of characters that end a link; empty for anything else."""
    try:
        parts = urlsplit(visible(url).strip())
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not parts.hostname:
        return ""
    clean = quote(parts.geturl(), safe=":/?#=&%+,;@~!$'_.-")
    return clean if len(clean) <= 512 else ""  # noqa: PLR2004 - the platform's longest address


def _escaped(text: str) -> str:
    return _unping(_MARK.sub(r"\\\g<0>", text))


def _unping(text: str) -> str:
    return _MENTION.sub("@" + _BREAK, text)


def _keep_start(found: re.Match[str]) -> str:
    mark = found[2]
    return f"{found[1]}{mark}{_BREAK}" if mark[0].isdigit() else f"{found[1]}\\{mark}"
