"""Foreign text made safe for a terminal."""

from __future__ import annotations

import re

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
"""Nothing foreign may move the cursor, ring, set titles or turn the reading direction."""


def harmless(text: str) -> str:
    """Return text that a terminal only prints."""
    return _CONTROL.sub("�", text)
