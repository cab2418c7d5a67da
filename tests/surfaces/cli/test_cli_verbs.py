"""Every verb of ``/orchestrate`` with every option, typed in a terminal."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.surfaces.verbs import CASES, asked, furnish, understood

if TYPE_CHECKING:
    from tests.conftest import World
    from tests.surfaces.cli.conftest import Terminal


def test_every_option_works_in_a_terminal(served: Terminal, world: World) -> None:
    """It means what it means in chat, and ends as it should."""
    wrong = []
    for case in CASES:
        asyncio.run(furnish(world, world.dispatcher, case))
        ended = served(*case.words, "--json")
        found = (*asked(world, case), ended.code)
        code = 4 if case.result == "pending" else 0
        if found != (understood(world, case), case.result, code):
            wrong.append((str(case), found, ended.err))

    assert wrong == []
