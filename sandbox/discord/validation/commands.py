"""Application commands as the platform takes them, in bulk and whole."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import Refused
from sandbox.discord.validation.form import Form, Path

if TYPE_CHECKING:
    from sandbox.wire import Json

NAME: Final = re.compile(r"^[-_'\w\u0900-\u097F\u0E00-\u0E7F]{1,32}$")
CHAT_INPUT, USER, MESSAGE = 1, 2, 3
SUB_COMMAND, SUB_GROUP = 1, 2
STRING, INTEGER, NUMBER = 3, 4, 10
OPTION_TYPES: Final = range(1, 12)
MOST_COMMANDS: Final = {CHAT_INPUT: 100, USER: 15, MESSAGE: 15}
MOST_OPTIONS: Final = 25
MOST_CHOICES: Final = 25
MOST_TEXT: Final = 8000
MOST_STRING: Final = 6000
LARGEST: Final = 2**53


def check_commands(commands: list[Json]) -> None:
    """Refuse a bulk overwrite that the platform would refuse, naming every fault."""
    form = Form()
    for kind, most in MOST_COMMANDS.items():
        if sum(command.get("type", CHAT_INPUT) == kind for command in commands) > most:
            raise Refused(400, 30032, f"Maximum number of application commands reached ({most})")
    seen = set()
    for place, command in enumerate(commands):
        _check_command(form, (place,), command)
        key = (command.get("type", CHAT_INPUT), command.get("name"))
        if key in seen:
            form.fault(
                (place,),
                "APPLICATION_COMMANDS_DUPLICATE_NAME",
                "Application command names must be unique",
            )
        seen.add(key)
    form.refuse_if_faulty()


def _check_command(form: Form, path: Path, command: Json) -> None:
    kind = command.get("type", CHAT_INPUT)
    if not form.choice((*path, "type"), kind, (CHAT_INPUT, USER, MESSAGE)):
        return
    if kind != CHAT_INPUT:
        form.text((*path, "name"), command.get("name"), 1, 32)
        if command.get("description") or command.get("options"):
            form.fault(
                path,
                "APPLICATION_COMMAND_INVALID_DESCRIPTION",
                "Context menu commands cannot have description",
            )
        return
    _check_name(form, path, command)
    form.text((*path, "description"), command.get("description"), 1, 100)
    _check_options(form, (*path, "options"), command.get("options"), depth=0)
    if text_length(command) > MOST_TEXT:
        form.fault(
            path,
            "APPLICATION_COMMAND_TOO_LARGE",
            "Command exceeds maximum size (8000)",
        )


def _check_name(form: Form, path: Path, named: Json) -> None:
    name = form.text((*path, "name"), named.get("name"), 1, 32)
    if name and (not NAME.match(name) or name != name.lower()):
        form.fault(
            (*path, "name"),
            "APPLICATION_COMMAND_INVALID_NAME",
            "Command name is invalid",
        )


def _check_options(form: Form, path: Path, given: Any, *, depth: int) -> None:
    options = form.items(path, given, 0, MOST_OPTIONS)
    names: set[str] = set()
    optional_seen = False
    for place, option in enumerate(options):
        here = (*path, place)
        _check_option(form, here, option, depth)
        if option.get("name") in names:
            form.fault(
                here,
                "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS",
                "Option name already exists",
            )
        names.add(str(option.get("name")))
        if option.get("required") and optional_seen:
            form.fault(
                here,
                "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
                "Required options must be placed before non-required options",
            )
        optional_seen = optional_seen or not option.get("required")
    _check_mixture(form, path, options)


def _check_mixture(form: Form, path: Path, options: list[Json]) -> None:
    nested = {option.get("type") in {SUB_COMMAND, SUB_GROUP} for option in options}
    if len(nested) > 1:
        form.fault(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "Sub-command and sub-command group option types are mutually exclusive "
            "to all other types",
        )


def _check_option(form: Form, path: Path, option: Json, depth: int) -> None:
    kind = option.get("type")
    if not form.choice((*path, "type"), kind, tuple(OPTION_TYPES)):
        return
    _check_name(form, path, option)
    form.text((*path, "description"), option.get("description"), 1, 100)
    if kind in {SUB_COMMAND, SUB_GROUP}:
        too_deep = depth > 1 or (kind == SUB_GROUP and depth > 0)
        if too_deep:
            form.fault(
                path,
                "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
                "Sub-commands nest two deep at most",
            )
        else:
            _check_options(form, (*path, "options"), option.get("options"), depth=depth + 1)
            _check_group(form, (*path, "options"), option)
        return
    _check_choices(form, path, option)
    _check_bounds(form, path, option)


def _check_group(form: Form, path: Path, option: Json) -> None:
    """A group holds sub-commands and nothing else."""
    inside = {each.get("type") for each in option.get("options") or ()}
    if option["type"] == SUB_GROUP and inside - {SUB_COMMAND}:
        form.fault(
            path,
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
            "A sub-command group takes sub-commands only",
        )


def _check_choices(form: Form, path: Path, option: Json) -> None:
    choices = form.items((*path, "choices"), option.get("choices"), 0, MOST_CHOICES)
    if choices and option.get("autocomplete"):
        form.fault(
            path,
            "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
            "Autocomplete cannot be set to true if options are present",
        )
    names = [choice.get("name") for choice in choices]
    if len(set(names)) < len(names):
        form.fault(
            (*path, "choices"),
            "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
            "Option choice name already exists",
        )
    for place, choice in enumerate(choices):
        here = (*path, "choices", place)
        form.text((*here, "name"), choice.get("name"), 1, 100)
        if option["type"] == STRING:
            form.text((*here, "value"), choice.get("value"), 1, 100)
        else:
            form.number((*here, "value"), choice.get("value"), -LARGEST, LARGEST)


def _check_bounds(form: Form, path: Path, option: Json) -> None:
    numeric = option["type"] in {INTEGER, NUMBER}
    for name in ("min_value", "max_value"):
        if option.get(name) is not None and not numeric:
            form.fault(
                (*path, name),
                "APPLICATION_COMMAND_OPTIONS_MIN_MAX_INVALID",
                "Only integer and number options have bounds",
            )
        elif numeric:
            form.number((*path, name), option.get(name), -LARGEST, LARGEST)
    for name in ("min_length", "max_length"):
        form.number((*path, name), option.get(name), 0, MOST_STRING)


def text_length(part: Json) -> int:
    """Return the characters of names, descriptions and choice values, as counted against 8000."""
    own = len(str(part.get("name", ""))) + len(str(part.get("description", "")))
    own += sum(
        len(str(choice.get("name", ""))) + len(str(choice.get("value", "")))
        for choice in part.get("choices") or ()
    )
    return own + sum(text_length(option) for option in part.get("options") or ())
