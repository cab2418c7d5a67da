"""Queries of discovery.yml with names filled in."""

from __future__ import annotations

import re

from tgk.errors import Rejected

_PLACEHOLDER = re.compile(r"\{(service|environment)\}")
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@:+-]{0,127}")


def fill(system: str, query: str, *, service: str, environment: str) -> str:
    """Replace ``{service}`` and ``{environment}``; raises Rejected for names that could do more.

    The names allowed cannot end a string in any quoting, so no quoting needs to be known.
    """
    names = {"service": service, "environment": environment}

    def value(found: re.Match[str]) -> str:
        name = names[found[1]]
        if not _HARMLESS.fullmatch(name):
            raise Rejected(
                system,
                f"The name of the {found[1]} cannot stand in a query.",
                remedy="Use letters, digits, dots, dashes and underscores.",
            )
        return name

    return _PLACEHOLDER.sub(value, query)
