"""Masks secrets in a whole reply, so that none reaches a renderer, a store or a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tgk.reply import Picture
from tgk.spread_secrets import masked_lines, may_be_spread, spread_over

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tgk.reply import Reply


def masked(reply: Reply, redact: Callable[[str], str]) -> Reply:
    """Return the reply with every secret in its words masked; the same one when there is none.

    What a button would do is masked as well, and what is spread over lines of output. Pictures
    are drawn by us: only their words are.
    """
    if _is_clean(reply, redact, set()):
        return reply
    seen: dict[str, str] = {}

    def mask(text: str) -> str:
        found = seen.get(text)
        if found is None:
            found = seen[text] = redact(text)
        return found

    shown: Reply = _masked(reply, mask)
    return shown


def _is_clean(value: Any, redact: Callable[[str], str], seen: set[str]) -> bool:
    """Say whether nothing needs masking, without copying: so it is with nearly every reply."""
    kind = type(value)
    if kind is str:
        return bool(redact(value) == value)
    if kind is tuple or kind is list:
        return _are_clean(value, redact, seen)
    if kind is dict:
        pairs = value.items()
        return all(_is_clean(k, redact, seen) and _is_clean(v, redact, seen) for k, v in pairs)
    if kind is Picture:
        return bool(redact(value.alt) == value.alt)
    if isinstance(value, BaseModel):
        parts = value.__dict__.values()
        return all(not part or _is_clean(part, redact, seen) for part in parts)
    return not isinstance(value, str) or redact(value) == value


def _are_clean(items: Sequence[Any], redact: Callable[[str], str], seen: set[str]) -> bool:
    """Say it of all; lines that stand in several parts of one reply are looked at once."""
    for item in items:
        if type(item) is not str:
            if not _is_clean(item, redact, seen):
                return False
        elif item not in seen:
            if redact(item) != item:
                return False
            seen.add(item)
    return not (_are_lines(items) and may_be_spread(items) and spread_over(items))


def _are_lines(items: Sequence[Any]) -> bool:
    return len(items) > 1 and {str}.issuperset(map(type, items))


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a masked copy of what changed, and the very same object where nothing did."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, BaseModel):
        return _model(value, mask)
    if isinstance(value, tuple | list):
        lines = _are_lines(value)
        items = masked_lines(value, mask) if lines else [_masked(item, mask) for item in value]
        return type(value)(items) if _differ(items, value) else value
    if isinstance(value, dict):
        pairs = {_masked(key, mask): _masked(item, mask) for key, item in value.items()}
        return pairs if _differ([*pairs, *pairs.values()], [*value, *value.values()]) else value
    return value


def _model(value: BaseModel, mask: Callable[[str], str]) -> BaseModel:
    skipped = {"svg"} if isinstance(value, Picture) else set()
    changed = {
        name: new
        for name, old in value.__dict__.items()
        if name not in skipped and _differ([new := _masked(old, mask)], [old])
    }
    return value.model_copy(update=changed) if changed else value


def _differ(new: list[Any], old: Any) -> bool:
    """Say whether anything was replaced; an unchanged text may come back as an equal one."""
    if len(new) != len(old):
        return True
    return any(
        a is not b and (a != b if isinstance(a, str) else True)
        for a, b in zip(new, old, strict=True)
    )
