"""Masks secrets in a whole reply, so that none reaches a renderer, a store or a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from tgk.reply import Picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from tgk.reply import Reply


def masked(reply: Reply, redact: Callable[[str], str]) -> Reply:
    """Return the reply with every secret in its words masked; the same one when there is none.

    What a button would do is masked as well. Pictures are drawn by us: only their words are.
    """
    if _is_clean(reply, redact):
        return reply
    seen: dict[str, str] = {}

    def mask(text: str) -> str:
        found = seen.get(text)
        if found is None:
            found = seen[text] = redact(text)
        return found

    shown: Reply = _masked(reply, mask)
    return shown


def _is_clean(value: Any, redact: Callable[[str], str]) -> bool:
    """Say whether nothing needs masking, without copying: so it is with nearly every reply."""
    kind = type(value)
    if kind is str:
        return bool(redact(value) == value)
    if kind is tuple or kind is list:
        return all(_is_clean(item, redact) for item in value)
    if kind is dict:
        return all(_is_clean(k, redact) and _is_clean(v, redact) for k, v in value.items())
    if kind is Picture:
        return bool(redact(value.alt) == value.alt)
    if isinstance(value, BaseModel):
        return all(_is_clean(item, redact) for item in value.__dict__.values())
    return not isinstance(value, str) or redact(value) == value


def _masked(value: Any, mask: Callable[[str], str]) -> Any:
    """Return a masked copy of what changed, and the very same object where nothing did."""
    if isinstance(value, str):
        return mask(value)
    if isinstance(value, BaseModel):
        return _model(value, mask)
    if isinstance(value, tuple | list):
        items = [_masked(item, mask) for item in value]
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
