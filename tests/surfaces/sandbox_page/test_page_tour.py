"""The page, used as a person uses it: by clicking and typing in a browser."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.surfaces.sandbox_page.conftest import Product, Visit

pytestmark = pytest.mark.browser


LISTEN_FOR_EMPTY_POPUP = """() => new Promise((ready) => {
  const stream = new EventSource("/play/changes");
  stream.onopen = () => ready();
  window.emptyPopup = new Promise((heard) => {
    stream.onmessage = (event) => {
      const change = JSON.parse(event.data);
      if (change.kind === "popup" && !change.body.text) { stream.close(); heard(true); }
    };
  });
})"""
"""Runs in the page: a stream opened after its own, so told after it."""


def act_as(page: Any, name: str) -> None:
    """Choose a person in the head of the page."""
    page.click(f'[data-actor="{name}"]')
    page.wait_for_selector(f'[data-actor="{name}"][aria-checked="true"]')


def open_channel(page: Any, name: str) -> None:
    """Open a Discord channel."""
    page.click(f'[data-channel="{name}"]')
    page.wait_for_selector(f'[data-channel="{name}"][aria-current="true"]')


def is_done(page: Any, step: str) -> None:
    """Wait until the tour ticks a step off."""
    page.wait_for_selector(f'[data-step="{step}"][data-done="true"]')


def test_the_tour_leads_through_deploy_approval_refusal_alert_and_audit(
    visit: Visit, product: Product
) -> None:
    """Every step ticks off by what the bot really did, and the log on disk tells the same."""
    page = visit.page

    page.click('[data-step="deploy"] button')
    page.click("form.command .send")
    page.click('.message.private [data-press="Deploy"]')
    is_done(page, "deploy")
    page.click('[data-step="approve"] button')
    page.click('.bubble:has-text("v1.4.0") .key.success')
    is_done(page, "approve")
    page.click('[data-step="refused"] button')
    page.click("form.command .send")
    is_done(page, "refused")
    refusal = page.text_content(".message.private .container")
    page.click('[data-step="alert"] button')
    page.click('[data-cue="alert"]')
    page.wait_for_selector(".message .container >> text=HighCPUUsage")
    is_done(page, "alert")
    page.click('[data-step="audit"] button')
    page.wait_for_selector('.record[data-user="dana"][data-command="/deploy"]')
    page.wait_for_selector('.record[data-user="ana"][data-command="/approve"]')
    page.wait_for_selector('.record[data-user="vik"][data-result="denied"]')
    page.wait_for_selector('.bubble [data-press^="Revert to"]')

    assert "was not done" in refusal
    lines = (product.state / "audit.jsonl").read_text(encoding="utf-8").splitlines()
    told = {(each["user"], each["command"], each["result"]) for each in map(json.loads, lines)}
    assert {
        ("dana", "/deploy", "pending"),
        ("ana", "/approve", "success"),
        ("vik", "/scale", "denied"),
    } <= told
    assert [] == visit.complaints


def test_a_script_in_a_message_stays_text_on_both_sides(visit: Visit) -> None:
    """Foreign text is shown as it was typed; nothing of it becomes an element or runs."""
    page, evil = visit.page, "<script>window.broken=1</script><img src=x onerror=window.broken=1>"
    open_channel(page, "dev-feed")
    act_as(page, "devi")

    page.fill("#slash-line", evil)
    page.press("#slash-line", "Enter")
    page.wait_for_selector("#discord-messages >> text=window.broken")
    page.fill("#chat-line", evil)
    page.press("#chat-line", "Enter")
    page.wait_for_selector("#telegram-messages >> text=window.broken")

    shown = page.locator("#discord-messages .text, #telegram-messages .words").all_text_contents()
    assert [evil, evil] == [text for text in shown if "broken" in text]
    inside = "#discord-messages, #telegram-messages"
    assert 0 == page.locator(inside).locator("script, img[src='x']").count()
    assert page.evaluate("window.broken") is None
    assert [] == visit.complaints


def test_a_private_answer_is_seen_by_its_reader_alone(visit: Visit) -> None:
    """What the bot tells one person does not show for the next."""
    page = visit.page
    open_channel(page, "agents")
    act_as(page, "vik")

    page.fill("#slash-line", "/whoami")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")
    page.wait_for_selector(".message.private >> text=Only you can see this")
    before = page.locator(".message").count()
    act_as(page, "oli")
    page.wait_for_selector(".message", state="detached")

    assert 1 == before
    assert 0 == page.locator(".message").count()
    assert [] == visit.complaints


def test_a_command_is_typed_with_completion_by_keyboard_alone(visit: Visit) -> None:
    """Arrows, Enter and what the bot offers fill in a command; the answer shows what was typed."""
    page = visit.page
    open_channel(page, "cluster-status")
    act_as(page, "devi")

    page.focus("#slash-line")
    page.keyboard.type("/stat")
    page.wait_for_selector('.offers li[data-value="status"][aria-selected="true"]')
    page.keyboard.press("Enter")
    page.click("form.command .add >> text=service")
    page.keyboard.type("event")
    page.wait_for_selector('.offers li[data-value="event-gateway"][aria-selected="true"]')
    page.keyboard.press("Enter")
    page.keyboard.press("Enter")
    page.wait_for_selector(".message .gallery img")

    assert "/status service:event-gateway" in page.text_content(".message .context")
    alt = page.get_attribute(".message .gallery img", "alt")
    assert "CPU" in alt
    drawn = "() => document.querySelector('.message .gallery img').naturalWidth > 0"
    page.wait_for_function(drawn)
    assert [] == visit.complaints


def test_the_inspector_shows_payload_audit_record_and_decision(visit: Visit) -> None:
    """A refusal's short id leads to its record, and the record to the rule."""
    page = visit.page
    open_channel(page, "prs")
    act_as(page, "vik")
    page.fill("#slash-line", "/scale service:event-gateway replicas:4")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")
    page.wait_for_selector(".message.private .container >> text=was not done")

    refusal = page.locator(".message.private").last
    refusal.hover()
    refusal.locator(".inspect").click()
    page.wait_for_selector("#panel .decision.bad >> text=Refused")
    page.wait_for_selector("#panel >> text=by the id")

    assert '"custom_id"' in page.text_content("#panel > .json")
    assert 1 == page.locator('#panel .record[data-user="vik"][data-result="denied"]').count()
    assert [] == visit.complaints


def test_a_fault_shows_its_state_in_words_and_is_mended(visit: Visit) -> None:
    """A switch says broken while it is, the tab counts it, and the command says so too."""
    page = visit.page

    page.click('[data-tab="faults"]')
    page.click('[data-fault="loki"]')
    page.wait_for_selector('[data-fault="loki"][aria-checked="true"] >> text=broken')
    counted = page.text_content('[data-tab="faults"] .count')
    page.click('[data-fault="loki"]')
    page.wait_for_selector('[data-fault="loki"][aria-checked="false"] >> text=works')

    assert "1" == counted
    assert [] == visit.complaints


@pytest.mark.parametrize("width", [390, 1000, 1440])
def test_no_width_scrolls_sideways_and_every_view_is_reachable(
    product: Product, chromium: Any, width: int
) -> None:
    """On a phone the platforms are tabs; nothing sticks out at any width."""
    context = chromium.new_context(viewport={"width": width, "height": 844}, color_scheme="light")
    page = context.new_page()
    page.goto(product.page)
    page.wait_for_selector('#bot-state[data-tone="ok"]')

    views = page.locator(".views button:visible")
    for number in range(views.count()):
        views.nth(number).click()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tabs = {390: 3, 1000: 2, 1440: 0}[width]
    assert tabs == views.count()
    context.close()


def test_a_refused_press_pops_up_and_a_form_denies_on_both_sides(visit: Visit) -> None:
    """An outsider's press is answered to the outsider; a council member's reason reaches both."""
    page, reason = visit.page, "not before the <b>weekend</b>"
    asked = '.bubble:has-text("v1.3.1") .key.success'
    open_channel(page, "deployments")
    act_as(page, "dana")
    page.fill("#slash-line", "/deploy env:production tag:v1.3.1")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")
    page.click('.message.private [data-press="Deploy"]')
    page.wait_for_selector(asked)

    act_as(page, "vik")
    page.click(asked)
    page.wait_for_selector(".toast >> text=Telegram tells Vik")
    act_as(page, "ben")
    page.click('.message:has-text("v1.3.1") .button.danger')
    page.fill("dialog textarea", reason)
    page.click('dialog [type="submit"]')
    page.wait_for_selector("#discord-messages .container >> text=not before")
    page.wait_for_selector("#telegram-messages .paper >> text=not before")
    page.wait_for_selector(asked, state="detached")

    shown = page.locator("#discord-messages .text, #telegram-messages .words").all_text_contents()
    assert all(reason in text for text in shown if "not before" in text)
    assert 0 == page.locator("#telegram-messages b >> text=weekend").count()
    assert [] == visit.complaints


def test_a_cut_gateway_comes_back_by_itself(visit: Visit) -> None:
    """After the connection is dropped the lamp turns green again, and commands are answered."""
    page = visit.page
    open_channel(page, "dev-feed")
    act_as(page, "alex")
    page.click('[data-tab="faults"]')

    page.click('[data-fault="gateway"]')
    page.wait_for_selector(".toast >> text=connection was cut")
    page.wait_for_selector('#bot-state[data-tone="ok"]')
    page.wait_for_selector("#panel >> text=1 connected")
    page.fill("#slash-line", "/whoami")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")

    page.wait_for_selector(".message.private .container >> text=alex")
    assert [] == visit.complaints


def test_the_tour_begins_when_its_visitor_comes(visit: Visit) -> None:
    """What others did before is not ticked off; what was done can be started over."""
    page = visit.page
    ticked = '[data-step][data-done="true"]'
    open_channel(page, "prs")
    act_as(page, "vik")
    assert 0 == page.locator(ticked).count()

    page.click('[data-step="refused"] button')
    page.click("form.command .send")
    is_done(page, "refused")
    assert page.locator('[data-step="refused"] p').is_visible()
    page.reload()
    is_done(page, "refused")
    page.click('#panel .lead >> text="Start over"')
    page.wait_for_selector(ticked, state="detached")

    assert "0/6" == page.text_content('[data-tab="tour"] .count')
    assert [] == visit.complaints


def test_a_pasted_line_fills_in_bare_words_in_order(visit: Visit) -> None:
    """A command as the manual writes it keeps its values, also beside named ones."""
    page = visit.page
    open_channel(page, "deployments")
    act_as(page, "dana")

    filled = []
    for line in ("/deploy production v1.4.0", "/deploy tag:v1.4.0 env:production"):
        page.fill("#slash-line", line)
        page.press("#slash-line", "Enter")
        names = ("env", "tag")
        filled.append([page.input_value(f'form.command [name="{name}"]') for name in names])
        page.click('form.command [aria-label="Leave this command"]')

    assert [["production", "v1.4.0"]] * 2 == filled
    assert [] == visit.complaints


def test_the_next_alert_replaces_the_last_and_an_empty_one_is_not_shown(visit: Visit) -> None:
    """Two refused presses leave one note to read; a press that only opens a question none."""
    page = visit.page
    open_channel(page, "deployments")
    act_as(page, "dana")
    page.fill("#slash-line", "/deploy production v1.2.2")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")
    page.click('.message.private [data-press="Deploy"]')
    asked = '.bubble:has-text("v1.2.2") .key.success'
    page.wait_for_selector(asked)

    for name in ("vik", "devi"):
        act_as(page, name)
        page.click(asked)
        page.wait_for_selector(f".toast.stays >> text=Telegram tells {name.capitalize()}")
    assert 1 == page.locator(".toast.stays").count()
    act_as(page, "ana")
    page.evaluate(LISTEN_FOR_EMPTY_POPUP)
    page.click(".bubble .key.danger")
    page.wait_for_selector("#telegram-messages >> text=Wanted")
    page.evaluate("window.emptyPopup")

    assert 0 == page.locator(".toast >> text=Telegram tells Ana").count()
    assert [] == visit.complaints
