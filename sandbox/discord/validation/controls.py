"""What people press, choose from and type into."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from sandbox.discord.validation.form import Form, Path
    from sandbox.wire import Json

LINK: Final = 5
PREMIUM: Final = 6
STYLES: Final = range(1, 7)
MOST_ID: Final = 100
MOST_LABEL: Final = 80
MOST_URL: Final = 512
MOST_OPTIONS: Final = 25
MOST_INPUT: Final = 4000
STRING_SELECT: Final = 3


def check_button(form: Form, path: Path, button: Json) -> None:
    """Check one button: a link has an address, every other an id; all have a face."""
    style = button.get("style")
    if not form.choice((*path, "style"), style, tuple(STYLES)) or style == PREMIUM:
        return
    label = form.text((*path, "label"), button.get("label"), 0, MOST_LABEL)
    if not label and not button.get("emoji"):
        form.fault(path, "BUTTON_COMPONENT_NO_CONTENT", "A button must have a label or emoji")
    if style == LINK:
        url = form.text((*path, "url"), button.get("url"), 1, MOST_URL)
        if url and not url.startswith(("http://", "https://", "discord://")):
            form.fault((*path, "url"), "URL_TYPE_INVALID_SCHEME", "Scheme must be http or https")
    else:
        form.text((*path, "custom_id"), button.get("custom_id"), 1, MOST_ID)
    if button.get("custom_id") and button.get("url"):
        message = "A custom id and url cannot both be specified"
        form.fault(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)


def check_select(form: Form, path: Path, select: Json) -> None:
    """Check one menu."""
    form.text((*path, "custom_id"), select.get("custom_id"), 1, MOST_ID)
    form.text((*path, "placeholder"), select.get("placeholder"), 0, 150)
    low, high = select.get("min_values", 1), select.get("max_values", 1)
    form.number((*path, "min_values"), low, 0, MOST_OPTIONS)
    form.number((*path, "max_values"), high, 1, MOST_OPTIONS)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        form.fault(path, "SELECT_MIN_VALUES_EXCEEDS_MAX", "Minimum exceeds the maximum")
    if select.get("type") == STRING_SELECT:
        check_options(form, path, select)


def check_options(form: Form, path: Path, select: Json) -> None:
    """Check the lines of a menu, a radio group or a checkbox group."""
    options = form.items((*path, "options"), select.get("options"), 1, MOST_OPTIONS)
    if select.get("options") is None:
        form.fault((*path, "options"), "BASE_TYPE_REQUIRED", "This field is required")
    for place, option in enumerate(options):
        here = (*path, "options", place)
        form.text((*here, "label"), option.get("label"), 1, 100)
        form.text((*here, "value"), option.get("value"), 1, 100)
        form.text((*here, "description"), option.get("description"), 0, 100)
    values = [option.get("value") for option in options]
    if len(set(values)) < len(values):
        form.fault(
            (*path, "options"),
            "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED",
            "The specified option value is already used",
        )


def check_text_input(form: Form, path: Path, field: Json, *, labelled: bool) -> None:
    """Check one text input; inside a Label it carries none itself."""
    form.text((*path, "custom_id"), field.get("custom_id"), 1, MOST_ID)
    form.choice((*path, "style"), field.get("style"), (1, 2))
    if not labelled:
        form.text((*path, "label"), field.get("label"), 1, 45)
    form.text((*path, "placeholder"), field.get("placeholder"), 0, 100)
    form.text((*path, "value"), field.get("value"), 0, MOST_INPUT)
    form.number((*path, "min_length"), field.get("min_length"), 0, MOST_INPUT)
    form.number((*path, "max_length"), field.get("max_length"), 1, MOST_INPUT)
