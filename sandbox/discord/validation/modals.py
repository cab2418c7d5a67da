"""Forms that the bot shows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.validation.components import ROW, SELECTS, TEXT, TEXT_INPUT, walk
from sandbox.discord.validation.controls import check_options, check_select, check_text_input
from sandbox.discord.validation.form import Form, Path

if TYPE_CHECKING:
    from sandbox.wire import Json

LABEL, UPLOAD, RADIO, CHECKBOXES, CHECKBOX = 18, 19, 21, 22, 23
FIELDS: Final = (TEXT_INPUT, *sorted(SELECTS), UPLOAD, RADIO, CHECKBOXES, CHECKBOX)
MOST_PARTS: Final = 5
MOST_TITLE: Final = 45
MOST_RADIO: Final = 10


def check_modal(modal: Any) -> None:
    """Refuse a form that the platform would refuse."""
    form = Form()
    given: Json = modal if isinstance(modal, dict) else {}
    form.text(("custom_id",), given.get("custom_id"), 1, 100)
    form.text(("title",), given.get("title"), 1, MOST_TITLE)
    parts = form.items(("components",), given.get("components"), 1, MOST_PARTS)
    for place, part in enumerate(parts):
        path = ("components", place)
        if form.choice((*path, "type"), part.get("type"), (ROW, TEXT, LABEL)):
            _check_part(form, path, part)
    ids = [part["custom_id"] for part in walk(parts) if part.get("custom_id")]
    if len(set(ids)) < len(ids):
        form.fault(
            ("components",),
            "COMPONENT_CUSTOM_ID_DUPLICATED",
            "Component custom_id cannot be duplicated",
        )
    form.refuse_if_faulty()


def _check_part(form: Form, path: Path, part: Json) -> None:
    if part["type"] == TEXT:
        form.text((*path, "content"), part.get("content"), 1, 4000)
    elif part["type"] == ROW:
        fields = form.items((*path, "components"), part.get("components"), 1, 1)
        for field in fields:
            here = (*path, "components", 0)
            if form.choice((*here, "type"), field.get("type"), (TEXT_INPUT,)):
                check_text_input(form, here, field, labelled=False)
    else:
        form.text((*path, "label"), part.get("label"), 1, 45)
        form.text((*path, "description"), part.get("description"), 0, 100)
        _check_field(form, (*path, "component"), part.get("component"))


def _check_field(form: Form, path: Path, given: Any) -> None:
    field: Json = given if isinstance(given, dict) else {}
    kind = field.get("type")
    if not form.choice((*path, "type"), kind, FIELDS):
        return
    if kind == TEXT_INPUT:
        check_text_input(form, path, field, labelled=True)
    elif kind in SELECTS:
        check_select(form, path, field)
    else:
        form.text((*path, "custom_id"), field.get("custom_id"), 1, 100)
    if kind in {RADIO, CHECKBOXES}:
        check_options(form, path, field)
        most = MOST_RADIO
        form.items((*path, "options"), field.get("options"), 1 if kind == CHECKBOXES else 2, most)
