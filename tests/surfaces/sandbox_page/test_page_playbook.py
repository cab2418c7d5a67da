"""A playbook at the page, the world that it acts on, and the notes that cover neither."""

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


def test_what_a_backup_keeps_is_seen_in_the_world_and_an_illness_too(visit: Visit) -> None:
    """Each environment shows its services and backups; a switch makes all of them ill."""
    page, production = visit.page, '.estate[data-environment="production"]'
    page.fill("#slash-line", "/backup create name:nightly")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")

    page.click('[data-tab="world"]')
    page.wait_for_selector(f'{production} [data-backup="nightly"]')
    services = page.locator(f"{production} [data-service]").count()
    assert page.locator(f"{production} [data-service].ok").count() == services >= 4
    page.click('[data-tab="faults"]')
    page.click('[data-fault="health"][aria-checked="false"]')
    page.wait_for_selector('[data-fault="health"][aria-checked="true"]')
    page.click('[data-tab="world"]')
    page.wait_for_selector(f'{production} [data-service="refinory-api"].bad')
    page.click('[data-tab="faults"]')
    page.click('[data-fault="health"][aria-checked="true"]')
    page.wait_for_selector('[data-fault="health"][aria-checked="false"]')

    assert [] == visit.complaints


COVERED = """() => {
  const box = (each) => each.getBoundingClientRect();
  const seen = (each) => box(each).width && box(each).height;
  const beside = (a, b) => a.right <= b.left || b.right <= a.left;
  const apart = (a, b) => beside(a, b) || a.bottom <= b.top || b.bottom <= a.top;
  const notes = [...document.querySelectorAll(".toast")].filter(seen).map(box);
  const chats = [...document.querySelectorAll(".discord, .telegram")].filter(seen).map(box);
  const inside = notes.every((n) => n.left >= 0 && n.right <= innerWidth);
  return [notes.length, chats.length, inside, notes.every((n) => chats.every((c) => apart(n, c)))];
}"""
"""Runs in the page: how many notes and chats there are, and whether they stay apart."""


@pytest.mark.parametrize(("width", "notes", "chats"), [(390, 1, 1), (1000, 2, 1), (1280, 2, 2)])
def test_a_note_covers_no_chat(visit: Visit, width: int, notes: int, chats: int) -> None:
    """Beside the chats where there is room, else over the head of the page, the newest alone."""
    page = visit.page
    page.set_viewport_size({"width": width, "height": 844})

    for _ in range(2):
        page.click('[data-cue="resolve"]')
    page.wait_for_function("() => document.querySelectorAll('.toast').length === 2")

    assert page.evaluate(COVERED) == [notes, chats, True, True]
