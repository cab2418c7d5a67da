"""What the pages tell people to type, in a terminal or in a chat, is there to be typed."""

from __future__ import annotations

import re
import shlex
from functools import cache
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest

import commands
from bot.cli.main import tgk
from tgk.registry import collect
from tgk.typed import parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    page.relative_to(ROOT).as_posix() for page in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"))
)
REGISTRY = {entry.name: entry for entry in collect(commands)}
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```", re.MULTILINE | re.DOTALL)
_CHAT = re.compile(r"/[a-z]+ [a-z<-]")
_ENVIRONMENT = re.compile(r"^(?:[A-Z_]+=\S* )+")


def shown(page: str) -> Iterator[str]:
    """Yield the lines of blocks for a shell or a chat, and what stands between backquotes."""
    text = (ROOT / page).read_text(encoding="utf-8")
    for language, block in _BLOCK.findall(text):
        if language in ("sh", ""):
            yield from (line.partition("  #")[0].strip() for line in block.splitlines())
    yield from re.findall(r"`([^`\n]+)`", _BLOCK.sub("", text))


@cache
def typed(page: str, program: str) -> list[list[str]]:
    """Return the words behind a program's name; ``tail|query`` stands for a line of each."""
    found: list[list[str]] = []
    for text in shown(page):
        line = _ENVIRONMENT.sub("", text).partition(" | ")[0]
        name, _, rest = line.partition(" ")
        if rest and name.removeprefix(".venv/bin/") == program:
            found += map(list, product(*(word.split("|") for word in shlex.split(rest))))
    return found


def take(words: list[str]) -> None:
    """Take a line as the terminal would, but do nothing; a name alone needs no arguments."""
    group: click.Command = tgk
    context = click.Context(tgk, info_name="tgk", **tgk.context_settings)
    while isinstance(group, click.Group) and words and not words[0].startswith("-"):
        _, found, words = group.resolve_command(context, words)
        assert found is not None
        group, context = found, click.Context(found, parent=context, info_name=found.name)
    if words:
        group.make_context(group.name, list(words), parent=context.parent)


def test_the_pages_have_lines_to_be_held() -> None:
    """What follows is held by something."""
    terminal = sum(len(typed(page, "tgk")) for page in PAGES)
    chat = sum(bool(_CHAT.match(text)) for page in PAGES for text in shown(page))

    assert terminal > 40
    assert chat > 40


@pytest.mark.parametrize("page", PAGES)
def test_every_line_for_the_terminal_is_taken(page: str) -> None:
    """Each has words, options and values that the program knows."""
    for words in typed(page, "tgk"):
        try:
            take(words)
        except click.exceptions.Exit as ended:  # ``--version`` says it and leaves
            assert ended.exit_code == 0  # noqa: PT017 - any other end is a fault


@pytest.mark.parametrize("page", PAGES)
def test_every_line_for_a_chat_is_one_of_a_command(page: str) -> None:
    """With options that it has."""
    for text in filter(_CHAT.match, shown(page)):
        name, _ = parse_line(text.removeprefix("/"), list(REGISTRY))
        given = {each.replace("-", "_") for each in re.findall(r" --([a-z-]+)", text)}

        assert name in REGISTRY, text
        assert given <= {option.name.strip("_") for option in REGISTRY[name].options}, text


@pytest.mark.parametrize("page", PAGES)
def test_every_target_of_make_is_there(page: str) -> None:
    """``make demo ONCE=1`` sets a variable; the word before it is a target."""
    rules = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert {words[0] for words in typed(page, "make")} <= rules
