"""How names of options are typed, and the line that shows how a command is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.options import Option


def spelled(name: str) -> str:
    """Return an option as it is typed: ``dry_run`` is ``dry-run``, ``from_`` is ``from``."""
    return name.strip("_").replace("_", "-").casefold()


def usage_line(command: str, options: Sequence[Option]) -> str:
    """Return the command line, as in ``/infra deploy <component> [version] [--dry-run]``."""
    return " ".join(["/" + command, *(_part(option) for option in options)])


def _part(option: Option) -> str:
    name = spelled(option.name)
    if option.has_place:
        return f"<{name}>" if option.required else f"[{name}]"
    flag = f"--{name} key=value" if option.repeats else f"--{name}"
    return flag if option.required else f"[{flag}]"
