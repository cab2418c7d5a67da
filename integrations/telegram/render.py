"""A reply as one Telegram message: text within the limit, buttons, and files for what is longer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from integrations.telegram.blocks import block_lines, is_abridged
from integrations.telegram.markup import (
    Line,
    can_be_linked,
    clean,
    fit,
    length,
    link,
    shorten,
    span,
    to_html,
    to_text,
    units,
)
from tgk.emblems import BUTTONS, TEST_MODE, card_emblem
from tgk.reply import Log, Picture

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from tgk.reply import Action, Block, Reply, Style

MOST_UNITS = 4096
MOST_CAPTION = 1024
MOST_BUTTONS = 100
BUTTONS_IN_A_ROW = 8
_ROW_CHARACTERS = 40
_TAIL_UNITS = 400
_STYLES: Mapping[Style, str] = {"primary": "primary", "success": "success", "danger": "danger"}


@dataclass(frozen=True, slots=True)
class Key:
    """One inline button: a link or a token."""

    label: str
    token: str = ""
    url: str = ""
    style: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A file that goes with the message."""

    filename: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Rendered:
    """One message with what belongs to it."""

    html: str
    text: str
    """The same without markup, should Telegram refuse the markup."""
    rows: tuple[tuple[Key, ...], ...]
    documents: tuple[Document, ...]
    pictures: tuple[Picture, ...]


def command_actions(reply: Reply) -> tuple[Action, ...]:
    """Return the actions that need a token, in order."""
    return tuple(action for action in reply.actions if not action.url)


def render(
    reply: Reply,
    tokens: Sequence[str],
    *,
    now: datetime,
    accounts: Mapping[str, str] | None = None,
    simulated: bool = False,
    draws: bool = False,
) -> Rendered:
    """Return the message; ``tokens`` fit ``command_actions``, ``accounts`` the mentions.

    What does not fit is in a document, whole; a note in the text says so. Where the caller
    ``draws`` the pictures, those that carry their own words leave them out of the text.
    """
    head = _head(reply, simulated=simulated)
    told = [block for block in reply.blocks if not (draws and _carries_words(block))]
    body = [line for block in told for line in block_lines(block, now)]
    body += [(link(action.label, action.url),) for action in reply.actions if not _presses(action)]
    tail = _tail(reply, accounts or {})
    lines, whole = _within_limit([*head, *body], tail)
    documents = [_log_file(block) for block in _logs(reply)]
    if not whole:
        documents.insert(0, _everything(reply, [*head, *body, *tail]))
    return Rendered(
        html=to_html(lines),
        text=to_text(lines),
        rows=_rows(_keys(reply.actions, tokens)),
        documents=tuple(documents),
        pictures=tuple(
            each for each in reply.blocks if isinstance(each, Picture) and not each.passing
        ),
    )


def _head(reply: Reply, *, simulated: bool) -> list[Line]:
    lines: list[Line] = [(span(TEST_MODE, "b"),)] if simulated else []
    lines.append((span(f"{card_emblem(reply)} "), span(reply.title, "b")))
    if reply.subtitle.strip():
        lines.append((span(reply.subtitle),))
    return lines


def _tail(reply: Reply, accounts: Mapping[str, str]) -> list[Line]:
    lines: list[Line] = []
    if reply.footer.strip():
        lines.append((span(reply.footer, "i"),))
    known = [person for person in reply.mentions if person in accounts]
    if known:
        named = (link(person, f"tg://user?id={accounts[person]}") for person in known)
        lines.append(tuple(part for name in named for part in (name, span(" ")))[:-1])
    return lines


def _within_limit(lines: Sequence[Line], tail: Sequence[Line]) -> tuple[list[Line], bool]:
    """Return what fits, and whether that is everything."""
    total = sum(length(line) + 1 for line in (*lines, *tail))
    if total <= MOST_UNITS:
        return [*lines, *tail], True
    note: Line = (span("… the whole answer is in the attached file.", "i"),)
    kept_tail = [note, *_take(tail, _TAIL_UNITS)]
    left = MOST_UNITS - sum(length(line) + 1 for line in kept_tail)
    return [*_take(lines, left), *kept_tail], False


def _take(lines: Iterable[Line], most: int) -> list[Line]:
    """Return the first lines that fit, the last of them cut where it must be."""
    kept: list[Line] = []
    left = most
    for line in lines:
        needed = length(line) + 1
        kept.append(line if needed <= left else fit(line, left - 1))
        left -= needed
        if left <= 1:
            break
    return kept


def _carries_words(block: Block) -> bool:
    """Say whether it is a picture that is sent with its words below it."""
    if not isinstance(block, Picture) or block.passing:
        return False
    return units(block.alt) <= MOST_CAPTION


def _logs(reply: Reply) -> list[Log]:
    logs = [block for block in reply.blocks if isinstance(block, Log)]
    return [log for log in logs if is_abridged(log)]


def _log_file(log: Log) -> Document:
    body = "\n".join(log.lines) + "\n"
    return Document(_filename(log.filename), body.encode("utf-8", "replace"))


def _everything(reply: Reply, lines: Iterable[Line]) -> Document:
    return Document(f"{reply.topic}.txt", (to_text(lines) + "\n").encode("utf-8", "replace"))


def _filename(name: str) -> str:
    kept = "".join(each for each in clean(name) if each.isalnum() or each in "._-")
    return kept[-60:].lstrip(".") or "output.log"


def _presses(action: Action) -> bool:
    return not action.url or can_be_linked(action.url)


def _keys(actions: Iterable[Action], tokens: Sequence[str]) -> list[Key]:
    waiting = iter(tokens)
    keys = []
    for action in actions:
        label = shorten(f"{BUTTONS[action.style]} {clean(action.label)}".strip() or "·", 64)
        if action.url:
            if can_be_linked(action.url):
                keys.append(Key(label, url=action.url))
        else:
            keys.append(Key(label, token=next(waiting), style=_STYLES.get(action.style, "")))
    return keys[:MOST_BUTTONS]


def _rows(keys: Iterable[Key]) -> tuple[tuple[Key, ...], ...]:
    """Pack buttons into rows that a phone shows without cutting their labels."""
    rows: list[list[Key]] = []
    for key in keys:
        row = rows[-1] if rows else []
        used = sum(len(each.label) + 2 for each in row)
        if not row or len(row) >= BUTTONS_IN_A_ROW or used + len(key.label) > _ROW_CHARACTERS:
            rows.append([key])
        else:
            row.append(key)
    return tuple(tuple(row) for row in rows)
