"""Every verb of ``/orchestrate`` with every option, typed in Telegram."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.surfaces.verbs import CASES, asked, furnish, understood

if TYPE_CHECKING:
    from tests.surfaces.telegram.conftest import Phone


async def test_every_option_works_in_telegram(live: Phone) -> None:
    """One after the other, as somebody would type them."""
    wrong = []
    for case in CASES:
        await furnish(live.world, live.dispatcher, case)
        before = len(live.world.journal.conclusions)
        await live.ask("dana", case.text)
        await live.until(lambda n=before: len(live.world.journal.conclusions) > n)
        found = asked(live.world, case)
        if found != (understood(live.world, case), case.result):
            wrong.append((str(case), found))

    assert wrong == []
