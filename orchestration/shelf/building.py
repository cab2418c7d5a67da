"""Steps put into the text of a playbook, moved and taken away, all else left as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from itertools import dropwhile, pairwise
from typing import TYPE_CHECKING, Any, Final

import yaml

from orchestration.playbook.load import load
from orchestration.shelf.forms import COMMAND, NewStep, filled_in, written
from tgk.errors import ArgumentFault, InvalidRequest, Refused
from tgk.suggest import nearest

if TYPE_CHECKING:
    from orchestration.playbook.model import Playbook

_KEY: Final = re.compile(r"[A-Za-z_]")
_DASH: Final = re.compile(r"(?P<indent> *)-(?: |$)")
_BLANK: Final = re.compile(r"\s*(?:#.*)?")
_BY_HAND: Final = "Write it by hand with /orchestrate import."


@dataclass(frozen=True, slots=True)
class Body:
    """The text of a playbook, cut where its steps begin; each keeps the comments above it."""

    name: str
    paths: tuple[str, ...]
    """What each step is called: its name, or ``#1`` for the first without one."""
    steps: tuple[Any, ...]
    """What stands in each, as YAML reads it."""
    head: tuple[str, ...]
    blocks: tuple[tuple[str, ...], ...]
    tail: tuple[str, ...]
    indent: str

    def position(self, path: str) -> int:
        """Return where a step stands; raises InvalidRequest with names that look alike."""
        if path in self.paths:
            return self.paths.index(path)
        near = nearest(path, self.paths)
        hint = f"; did you mean {near[0]}?" if near else f": {', '.join(self.paths[:8])}"
        fault = ArgumentFault("at", f"{self.name} has no such step{hint}", near)
        raise InvalidRequest(COMMAND, [fault])

    def written(self, path: str) -> str:
        """Return the lines of a step, moved to the margin."""
        block, most = self.blocks[self.position(path)], len(self.indent)
        lines = (line[min(most, len(line) - len(line.lstrip(" "))) :] for line in block)
        return "\n".join(lines).strip("\n") + "\n"

    def form(self, path: str) -> NewStep | None:
        """Return a step as the form that makes it, None where no form does."""
        return filled_in(self.steps[self.position(path)])

    @property
    def text(self) -> str:
        """The whole file."""
        inner = (line for block in self.blocks for line in block)
        return "\n".join([*self.head, *inner, *self.tail]) + "\n"


def body_of(text: str) -> Body:
    """Return a text as its steps; raises Refused where they cannot be told apart."""
    book = _read(text)
    lines = tuple(text.rstrip("\n").split("\n"))  # other separators are part of a text
    end = _end_of(lines, "steps")
    dashes = [_dash(lines, each.span.line - 1) for each in book.steps]
    if None in dashes or len(set(dashes)) != len(dashes):
        raise _unbuildable(book.name)
    begins = [_with_comments(lines, at) for at in dashes if at is not None]
    cuts = [*begins, end]
    found = _data(text)
    return Body(
        name=book.name,
        paths=tuple(each.path for each in book.steps),
        steps=tuple(found["steps"]),
        head=lines[: begins[0]],
        blocks=tuple(lines[a:b] for a, b in pairwise(cuts)),
        tail=lines[end:],
        indent=_indent(lines[dashes[0] or 0]),
    )


def added(text: str, step: NewStep, *, after: str = "") -> str:
    """Return the text with a step behind another or the last one; raises InvalidRequest."""
    new = written(step)
    before = body_of(text)
    at = before.position(after) + 1 if after else len(before.blocks)
    blocks = (*before.blocks[:at], ("", *_block(new, before.indent)), *before.blocks[at:])
    steps = (*before.steps[:at], new, *before.steps[at:])
    return _made(before, blocks, steps)


def removed(text: str, path: str = "") -> str:
    """Return the text without a step, or the last one; raises Refused for the only one."""
    before = body_of(text)
    at = before.position(path) if path else len(before.blocks) - 1
    if len(before.blocks) == 1:
        raise Refused("The step stays.", why="A playbook has at least one.", remedy="Add another.")
    blocks = _spaced((*before.blocks[:at], *before.blocks[at + 1 :]), before)
    return _made(before, blocks, (*before.steps[:at], *before.steps[at + 1 :]))


def moved(text: str, path: str, by: int) -> str:
    """Return the text with a step so many places further down; raises Refused at either end."""
    before = body_of(text)
    at = before.position(path)
    to = at + by
    if not 0 <= to < len(before.blocks):
        where = "first" if by < 0 else "last"
        raise Refused("The step stays where it is.", why=f"It is the {where} one.")
    order = [*range(len(before.blocks))]
    order.insert(to, order.pop(at))
    blocks = _spaced(tuple(before.blocks[n] for n in order), before)
    return _made(before, blocks, tuple(before.steps[n] for n in order))


def rewritten(text: str, path: str, step: NewStep | str) -> str:
    """Return the text with a step written anew, by a form or by hand; raises InvalidRequest."""
    before = body_of(text)
    at = before.position(path)
    new = written(step) if isinstance(step, NewStep) else _by_hand(step)
    if isinstance(step, NewStep):
        above = tuple(line for line in before.blocks[at] if _BLANK.fullmatch(line))
        kept = above[: _leading(before.blocks[at])]
        block = (*kept, *_block(new, before.indent))
    else:
        block = ("", *_indented(step, before.indent))
    blocks = (*before.blocks[:at], block, *before.blocks[at + 1 :])
    return _made(before, blocks, (*before.steps[:at], new, *before.steps[at + 1 :]))


def declared(text: str, name: str, *, description: str = "", default: str = "") -> str:
    """Return the text with one more parameter, needed where it has no default."""
    entry = {"name": name, "description": description, "default": default, "required": True}
    new = {key: value for key, value in entry.items() if value}
    if default:
        del new["required"]
    _read(text)
    before, lines = _data(text), tuple(text.rstrip("\n").split("\n"))
    known = before.get("parameters") or []
    if any(isinstance(each, dict) and each.get("name") == name for each in known):
        raise InvalidRequest(COMMAND, [ArgumentFault("step", f"there is a parameter {name}")])
    at = _end_of(lines, "parameters") if known else lines.index("steps:")
    block = _block(new, "  ") if known else ("parameters:", *_block(new, "  "), "")
    made = "\n".join([*lines[:at], *block, *lines[at:]]) + "\n"
    _read(made)
    if _data(made) != {**before, "parameters": [*known, new]}:
        raise _unbuildable(str(before["name"]))
    return made


def _made(before: Body, blocks: tuple[tuple[str, ...], ...], steps: tuple[Any, ...]) -> str:
    """Return the new text, once it is certain that nothing else of it has changed."""
    made = replace(before, blocks=blocks).text
    loaded = load(made.encode(), f"{before.name}.yml", draft=True)
    if loaded.playbook is None or not loaded.playbook.steps:
        told = [f"{each.message} {each.help}".strip() for each in loaded.diagnostics[:2]]
        raise InvalidRequest(COMMAND, [ArgumentFault("text", "; ".join(told) or "is no step")])
    if _data(made) != {**_data(before.text), "steps": [*steps]}:
        raise _unbuildable(before.name)
    return made


def _spaced(blocks: tuple[tuple[str, ...], ...], before: Body) -> tuple[tuple[str, ...], ...]:
    """Return blocks with an empty line between them, if that is how the file is written."""
    gap = ("",) if any(not block[0].strip() for block in before.blocks[1:]) else ()
    bare = ([*dropwhile(lambda line: not line.strip(), block)] for block in blocks)
    return tuple((*(gap if number else ()), *block) for number, block in enumerate(bare))


def _by_hand(text: str) -> Any:
    """Return what a step that was typed says; raises InvalidRequest for what is none."""
    wrapped = "name: typed\nsteps:\n" + "\n".join(_indented(text, "  ")) + "\n"
    loaded = load(wrapped.encode(), "typed.yml", draft=True)
    if loaded.playbook is None or len(loaded.playbook.steps) != 1:
        told = [f"{each.message} {each.help}".strip() for each in loaded.diagnostics[:2]]
        raise InvalidRequest(COMMAND, [ArgumentFault("text", "; ".join(told) or "not one step")])
    step = _data(wrapped)["steps"][0]
    if not isinstance(step, dict):
        fault = ArgumentFault(
            "text", "needed: a step, such as name: look, command: /monitor health"
        )
        raise InvalidRequest(COMMAND, [fault])
    return step


def _indented(text: str, indent: str) -> tuple[str, ...]:
    """Return typed lines as an item of a list, whether or not they begin with a dash."""
    lines = text.strip("\n").rstrip().split("\n")
    first = next((line for line in lines if not _BLANK.fullmatch(line)), "")
    if not _DASH.match(first):
        at = lines.index(first) if first else 0
        lines = [f"- {line}" if n == at else f"  {line}" for n, line in enumerate(lines)]
    return tuple(f"{indent}{line}" if line.strip() else "" for line in lines)


def _block(step: dict[str, Any], indent: str) -> tuple[str, ...]:
    text = yaml.safe_dump([step], sort_keys=False, allow_unicode=True, width=10_000)
    return tuple(f"{indent}{line}" if line else line for line in text.rstrip("\n").split("\n"))


def _read(text: str) -> Playbook:
    found = load(text.encode(), "draft.yml", draft=True)
    if found.playbook is None or not found.playbook.steps:
        why = "Its text has faults." if found.diagnostics else "It has no steps."
        raise Refused("The draft was not changed.", why=why, remedy=_BY_HAND)
    return found.playbook


def _unbuildable(name: str) -> Refused:
    why = "Its steps are written in a way that they cannot be told apart line by line."
    return Refused(f"{name} was not changed.", why=why, remedy=_BY_HAND)


def _dash(lines: tuple[str, ...], at: int) -> int | None:
    """Return the line of the dash that a step begins with: its own or the one before."""
    return next((n for n in (at, at - 1) if n > 0 and _DASH.match(lines[n])), None)


def _indent(line: str) -> str:
    found = _DASH.match(line)
    return found["indent"] if found else ""


def _with_comments(lines: tuple[str, ...], dash: int) -> int:
    """Return where a step begins: with the comments above it, as far as its own margin."""
    own, at = _indent(lines[dash]), dash
    while not lines[at - 1].strip() or lines[at - 1].startswith(f"{own}#"):
        at -= 1
    return at


def _leading(block: tuple[str, ...]) -> int:
    """Return how many lines of a block stand above its dash."""
    return next((n for n, line in enumerate(block) if not _BLANK.fullmatch(line)), 0)


def _end_of(lines: tuple[str, ...], key: str) -> int:
    """Return the line behind a key's last one: comments above the next key belong to that."""
    begin = next((n for n, line in enumerate(lines) if line.startswith(f"{key}:")), len(lines))
    rest = range(begin + 1, len(lines))
    end = next((number for number in rest if _KEY.match(lines[number])), len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or lines[end - 1].startswith("#")):
        end -= 1
    return end


def _data(text: str) -> Any:
    """Return what a text says that the loader has read before: nothing in it can grow."""
    return yaml.load(text, Loader=yaml.CSafeLoader)
