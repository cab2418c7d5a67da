"""Files that people attach in chat, as the text of the option that is for a file."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tgk.errors import ArgumentFault, InvalidRequest
from tgk.spelling import spelled
from tgk.typed import bind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tgk.options import Option
    from tgk.typed import Tokens

LARGEST = 256 * 1024
"""Bytes of a file that are read."""


def file_option(options: Sequence[Option]) -> Option | None:
    """Return the option that a file is for."""
    return next((option for option in options if option.file), None)


def names_file(tokens: Tokens, options: Sequence[Option]) -> bool:
    """Say whether a line ends with the option for a file, without a value."""
    option = file_option(options)
    last = tokens.words[-1].text if tokens.words else ""
    return option is not None and last == f"--{spelled(option.name)}"


def bind_beside_file(tokens: Tokens, options: Sequence[Option]) -> dict[str, object]:
    """Return the arguments; an option for a file needs no value where one is attached."""
    if names_file(tokens, options):
        tokens = replace(tokens, words=tokens.words[:-1])
    return bind(tokens, options)


def require_size(size: int, command: str, option: str) -> None:
    """Refuse a file that is too large; raises InvalidRequest."""
    if size > LARGEST:
        raise _unfit(command, option, f"the file is larger than {LARGEST // 1024} KiB")


def text_in(content: bytes, command: str, option: str) -> str:
    """Return what a file says; raises InvalidRequest for one that is too large or no text."""
    require_size(len(content), command, option)
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise _unfit(command, option, "the file is no text in UTF-8") from error


def _unfit(command: str, option: str, why: str) -> InvalidRequest:
    return InvalidRequest(command, [ArgumentFault(option, why)])
