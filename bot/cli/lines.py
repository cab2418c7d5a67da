"""Progress in one line, for programs and logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tgk.reply import Progress

if TYPE_CHECKING:
    from tgk.reply import Reply


def progress_line(reply: Reply) -> str:
    """Return what, how far and which stage."""
    line = f"{reply.title}{': ' + reply.subtitle if reply.subtitle else ''}"
    for block in reply.blocks:
        if isinstance(block, Progress):
            now = [stage.name for stage in block.stages if stage.state == "running"]
            line = f"{reply.title}: {' '.join([how_far(block), *now])}"
            break
    return " ".join(line.split())


def how_far(block: Progress) -> str:
    """Return the count with its note, and the note alone where it holds the count itself."""
    counted = f"{block.done}/{block.total}"
    told = re.match(rf"{block.done} of {block.total}\b", block.note)
    return block.note if told else f"{counted} {block.note}".rstrip()
