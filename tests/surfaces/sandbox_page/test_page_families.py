"""Families at the page: offered once, then verb by verb; lines of other surfaces may be pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

    from tests.surfaces.sandbox_page.conftest import Visit


def offered(page: Any, typed: str) -> list[str]:
    """Type into the message box and return what is offered."""
    page.fill("#slash-line", "")
    page.wait_for_selector("#discord-composer .offers", state="hidden")
    page.fill("#slash-line", typed)
    page.wait_for_selector("#discord-composer .offers li")
    return [str(text) for text in page.locator("#discord-composer .offers li b").all_inner_texts()]


def test_a_family_is_offered_once_and_then_by_its_verbs(visit: Visit) -> None:
    """Choosing it asks for the verb, and choosing that opens its form."""
    page = visit.page
    verbs = [f"/infra {verb}" for verb in ("decommission", "deploy", "failover", "rollback",
                                           "scale", "switch")]  # fmt: skip

    everything = offered(page, "/")
    assert "/infra …" in everything
    assert not [label for label in everything if label.startswith("/infra ") and "…" not in label]
    assert offered(page, "/infra ") == verbs
    assert offered(page, "/infra") == verbs
    assert offered(page, "/infra de") == ["/infra decommission", "/infra deploy"]

    offered(page, "/")
    page.click('#discord-composer .offers li[data-value="infra"]')
    page.wait_for_selector('#discord-composer .offers li[data-value="infra switch"]')
    page.click('#discord-composer .offers li[data-value="infra switch"]')
    assert page.text_content("form.command code") == "/infra switch"
    assert [] == visit.complaints


def test_a_line_of_another_surface_fills_the_form(visit: Visit) -> None:
    """Options by name, with or without ``=``, flags, and quotes."""
    page = visit.page
    filled = []
    for line in ("/infra switch --from blue --to green --gradual",
                 '/infra switch blue --to="green" --gradual'):  # fmt: skip
        page.fill("#slash-line", line)
        page.press("#slash-line", "Enter")
        names = ("from", "to", "gradual")
        filled.append([page.input_value(f'form.command [name="{name}"]') for name in names])
        page.click('form.command [aria-label="Leave this command"]')

    assert filled == [["blue", "green", "true"]] * 2
    assert [] == visit.complaints


def test_an_open_form_names_whoever_is_played_now(visit: Visit) -> None:
    """Its button says who sends, and what was filled in stays."""
    page = visit.page
    page.click('[data-actor="vik"]')
    page.fill("#slash-line", "/infra deploy api v1.2.3")
    page.press("#slash-line", "Enter")
    before = page.text_content("form.command .send")
    filled = page.locator("form.command input").evaluate_all("all => all.map((one) => one.value)")

    page.click('[data-actor="dana"]')
    page.wait_for_selector('[data-actor="dana"][aria-checked="true"]')

    kept = page.locator("form.command input").evaluate_all("all => all.map((one) => one.value)")
    assert "Send as Vik" == before
    assert "Send as Dana" == page.text_content("form.command .send")
    assert any(filled)
    assert filled == kept
    assert [] == visit.complaints


def test_a_sub_command_is_sent_and_answered(visit: Visit) -> None:
    """The emulated platform checks and sends it as the platform does."""
    page = visit.page
    page.fill("#slash-line", "/help infra deploy")
    page.press("#slash-line", "Enter")
    page.click("form.command .send")

    page.wait_for_selector("#discord-messages >> text=/infra deploy [component]")
    assert [] == visit.complaints


def test_telegram_s_menu_is_offered_for_a_space_as_well(visit: Visit) -> None:
    """Its names have underscores; whoever types a space finds them all the same."""
    page = visit.page
    page.fill("#chat-line", "/infra de")
    page.wait_for_selector("#telegram-composer .offers li")

    assert page.locator("#telegram-composer .offers li b").all_inner_texts() == [
        "/infra_decommission", "/infra_deploy",
    ]  # fmt: skip
