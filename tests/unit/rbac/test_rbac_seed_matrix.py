"""The organisation's role table, cell by cell, as its own document writes it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable

SEED = """
roles:
  admin:
    permissions: ["*"]

  release_mgr:
    permissions:
      - "/deploy"
      - "/scale"
      - "/status"
      - "/logs"

  developer:
    permissions:
      - "/status"
      - "/logs"
      - "/ask"

  viewer:
    permissions:
      - "/status"
"""
COMMANDS = ("/status", "/logs", "/deploy", "/scale", "/ask", "/audit")
TABLE = {
    "2001": "yes yes yes yes yes yes",
    "2002": "yes yes yes yes no  no",
    "2003": "yes yes no  no  yes no",
    "2004": "yes no  no  no  no  no",
    "9999": "no  no  no  no  no  no",
}
CELLS = [
    (group, command, cell == "yes")
    for group, row in TABLE.items()
    for command, cell in zip(COMMANDS, row.split(), strict=True)
]
SHIPPED = Path(__file__).parents[3] / "rbac" / "policy.yml"


@pytest.mark.parametrize(("group", "command", "allowed"), CELLS)
def test_the_seed_table_is_enforced_literally(
    desk_of: Callable[..., Any], group: str, command: str, *, allowed: bool
) -> None:
    """Each role may exactly what its row says, wherever it asks."""
    desk = desk_of(SEED)

    decision = desk.ask(f"discord:role:{group},discord:user:1", command, channel="#prs")

    assert allowed == decision.allowed


@pytest.mark.parametrize(("group", "command", "allowed"), CELLS)
def test_the_shipped_policy_keeps_the_seed_table(
    desk_of: Callable[..., Any], group: str, command: str, *, allowed: bool
) -> None:
    """The file that ships adds people and webhooks, and changes no cell of the table."""
    desk = desk_of(SHIPPED.read_text())

    assert allowed == desk.may(f"discord:role:{group}", command)


def test_the_shipped_policy_holds_every_line_of_the_seed() -> None:
    """No permission of the document is missing from the file that ships."""
    shipped = yaml.safe_load(SHIPPED.read_text())["roles"]

    for name, role in yaml.safe_load(SEED)["roles"].items():
        assert set(role["permissions"]) <= set(shipped[name]["permissions"])


def test_the_matrix_is_what_the_enforcer_decides(desk_of: Callable[..., Any]) -> None:
    """The printed table of roles and permissions agrees with the document."""
    matrix = desk_of(SEED).explainer.matrix()

    assert matrix.permissions == ("/ask", "/deploy", "/logs", "/scale", "/status")
    assert list(matrix.rows) == [
        ("admin", ("yes", "yes", "yes", "yes", "yes")),
        ("release_mgr", ("no", "yes", "yes", "yes", "yes")),
        ("developer", ("yes", "no", "yes", "no", "yes")),
        ("viewer", ("no", "no", "no", "no", "yes")),
    ]
