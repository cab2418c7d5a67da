"""Components of a message: the old rows of buttons and the free layouts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.validation.controls import check_button, check_select

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from sandbox.discord.validation.form import Form, Path
    from sandbox.wire import Json

ROW, BUTTON, STRING_SELECT, TEXT_INPUT = 1, 2, 3, 4
SELECTS: Final = frozenset({3, 5, 6, 7, 8})
SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 9, 10, 11, 12, 13, 14, 17
TOP: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR, CONTAINER)
INSIDE: Final = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
MOST_COMPONENTS: Final = 40
MOST_TEXT: Final = 4000
MOST_ROWS: Final = 5
MOST_BUTTONS: Final = 5
MOST_PICTURES: Final = 10
MOST_SECTION_TEXTS: Final = 3
MOST_DESCRIPTION: Final = 1024
WHITE: Final = 0xFFFFFF


def walk(components: Any) -> Iterator[Json]:
    """Yield every component, nested ones and accessories too, in the order shown."""
    for component in components or ():
        if isinstance(component, dict):
            yield component
            yield from walk(component.get("components"))
            yield from walk([component.get("accessory"), component.get("component")])


def check_rows(form: Form, components: Any) -> None:
    """Check the components of a message that has content or embeds: rows and nothing else."""
    rows = form.items(("components",), components, 0, MOST_ROWS)
    for place, row in enumerate(rows):
        path = ("components", place)
        if form.choice((*path, "type"), row.get("type"), (ROW,)):
            _check_row(form, path, row)
    _check_unique(form, rows)


def check_layout(form: Form, components: Any, files: Collection[str]) -> None:
    """Check a Components V2 message; ``files`` are the names that attachment:// may mean."""
    found = form.items(("components",), components, 1, MOST_COMPONENTS)
    for place, component in enumerate(found):
        _check_block(form, ("components", place), component, TOP, files)
    count = sum(1 for _ in walk(found))
    if count > MOST_COMPONENTS:
        form.fault(
            ("components",),
            "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
            f"The total number of components cannot exceed {MOST_COMPONENTS} (got {count})",
        )
    length = sum(
        len(str(part.get("content", ""))) for part in walk(found) if part.get("type") == TEXT
    )
    if length > MOST_TEXT:
        form.fault(
            ("components",),
            "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED",
            f"The total displayable text size cannot exceed {MOST_TEXT} (got {length})",
        )
    _check_unique(form, found)


def _check_block(
    form: Form, path: Path, block: Json, allowed: Collection[int], files: Collection[str]
) -> None:
    kind = block.get("type")
    if not form.choice((*path, "type"), kind, allowed):
        return
    if kind == ROW:
        _check_row(form, path, block)
    elif kind == TEXT:
        form.text((*path, "content"), block.get("content"), 1, MOST_TEXT)
    elif kind == SECTION:
        _check_section(form, path, block, files)
    elif kind == GALLERY:
        _check_gallery(form, path, block, files)
    elif kind == CONTAINER:
        _check_container(form, path, block, files)
    else:
        _check_leaf(form, path, block, files)


def _check_container(form: Form, path: Path, block: Json, files: Collection[str]) -> None:
    form.number((*path, "accent_color"), block.get("accent_color"), 0, WHITE)
    here = (*path, "components")
    children = form.items(here, block.get("components"), 1, MOST_COMPONENTS)
    for place, child in enumerate(children):
        _check_block(form, (*here, place), child, INSIDE, files)


def _check_leaf(form: Form, path: Path, block: Json, files: Collection[str]) -> None:
    if block["type"] == SEPARATOR:
        form.choice((*path, "spacing"), block.get("spacing", 1), (1, 2))
        return
    url = _check_media(form, (*path, "file"), block.get("file"), files)
    if url and not url.startswith("attachment://") and "/attachments/" not in url:
        form.fault((*path, "file", "url"), "UNFURLED_MEDIA_ITEM_INVALID", "Not an attachment")


def _check_row(form: Form, path: Path, row: Json) -> None:
    here = (*path, "components")
    parts = form.items(here, row.get("components"), 1, MOST_BUTTONS)
    kinds = [part.get("type") for part in parts]
    if len(parts) > 1 and any(kind in SELECTS for kind in kinds):
        form.fault(
            here,
            "COMPONENT_LAYOUT_WIDTH_EXCEEDED",
            "The specified component exceeds the maximum width",
        )
    for place, part in enumerate(parts):
        kind = part.get("type")
        if kind in SELECTS:
            check_select(form, (*here, place), part)
        elif form.choice((*here, place, "type"), kind, (BUTTON, *sorted(SELECTS))):
            check_button(form, (*here, place), part)


def _check_section(form: Form, path: Path, section: Json, files: Collection[str]) -> None:
    here = (*path, "components")
    texts = form.items(here, section.get("components"), 1, MOST_SECTION_TEXTS)
    for place, text in enumerate(texts):
        if form.choice((*here, place, "type"), text.get("type"), (TEXT,)):
            form.text((*here, place, "content"), text.get("content"), 1, MOST_TEXT)
    accessory = section.get("accessory")
    beside = (*path, "accessory")
    if not isinstance(accessory, dict):
        form.fault(beside, "BASE_TYPE_REQUIRED", "This field is required")
    elif accessory.get("type") == BUTTON:
        check_button(form, beside, accessory)
    elif form.choice((*beside, "type"), accessory.get("type"), (BUTTON, THUMBNAIL)):
        form.text((*beside, "description"), accessory.get("description"), 0, MOST_DESCRIPTION)
        _check_media(form, (*beside, "media"), accessory.get("media"), files)


def _check_gallery(form: Form, path: Path, gallery: Json, files: Collection[str]) -> None:
    items = form.items((*path, "items"), gallery.get("items"), 1, MOST_PICTURES)
    for place, item in enumerate(items):
        here = (*path, "items", place)
        form.text((*here, "description"), item.get("description"), 0, MOST_DESCRIPTION)
        _check_media(form, (*here, "media"), item.get("media"), files)


def _check_media(form: Form, path: Path, media: Any, files: Collection[str]) -> str:
    given = media.get("url") if isinstance(media, dict) else None
    url = form.text((*path, "url"), given, 1, 2048)
    name = url.removeprefix("attachment://")
    if name != url and name not in files:
        form.fault(
            (*path, "url"),
            "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
            f"The referenced attachment was not found: {name}",
        )
    elif name == url and url and not url.startswith(("http://", "https://")):
        form.fault((*path, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be one of http, https")
    return url


def _check_unique(form: Form, components: list[Json]) -> None:
    for name, code in (
        ("custom_id", "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ("id", "COMPONENT_ID_DUPLICATED"),
    ):
        values = [part[name] for part in walk(components) if part.get(name)]
        if len(set(values)) < len(values):
            form.fault(("components",), code, f"Component {name} cannot be duplicated")
