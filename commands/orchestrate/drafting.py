"""What a draft was before each change by buttons, so that the last ones can be taken back."""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from pydantic import BaseModel

from tgk.errors import Conflict, Refused

if TYPE_CHECKING:
    from tgk.context import Context

MOST = 20
_LARGEST = 400_000
"""Characters of earlier texts that are kept of one draft."""


class _Change(BaseModel):
    before: str
    after: str
    """The digest of what the change has made of it."""


class _Changes(BaseModel):
    kept: tuple[_Change, ...] = ()


def digest(text: str) -> str:
    """Return what tells texts apart, also two that somebody made to look alike."""
    return sha256(text.encode()).hexdigest()


async def changes(name: str, context: Context) -> int:
    """Return how many changes of a draft can be taken back."""
    return len((await _kept(name, context)).kept)


async def remember(name: str, before: str, after: str, context: Context) -> None:
    """Keep what a draft was before a change; the same change again is kept once."""
    change = _Change(before=before, after=digest(after))
    kept = [*(await _kept(name, context)).kept]
    if kept and kept[-1] == change:
        return
    kept = [*kept, change][-MOST:]
    while sum(len(each.before) for each in kept) > _LARGEST:
        kept.pop(0)
    await context.backends.notes.put(_key(name), _Changes(kept=tuple(kept)).model_dump_json())


async def before_last(name: str, now: str, context: Context) -> str:
    """Return what a draft was before its last change.

    Raises Refused where there is none, Conflict where something else has changed it since.
    """
    kept = (await _kept(name, context)).kept
    if not kept:
        raise Refused("Nothing is taken back.", why=f"No change of {name} is remembered.")
    if kept[-1].after != digest(now):
        raise Conflict(
            "Nothing is taken back.",
            why=f"{name} was written anew since its last change by buttons.",
            remedy="Import the text that you want with /orchestrate import.",
        )
    return kept[-1].before


async def forget(name: str, before: str, context: Context) -> None:
    """Let the last change be none, if it is still the one that began with this text."""
    kept = (await _kept(name, context)).kept
    if kept and kept[-1].before == before:
        rest = _Changes(kept=kept[:-1])
        await context.backends.notes.put(_key(name), rest.model_dump_json())


async def _kept(name: str, context: Context) -> _Changes:
    found = await context.backends.notes.get(_key(name))
    return _Changes.model_validate_json(found) if found else _Changes()


def _key(name: str) -> str:
    return f"draft:{name}"
