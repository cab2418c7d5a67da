"""What the tests of the checker share: commands like the shipped ones, and a short look."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import commands
from orchestration.playbook.check import check
from orchestration.playbook.load import load
from tgk.registry import Registry, collect

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.model import Playbook

REGISTRY = Registry(collect(commands))
HEAD = "name: tried\nparameters:\n  - name: version\n    description: which\nsteps:\n"
HEAD_LINES = HEAD.count("\n")


def tree(text: str) -> Playbook:
    """Return the tree of a text that has no errors."""
    loaded = load(textwrap.dedent(text).encode(), "tried.yml")
    assert loaded.usable, loaded.diagnostics
    assert loaded.playbook is not None
    return loaded.playbook


def found(
    text: str, books: Mapping[str, Playbook] | None = None, *, http: bool = False
) -> tuple[Diagnostic, ...]:
    """Return everything that is wrong with a text."""
    loaded = load(textwrap.dedent(text).encode(), "tried.yml")
    if loaded.playbook is None:
        return loaded.diagnostics
    more = check(loaded.playbook, registry=REGISTRY, known_playbooks=books, http=http)
    return (*loaded.diagnostics, *more)


def told(text: str, books: Mapping[str, Playbook] | None = None) -> list[str]:
    """Return code, line, column and the marked characters of each fault in steps.

    ``text`` is what stands under ``steps:``; lines count from its first.
    """
    whole = HEAD + textwrap.dedent(text).lstrip("\n")
    lines = whole.splitlines()
    return [
        f"{one.code} {one.span.line - HEAD_LINES}:{one.span.column} "
        + lines[one.span.line - 1][one.span.column - 1 :][: one.span.length]
        for one in sorted(found(whole, books), key=lambda one: one.span)
    ]
