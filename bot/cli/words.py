"""Command lines as typed in chat: options by position or by name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

from tgk.argument_faults import number_range
from tgk.errors import TgkError
from tgk.spelling import spelled
from tgk.suggest import nearest
from tgk.typed import PAIR

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from typing import TypeAlias

    from tgk.command import Command
    from tgk.options import Option

    Complete: TypeAlias = Callable[[click.Context, str, str], list[str]]

WORDS = "words"
_OPTION = re.compile(r"--([A-Za-z].*)?|-[A-Za-z]", re.DOTALL)
_LARGEST = 256 * 1024
"""Bytes of a file that are sent."""


class Meant(click.Choice[str]):
    """A choice that names what was probably meant."""

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the choice; refuses anything else with the nearest one."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            near = nearest(str(value), [str(choice) for choice in self.choices])
            hint = f" Did you mean {near[0]}?" if near else ""
            raise click.BadParameter(f"{error.message}{hint}", ctx, param) from error


class _InWords(click.ParamType[Any]):
    """A number, refused in the words that chat has for it."""

    wanted: str

    def convert(self, value: Any, param: Any, ctx: Any) -> Any:
        """Return the number; refuses anything else with what may be written."""
        try:
            return super().convert(value, param, ctx)
        except click.BadParameter as error:
            told = f"{str(value)[:60]!r} is not {self.wanted}."
            raise click.BadParameter(told, ctx, param) from error


class Whole(_InWords, click.IntRange):
    """A whole number within its range."""

    def __init__(self, option: Option) -> None:
        low, high = option.minimum, option.maximum
        super().__init__(
            int(low) if low is not None else None, int(high) if high is not None else None
        )
        self.wanted = number_range(option)


class Number(_InWords, click.FloatRange):
    """A number within its range."""

    def __init__(self, option: Option) -> None:
        super().__init__(option.minimum, option.maximum)
        self.wanted = number_range(option)


def parameters(entry: Command[Any], complete: Complete) -> list[click.Parameter]:
    """Return every option by name, and one argument that takes words by position."""
    found: list[click.Parameter] = [_named(option, complete) for option in entry.options]
    places = [option for option in entry.options if option.has_place]
    if places:
        shape = " ".join(_shape(option) for option in places)
        found.append(
            click.Argument(
                [WORDS],
                nargs=-1,
                metavar=shape,
                type=click.UNPROCESSED,
                shell_complete=_by_position(places, complete),
            )
        )
    return found


class Line(click.Command):
    """A command line in which free text goes on up to the next option, as in chat."""

    def __init__(self, entry: Command[Any], **more: Any) -> None:
        super().__init__(**more)
        texts = (option for option in entry.options if option.rest and not option.file)
        self._texts = frozenset(f"--{spelled(option.name)}" for option in texts)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read the words, those of a free text as one."""
        return super().parse_args(ctx, list(self._joined(args)))

    def _joined(self, args: Sequence[str]) -> Iterator[str]:
        at, literal = 0, False
        while at < len(args):
            word = args[at]
            yield word
            at += 1
            literal = literal or word == "--"
            if word in self._texts and not literal:
                text = _text_at(args, at)
                yield from (" ".join(text),) if text else ()
                at += len(text)


def _text_at(args: Sequence[str], start: int) -> Sequence[str]:
    """Return the words of a text; one with white space had quotes in the shell, and is alone."""
    if any(sign.isspace() for sign in "".join(args[start : start + 1])):
        return args[start : start + 1]
    end = start
    while end < len(args) and not _OPTION.fullmatch(args[end]):
        end += 1
    return args[start:end]


def placed(
    entry: Command[Any],
    context: click.Context,
    given: Mapping[str, Any],
    *,
    attended: bool = False,
) -> dict[str, object]:
    """Return the raw arguments; raises UsageError for what is too much, missing or ill-shaped.

    What is missing is asked for where somebody sits at the terminal.
    """
    raw = given_of(entry, given)
    free = [o for o in entry.options if o.has_place and o.name not in raw]
    words = list(given.get(WORDS, ()))
    words = _without_pairs(entry, words, raw)
    for option in free:
        if not words:
            break
        word = " ".join(words) if option.rest else words[0]
        words = [] if option.rest else words[1:]
        raw[option.name] = _converted(option, word, context)
    if words:
        raise click.UsageError(f"{words[0]!r} is one too many.", context)
    lacking = [o for o in entry.options if o.required and o.name not in raw]
    if lacking and attended:
        raw |= {option.name: _prompted(option) for option in lacking}
    elif lacking:
        named = ", ".join(f"{_shape(o)} ({o.description})" for o in lacking)
        raise click.UsageError(f"Missing {named}.", context)
    return {name: value for name, value in raw.items() if value != ""}


def _without_pairs(entry: Command[Any], words: Sequence[str], raw: dict[str, Any]) -> list[str]:
    """Give ``key=value`` to the option that takes pairs, and return the other words."""
    option = next((each for each in entry.options if each.repeats), None)
    pairs = [word for word in words if option and PAIR.match(word)]
    if option and pairs:
        before = [str(raw[option.name])] if option.name in raw else []
        raw[option.name] = "\n".join([*before, *pairs])
    return [word for word in words if word not in pairs]


def _prompted(option: Option) -> Any:
    """Ask until what is typed can be the value."""
    told = f"{spelled(option.name)} ({option.description})"
    return click.prompt(told, type=_type(option), err=True)


def given_of(entry: Command[Any], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that were named; what was repeated is one text of several lines."""
    found = {}
    for option in entry.options:
        value = given.get(option.name)
        told = "\n".join(value) or None if isinstance(value, tuple) else value
        if told is not None:
            found[option.name] = told
    return found


def _converted(option: Option, word: str, context: click.Context) -> Any:
    try:
        return _type(option).convert(word, None, context)
    except click.BadParameter as error:
        raise click.BadParameter(error.message, context, param_hint=f"'{option.name}'") from error


def _named(option: Option, complete: Complete) -> click.Option:
    flag = f"--{spelled(option.name)}"
    if option.type == "boolean":
        names = [f"{flag}/--no-{flag[2:]}", option.name]
        return click.Option(names, default=None, help=option.description)
    if option.repeats:
        return click.Option(
            [flag, option.name], multiple=True, metavar="KEY=VALUE", help=option.description
        )
    return click.Option(
        [flag, option.name],
        type=_type(option),
        help=option.description,
        shell_complete=_by_name(option, complete),
    )


def _by_name(option: Option, complete: Complete) -> Any:
    if option.choices or not option.known:
        return None

    def values(context: click.Context, _: click.Parameter, partial: str) -> list[CompletionItem]:
        return [CompletionItem(value) for value in complete(context, option.name, partial)]

    return values


def _by_position(places: Sequence[Option], complete: Complete) -> Any:
    def values(context: click.Context, _: click.Parameter, partial: str) -> list[CompletionItem]:
        typed = context.params.get(WORDS) or ()
        free = [o for o in places if context.params.get(o.name) is None]
        if len(typed) >= len(free):
            return []
        option = free[len(typed)]
        for each, word in zip(free, typed, strict=False):
            context.params[each.name] = word
        found = option.choices or (complete(context, option.name, partial) if option.known else ())
        return [CompletionItem(value) for value in found if value.startswith(partial)]

    return values


def completed(ask: Callable[[], list[str]]) -> list[str]:
    """Return values, none when they cannot be had: whoever types must not read errors."""
    try:
        return ask()
    except TgkError:
        return []


def _shape(option: Option) -> str:
    name = spelled(option.name).upper() + ("..." if option.rest else "")
    return name if option.required else f"[{name}]"


class Contents(click.ParamType[str]):
    """What a file holds: of the path that is given, or of standard input for ``-``."""

    name = "file"

    def convert(self, value: Any, param: Any, ctx: Any) -> str:
        """Return the text; several lines are the text itself."""
        if "\n" in str(value):
            return str(value)
        try:
            with click.open_file(str(value), "rb") as file:
                found: bytes = file.read(_LARGEST + 1)
            text = found.decode()
        except OSError as error:
            raise click.BadParameter(f"{value}: {error.strerror or error}.", ctx, param) from error
        except UnicodeDecodeError as error:
            raise click.BadParameter(f"{value} is no text in UTF-8.", ctx, param) from error
        if len(found) > _LARGEST:
            raise click.BadParameter(f"{value} is larger than {_LARGEST} bytes.", ctx, param)
        return text


def _type(option: Option) -> click.ParamType[Any]:
    if option.file:
        return Contents()
    if option.choices:
        return Meant(option.choices)
    if option.type == "integer":
        return Whole(option)
    return Number(option) if option.type == "number" else click.STRING
