"""A playbook at the page: started from the tour, approved in Telegram, drawn on both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.surfaces.sandbox_page.conftest import Visit

pytestmark = pytest.mark.browser


def test_the_tour_runs_a_playbook_that_the_council_approves(visit: Visit) -> None:
    """One card follows it to the end, with its picture in words; Telegram has the picture too."""
    page = visit.page

    page.click('[data-step="playbook"] button')
    assert page.input_value('form.command [name="playbook"]') == "canary"
    page.fill('form.command [name="parameters"]', "version=v1.5.0 shares=100 watch=2")
    page.click("form.command .send")
    page.wait_for_selector('.message .gallery img[alt*="0 of 7 steps"]')
    page.click('[data-step="approve"] button')
    page.click(".bubble .key.success")
    page.wait_for_selector('[data-step="playbook"][data-done="true"]')
    page.wait_for_selector('.message .gallery img[alt^="canary WF-"][alt*="7 of 7 steps"]')
    page.wait_for_selector("#telegram-messages .paper >> text=canary succeeded")
    page.wait_for_selector('#telegram-messages .photo img[alt*="7 of 7 steps"]')

    assert page.locator(".message .container >> text=canary succeeded").count() == 1
    drawn = "() => [...document.querySelectorAll('.photo img')].every((i) => i.naturalWidth > 400)"
    page.wait_for_function(drawn)
    assert [] == visit.complaints
