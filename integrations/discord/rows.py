"""Buttons under a reply: rows that fit, and a menu for those that would not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from discord import ButtonStyle, SelectOption, ui

from integrations.discord import escape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.reply import Action

BUTTONS_A_ROW = 5
MOST_BUTTONS = 15
MOST_CHOICES = 25
LABEL = 80
MENU_ID = "tgk:menu"
"""The custom id of the menu; its values are tokens like those of buttons."""

_STYLES = {
    "primary": ButtonStyle.primary,
    "secondary": ButtonStyle.secondary,
    "success": ButtonStyle.success,
    "danger": ButtonStyle.danger,
}


def rows(
    actions: Sequence[Action], tokens: Sequence[str]
) -> tuple[list[ui.ActionRow[ui.LayoutView]], int]:
    """Return the rows, and how many actions found no place in them.

    ``tokens`` stand for the actions without an address, in order.
    """
    waiting = iter(tokens)
    pairs = [(action, "" if action.url else next(waiting, "")) for action in actions]
    usable = [pair for pair in pairs if pair[1] or escape.safe_url(pair[0].url)]
    overflow = usable[MOST_BUTTONS:]
    shown = [_button(action, token) for action, token in usable[:MOST_BUTTONS]]
    found: list[ui.ActionRow[ui.LayoutView]] = [
        ui.ActionRow(*shown[at : at + BUTTONS_A_ROW]) for at in range(0, len(shown), BUTTONS_A_ROW)
    ]
    choices = [pair for pair in overflow if pair[1]][:MOST_CHOICES]
    if choices:
        found.append(ui.ActionRow(_menu(choices)))
    return found, len(pairs) - len(shown) - len(choices)


def label(text: str, limit: int = LABEL) -> str:
    """Return a label that a button can carry; too long a one ends in an ellipsis."""
    clean = " ".join(escape.visible(text).split()) or "…"
    while len(clean.encode("utf-16-le")) // 2 > limit:
        clean = clean[:-2].rstrip() + "…"
    return clean


def _button(action: Action, token: str) -> ui.Button[ui.LayoutView]:
    if action.url:
        return ui.Button(label=label(action.label), url=escape.safe_url(action.url))
    return ui.Button(label=label(action.label), style=_STYLES[action.style], custom_id=token)


def _menu(choices: Sequence[tuple[Action, str]]) -> ui.Select[ui.LayoutView]:
    return ui.Select(
        custom_id=MENU_ID,
        placeholder="More…",
        options=[SelectOption(label=label(action.label), value=t) for action, t in choices],
    )
