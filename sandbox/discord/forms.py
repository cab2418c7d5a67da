"""Filling in a form that the bot showed, as a client does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.discord.options import ClientRefused
from sandbox.discord.validation.components import ROW, TEXT, TEXT_INPUT
from sandbox.discord.validation.modals import CHECKBOX, RADIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sandbox.wire import Json


def fill_form(modal: Json, values: Mapping[str, Any]) -> Json:
    """Return the data of a submitted form; a wrong or missing value is refused as by the client."""
    left = dict(values)
    components = [_part(part, left) for part in modal["components"]]
    if left:
        raise ClientRefused(f"the form has no field {', '.join(left)}")
    return {"custom_id": modal["custom_id"], "components": components}


def _part(part: Json, values: dict[str, Any]) -> Json:
    described: Json = {"type": part["type"], "id": part.get("id", 1)}
    if part["type"] == TEXT:
        return described
    if part["type"] == ROW:
        return {**described, "components": [_field(part["components"][0], values)]}
    return {**described, "component": _field(part["component"], values)}


def _field(field: Json, values: dict[str, Any]) -> Json:
    name, kind = field["custom_id"], field["type"]
    described: Json = {"type": kind, "id": field.get("id", 1), "custom_id": name}
    given = values.pop(name, None)
    if kind == TEXT_INPUT:
        return {**described, "value": _text(field, given)}
    if kind == CHECKBOX:
        return {**described, "value": bool(field.get("default") if given is None else given)}
    chosen = _chosen(field, given)
    _check_listed(field, chosen)
    if kind == RADIO:
        return {**described, "value": chosen[0] if chosen else None}
    return {**described, "values": chosen}


def _text(field: Json, given: Any) -> str:
    text = str(field.get("value", "") if given is None else given)
    low = field.get("min_length", 1 if field.get("required", True) else 0)
    if field.get("required", True) and not text:
        raise ClientRefused(f"field {field['custom_id']!r} is required")
    if text and not low <= len(text) <= field.get("max_length", 4000):
        raise ClientRefused(f"field {field['custom_id']!r} has a wrong length")
    return text


def _chosen(field: Json, given: Any) -> list[str]:
    if given is None:
        defaults = [entry["value"] for entry in field.get("options") or () if entry.get("default")]
        if field.get("required", True) and not defaults:
            raise ClientRefused(f"field {field['custom_id']!r} is required")
        return defaults
    return [str(value) for value in given] if isinstance(given, (list, tuple)) else [str(given)]


def _check_listed(field: Json, chosen: list[str]) -> None:
    listed = {entry["value"] for entry in field.get("options") or ()}
    for value in chosen:
        if listed and value not in listed:
            raise ClientRefused(f"field {field['custom_id']!r} has no option {value!r}")
