"""Questions that people answer in words: Telegram has no forms, so we ask for a reply.

The question carries its button's token in a link, and Telegram hands the question back with the
answer: nothing needs to be remembered, and a restart between question and answer changes nothing.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from integrations.telegram.envelope import PROMPT
from tgk.asking import answered, asked_as, given
from tgk.ports.buttons import TOKEN_PATTERN
from tgk.reply import Fact, Facts, Log, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tgk.reply import Action, Blank, Block

_LINK = re.compile(r"https://t\.me/\w+\?start=ask-([a-z2-7]{10})")
_TOKEN_HEAD = "tgk:a:"  # noqa: S105 - the part that every token shares


def prompt(action: Action, token: str, person: str, username: str) -> Reply:
    """Return the question for what an action still needs."""
    wanted = [asked_as(name) for name in action.asks]
    address = f"https://t.me/{username}?start=ask-{token.removeprefix(_TOKEN_HEAD)}"
    how = "Reply to this message." if len(wanted) == 1 else "Reply with one line for each."
    return Reply(
        topic="notice",
        title=action.label.rstrip("…"),
        tone="warning",
        blocks=(
            Facts(facts=(Fact(label="Wanted", value=", ".join(wanted), url=address),)),
            *(Text(text=f"{asked_as(blank.name)}: {_told(blank)}") for blank in action.blanks),
            *_standing(action),
            Text(text=how, style="small"),
        ),
        mentions=(person,),
        data={PROMPT: token, "hint": ", ".join(wanted)},
    )


def token_of(entities: Iterable[Mapping[str, Any]]) -> str:
    """Return the token in the links of a message of ours, empty when it is no question."""
    for entity in entities:
        found = _LINK.fullmatch(str(entity.get("url", "")))
        if found:
            token = _TOKEN_HEAD + found[1]
            return token if re.fullmatch(TOKEN_PATTERN, token) else ""
    return ""


def filled(action: Action, text: str) -> dict[str, object]:
    """Return an action's arguments with the answer in them: a line each, the rest for the last."""
    if len(action.asks) == 1:
        return answered(action, {action.asks[0]: text.strip()})
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = len(action.asks) - 1
    rest = ["\n".join(lines[last:])] if lines[last:] else []
    return answered(action, dict(zip(action.asks, [*lines[:last], *rest], strict=False)))


def _standing(action: Action) -> Iterator[Block]:
    """Yield what each of it is now, to be copied and changed: there is no field to show it in."""
    for name in action.asks:
        lines = tuple((given(action, name) or "").splitlines())
        if lines:
            yield Text(text=f"{asked_as(name)} is now:", style="small")
            yield Log(lines=lines, filename=f"{asked_as(name)}.txt")


def _told(blank: Blank) -> str:
    choices = f"one of {', '.join(blank.choices)}" if blank.choices else ""
    return "; ".join(part for part in (blank.description, choices) if part) or "free text"
