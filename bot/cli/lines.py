"""Progress in one line, for programs and logs."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tgk.reply import Progress

if TYPE_CHECKING:
    from tgk.reply import Reply


def progress_line(reply: Reply) -> str:
    """Return what, how far and which stage; of a run its id first, and what it waits for last."""
    line = f"{reply.title}{': ' + reply.subtitle if reply.subtitle else ''}"
    for block in reply.blocks:
        if isinstance(block, Progress):
            now = [stage.name for stage in block.stages if stage.state == "running"]
            line = f"{reply.title}: {' '.join([how_far(block), *now])}"
            break
    return " ".join(f"{run_of(reply)} {line}{_waits(reply)}".split())


def _waits(reply: Reply) -> str:
    """Return what is waited for; that it is its turn is in the title of a run that is queued."""
    found = str(reply.data.get("waits_for") or "")
    return f"; {found}" if found and not found.startswith("its turn") else ""


def run_of(reply: Reply) -> str:
    """Return the id of the run that a reply is about, empty where it is about none."""
    links = reply.data.get("links")
    return str(links.get("workflow", "")) if isinstance(links, dict) else ""


def how_far(block: Progress) -> str:
    """Return the count with its note, and the note alone where it holds the count itself."""
    counted = f"{block.done}/{block.total}"
    told = re.match(rf"{block.done} of {block.total}\b", block.note)
    return block.note if told else f"{counted} {block.note}".rstrip()
