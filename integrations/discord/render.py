"""Draws a reply as one Discord message within every limit; what does not fit is attached whole."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from discord import File, MediaGalleryItem, ui

from integrations.discord import escape
from integrations.discord.blocks import fit, width, write
from integrations.discord.rows import rows
from tgk.emblems import TEST_MODE, TONES, card_emblem, tone_note
from tgk.plain import whole_lines
from tgk.reply import Log, Picture

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.reply import Block, Reply

TEXT_BUDGET = 3600
"""Characters in all texts; the platform takes 4000, the rest is for notes about attachments."""
MOST_PICTURES = 3
MOST_LOG_FILES = 4
MOST_FILE_BYTES = 2_000_000
_TITLE, _SMALL = 240, 300
_ALT = 1000


@dataclass(frozen=True, slots=True)
class Extras:
    """What a reply needs from outside before it can be drawn."""

    tokens: Sequence[str] = ()
    """For the actions without an address, in order."""
    pictures: Sequence[bytes | None] = ()
    """A PNG for each picture block, in order; None shows its words instead."""
    accounts: Sequence[str] = ()
    """Discord ids of the people to notify."""
    simulated: bool = False
    mark: int | None = None
    """A number carried by the message itself, by which it can be found again."""


def render(reply: Reply, extras: Extras = Extras()) -> tuple[ui.LayoutView, list[File]]:
    """Return the message and its files; the view is finished, so the library does not keep it."""
    return _Drawing(reply, extras).draw()


@dataclass(slots=True)
class _Drawing:
    """One reply being laid out."""

    reply: Reply
    extras: Extras
    room: int = TEXT_BUDGET
    shortened: bool = False
    items: list[ui.Item[ui.LayoutView]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    pictures: int = 0
    attachments: dict[str, bytes] = field(default_factory=dict)

    def draw(self) -> tuple[ui.LayoutView, list[File]]:
        """Lay out head, blocks, buttons and foot."""
        buttons, left_out = rows(self.reply.actions, self.extras.tokens)
        foot = self._foot()
        self.room -= width(foot)
        self._text(self._head(), self.room)
        for block in self.reply.blocks:
            self._block(block)
        self._attach_rest(left_out)
        self._flush()
        for name in self.attachments:
            if not name.endswith(".png"):
                self.items.append(ui.File(f"attachment://{name}"))
        self.items += buttons
        if foot:
            self.items.append(ui.TextDisplay(foot))
        return self._view(), self._files()

    def _view(self) -> ui.LayoutView:
        view = ui.LayoutView(timeout=None)
        if self.extras.accounts:
            named = " ".join(f"<@{account}>" for account in self.extras.accounts[:10])
            view.add_item(ui.TextDisplay(named))
        colour, mark = TONES[self.reply.tone].colour, self.extras.mark
        view.add_item(ui.Container(*self.items, accent_colour=colour, id=mark))
        view.stop()
        return view

    def _files(self) -> list[File]:
        return [
            File(io.BytesIO(content), filename=name, description=self._description(name))
            for name, content in self.attachments.items()
        ]

    def _description(self, name: str) -> str | None:
        drawn = [block for block in self.reply.blocks if isinstance(block, Picture)]
        numbered = re.fullmatch(r"picture-(\d+)\.png", name)
        return _alt(drawn[int(numbered[1]) - 1]) if numbered else None

    def _head(self) -> str:
        title = fit(f"### {card_emblem(self.reply)} {escape.line(self.reply.title)}", _TITLE)
        parts = [title.text if not title.shortened else self._cut_title()]
        small = [tone_note(self.reply), escape.line(self.reply.subtitle)]
        shown = " · ".join(part for part in small if part)
        parts += [f"-# {self._clip(shown, _SMALL)}"] if shown else []
        return "\n".join(parts)

    def _cut_title(self) -> str:
        return f"### {card_emblem(self.reply)} " + self._clip(escape.line(self.reply.title), _TITLE)

    def _clip(self, text: str, limit: int) -> str:
        """Cut one line; the whole reply is attached then."""
        if width(text) <= limit:
            return text
        self.shortened = True
        return text[: limit // 2].rstrip("\\") + "…"

    def _foot(self) -> str:
        parts = [self._clip(escape.line(self.reply.footer), _SMALL)]
        parts += [TEST_MODE] if self.extras.simulated else []
        shown = " · ".join(part for part in parts if part)
        return f"-# {shown}" if shown else ""

    def _block(self, block: Block) -> None:
        if isinstance(block, Picture) and self._picture(block):
            return
        written = write(block, self.room)
        self._text(written.text, self.room)
        if not written.shortened:
            return
        if isinstance(block, Log) and len(self.attachments) < MOST_LOG_FILES:
            self._attach(block.filename, "\n".join(block.lines))
        else:
            self.shortened = True

    def _picture(self, block: Picture) -> bool:
        number = sum(1 for each in self.reply.blocks[: self._position(block)] if _is_picture(each))
        content = self.extras.pictures[number] if number < len(self.extras.pictures) else None
        if content is None or self.pictures >= MOST_PICTURES:
            return False
        self.pictures += 1
        name = f"picture-{number + 1}.png"
        self.attachments[name] = content
        self._flush()
        shown = MediaGalleryItem(f"attachment://{name}", description=_alt(block))
        self.items.append(ui.MediaGallery(shown))
        return True

    def _position(self, block: Block) -> int:
        return next(i for i, each in enumerate(self.reply.blocks) if each is block)

    def _text(self, text: str, room: int) -> None:
        if not text.strip():
            return
        fitting = fit(text, room)
        self.shortened = self.shortened or fitting.shortened
        self.texts.append(fitting.text)
        self.room -= width(fitting.text) + 1

    def _flush(self) -> None:
        shown = "\n".join(self.texts).strip()
        self.texts = []
        if shown:
            self.items.append(ui.TextDisplay(shown))

    def _attach(self, wanted: str, text: str) -> None:
        name = _file_name(wanted)
        while name in self.attachments:
            name = f"{len(self.attachments) + 1}-{name}"
        self.attachments[name] = _bounded(text)

    def _attach_rest(self, left_out: int) -> None:
        """Attach the whole reply when a part of it could not be shown, and say so."""
        if left_out:
            self.texts.append(f"-# {left_out} more buttons did not fit")
        if self.shortened:
            self._attach("answer.txt", "\n".join(whole_lines(self.reply)))
            self.texts.append("-# shortened here; the whole answer is attached")


def _is_picture(block: Block) -> bool:
    return isinstance(block, Picture)


def _alt(block: Picture) -> str:
    return escape.visible(block.alt)[:_ALT] or "picture"


def _file_name(wanted: str) -> str:
    clean = re.sub(r"[^A-Za-z0-9._-]+", "-", wanted).strip("-.")[-60:].lstrip("-.")
    return clean or "output.log"


def _bounded(text: str) -> bytes:
    """Return the newest part of a text that a message can carry, with a note where it starts."""
    content = text.encode("utf-8", "replace")
    if len(content) <= MOST_FILE_BYTES:
        return content
    note = f"[the first {len(content) - MOST_FILE_BYTES} bytes are left out]\n"
    return note.encode() + content[-MOST_FILE_BYTES:]


__all__ = ["Extras", "render"]
