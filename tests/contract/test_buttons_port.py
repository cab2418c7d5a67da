"""What every implementation of Buttons promises."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from orchestration.buttons import StoredButtons
from orchestration.store import Store
from tests.stores import KINDS, place
from tgk.ports.buttons import TOKEN_PATTERN, Buttons
from tgk.reply import Action
from tgk.testing.buttons import FakeButtons
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

RETRY = Action(label="Retry", command="status", arguments={"service": "refinory-api"})
SCALE = Action(label="Scale", command="scale", arguments={"service": "refinory-api"}, lifetime=60)


@pytest.fixture
def clock() -> FakeClock:
    """Return the time that buttons expire by."""
    return FakeClock()


@pytest.fixture(params=["fake", *KINDS])
async def buttons(
    request: pytest.FixtureRequest, tmp_path: Path, clock: FakeClock
) -> AsyncIterator[Buttons]:
    """Give each implementation in turn."""
    if request.param == "fake":
        yield FakeButtons(clock)
        return
    async with Store(place(request.param, request, tmp_path)) as store:
        yield StoredButtons(store, clock)


async def test_a_token_leads_back_to_its_action(buttons: Buttons) -> None:
    """Each action gets its own token of the agreed shape."""
    tokens = await buttons.mint([RETRY, SCALE])

    assert [await buttons.find(token) for token in tokens] == [RETRY, SCALE]
    assert all(re.fullmatch(TOKEN_PATTERN, token) for token in tokens)


async def test_no_actions_need_no_tokens(buttons: Buttons) -> None:
    """A card without buttons is no special case."""
    assert await buttons.mint([]) == ()


async def test_the_same_action_keeps_its_token(buttons: Buttons) -> None:
    """A card that is drawn again carries the buttons that people already see."""
    first = await buttons.mint([RETRY])

    assert first == await buttons.mint([RETRY])


async def test_an_unknown_token_leads_nowhere(buttons: Buttons) -> None:
    """Neither a guessed nor a malformed token is found."""
    assert [await buttons.find(each) for each in ("tgk:a:zzzzzzzzzz", "tgk:a:%")] == [None, None]


async def test_a_button_works_until_its_action_expires(buttons: Buttons, clock: FakeClock) -> None:
    """The lifetime of the action is the lifetime of the token."""
    (token,) = await buttons.mint([SCALE])
    await clock.advance(59)
    before = await buttons.find(token)
    await clock.advance(1)

    assert (before, await buttons.find(token)) == (SCALE, None)


async def test_an_expired_action_gets_a_new_token(buttons: Buttons, clock: FakeClock) -> None:
    """An old card stays dead when the same button is drawn again."""
    (old,) = await buttons.mint([SCALE])
    await clock.advance(61)
    (new,) = await buttons.mint([SCALE])

    assert new != old
    assert (await buttons.find(old), await buttons.find(new)) == (None, SCALE)


async def test_drawing_a_button_again_lets_it_live_its_full_time(
    buttons: Buttons, clock: FakeClock
) -> None:
    """The newest card decides how long the token works."""
    (token,) = await buttons.mint([SCALE])
    await clock.advance(50)
    await buttons.mint([SCALE])
    await clock.advance(50)

    assert await buttons.find(token) == SCALE


async def test_an_expired_token_is_told_from_an_unknown_one(
    buttons: Buttons, clock: FakeClock
) -> None:
    """Also after its action got a new one; a living token has not expired."""
    (old,) = await buttons.mint([SCALE])
    living = await buttons.expired(old)
    await clock.advance(61)
    (new,) = await buttons.mint([SCALE])

    found = [await buttons.expired(each) for each in (old, new, "tgk:a:zzzzzzzzzz", "tgk:a:%")]
    assert living is None
    assert [SCALE, None, None, None] == found
