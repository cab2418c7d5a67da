"""Steps that reach outside, looked at by the checks that come before a run: who may have them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.commands.test_orchestrate_checks import gates, write
from tgk.discovery import OutsideSteps

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.discovery import Discovery

ALLOWED = OutsideSteps(hosts=("https://hooks.example",), programs={"tool": "/usr/bin/tool"})
TEXT = """name: mine
steps:
  - {name: call, http: {url: 'https://hooks.example/x'}}
  - {name: do, shell: [tool, --all]}
"""


@pytest.fixture
def discovery(discovery: Discovery) -> Discovery:
    """The file that ships, with a host and a program."""
    return discovery.model_copy(update={"playbooks": ALLOWED})


@pytest.mark.parametrize(
    "line",
    [
        "/orchestrate validate mine --dependencies --environment staging",
        "/orchestrate run mine --environment staging --dry-run",
    ],
)
@pytest.mark.parametrize(("who", "may"), [("alex", True), ("dana", True), ("devi", False)])
async def test_rights_of_steps_that_reach_outside_are_asked_for_before_a_run(
    world: World, tmp_path: Path, line: str, who: str, *, may: bool
) -> None:
    """The shipped policy gives them to release managers, and to nobody below them."""
    write(tmp_path, TEXT)

    outcome = await world.run(line, who)

    if outcome.result == "denied":  # who may not run anything is shown no plan
        assert not may
        return
    passed, note = gates(outcome)["rights"]
    assert passed is may
    assert may or ("/http hooks.example (call)" in note and "/shell tool (do)" in note)
