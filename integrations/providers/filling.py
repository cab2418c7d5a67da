"""Texts of discovery.yml with arguments (``{name}``) and variables (``${NAME}``) filled in.

A value is never read again: what it holds is only ever part of one value, segment or word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

from pydantic import SecretStr

from tgk.errors import Rejected, Unavailable

if TYPE_CHECKING:
    from tgk.ports.providers import Argument, Arguments

Variable: TypeAlias = Callable[[str], SecretStr | None]
"""Reads one variable of the environment; None when it is not set."""

_NAME = re.compile(r"(?<!\$)\{([a-z][a-z_]*)\}")
_LONE = re.compile(r"\{([a-z][a-z_]*)\}")
_VARIABLE = re.compile(r"\$\{([A-Z][A-Z0-9_]*)\}")
_HARMLESS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/@:+-]{0,127}")


def filled(text: str, arguments: Arguments) -> Argument | None:
    """Return a text with its arguments; a lone one keeps its type, and is None when not given."""
    lone = _LONE.fullmatch(text)
    if lone:
        return arguments.get(lone[1])
    return _NAME.sub(lambda name: _plain(arguments.get(name[1])), text)


def filled_body(body: Any, arguments: Arguments) -> Any:
    """Return JSON with its arguments; entries whose lone argument is not given are left out."""
    if isinstance(body, str):
        return filled(body, arguments)
    if isinstance(body, dict):
        pairs = {key: filled_body(value, arguments) for key, value in body.items()}
        return {key: value for key, value in pairs.items() if value is not None}
    if isinstance(body, list):
        items = (filled_body(item, arguments) for item in body)
        return [item for item in items if item is not None]
    return body


def filled_path(path: str, arguments: Arguments) -> str:
    """Return the part of an address behind its host; no argument can branch or climb in it."""

    def segment(name: re.Match[str]) -> str:
        value = _plain(arguments.get(name[1]))
        return quote(value, safe="") if value.strip(".") else value.replace(".", "%252E")

    return _NAME.sub(segment, path)


def filled_query(system: str, query: str, arguments: Arguments) -> str:
    """Return a query; raises Rejected for values that could end a string in it."""

    def value(name: re.Match[str]) -> str:
        text = _plain(arguments.get(name[1]))
        if text and not _HARMLESS.fullmatch(text):
            raise Rejected(
                system,
                f"The value of {name[1]} cannot stand in a query.",
                remedy="Use letters, digits, dots, dashes and underscores.",
            )
        return text

    return _NAME.sub(value, query)


def with_variables(text: str, variable: Variable, *, system: str) -> SecretStr:
    """Return a text with its variables; raises Unavailable naming the first that is not set."""

    def value(name: re.Match[str]) -> str:
        found = variable(name[1])
        if found is None:
            raise missing_variable(system, name[1])
        return found.get_secret_value()

    return SecretStr(_VARIABLE.sub(value, text))


def missing_variable(system: str, name: str) -> Unavailable:
    """Return the error of a provider whose secret is not there."""
    return Unavailable(
        system, f"It is off: {name} is not set.", remedy=f"Set {name} and start again."
    )


def variables_in(value: Any) -> Iterator[str]:
    """Yield the variables that a part of discovery.yml names."""
    for text in _texts(value):
        yield from _VARIABLE.findall(text)


def arguments_in(value: Any) -> Iterator[str]:
    """Yield the arguments that a part of discovery.yml names."""
    for text in _texts(value):
        yield from _NAME.findall(text)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _texts(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _texts(each)


def _plain(value: Argument | None) -> str:
    """Write an argument as text: nothing when it was not given, booleans as JSON has them."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
