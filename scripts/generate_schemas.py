"""Write docs/schemas/*.schema.json; with --check, fail when a file differs."""

from __future__ import annotations

import sys
from pathlib import Path

from bot.runtime.schemas import schemas

FOLDER = Path(__file__).parents[1] / "docs" / "schemas"


def main(arguments: list[str]) -> int:
    """Return 1 when a file would change and only a check was asked for."""
    stale = [name for name, text in schemas().items() if _current(name) != text]
    for name in stale:
        print(f"docs/schemas/{name} is not what the models say; run scripts/generate_schemas.py")
    if "--check" in arguments:
        return 1 if stale else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (FOLDER / name).write_text(text)
    return 0


def _current(name: str) -> str:
    path = FOLDER / name
    return path.read_text() if path.exists() else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
