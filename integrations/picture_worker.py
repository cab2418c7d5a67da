"""Draws one SVG and ends: a program of its own, because the renderer keeps the interpreter locked.

Reads the SVG from standard input, writes the PNG to standard output; ends with 65 for a bad SVG.
"""

from __future__ import annotations

import sys
from pathlib import Path

FONT = Path(__file__).with_name("fonts") / "DejaVuSans.ttf"
FAMILY = "DejaVu Sans"
BAD_SVG = 65
_MOST_MEMORY = 1024**3


def draw(svg: str) -> bytes:
    """Return the PNG; raises ValueError for what is not an SVG."""
    import resvg_py

    return bytes(
        resvg_py.svg_to_bytes(
            svg_string=svg,
            skip_system_fonts=True,
            font_files=[str(FONT)],
            font_family=FAMILY,
            sans_serif_family=FAMILY,
            serif_family=FAMILY,
            monospace_family=FAMILY,
        )
    )


def _limit_memory() -> None:
    if sys.platform == "linux":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (_MOST_MEMORY, _MOST_MEMORY))


def main() -> int:
    """Draw what stands on standard input."""
    _limit_memory()
    try:
        png = draw(sys.stdin.buffer.read().decode())
    except ValueError as error:
        sys.stderr.write(str(error)[:500])
        return BAD_SVG
    sys.stdout.buffer.write(png)
    return 0


if __name__ == "__main__":
    sys.exit(main())
