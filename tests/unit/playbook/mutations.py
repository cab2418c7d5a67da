"""Slips of the pen in good playbooks: each with the lines on which it must be told."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

_KEY = re.compile(r"^(?P<lead>[ -]*)(?P<key>[a-z_]{3,}):(?P<rest>.*)$")
_FREE = frozenset({"variables", "outputs", "set", "values", "headers", "parameters"})
_WORDS = re.compile(
    r"(?<=type: )(?:parallel|conditional|foreach|approval|wait|group|schedule|webhook|slack|jira"
    r"|datadog)\b|(?<=source: )(?:environment|vault)\b|(?<=command: )/[a-z]+ [a-z]+"
    r"|(?<= )--[a-z]{3,}"
)
_QUOTED = re.compile(r'(?<=--message )"[^"]*"')
"""Words for people: nothing in them can be wrong."""
_BESIDE = re.compile(r"^([ -]*[a-z_]+:) (\S.*)$")
_NAME = re.compile(r"^( *- name: )([\w-]+)$")
_REFERENCE = re.compile(r"(?<=\$\{)[a-z][a-z_-]{2,}")


@dataclass(frozen=True, slots=True)
class Slip:
    """A text with one slip, and where it may be told."""

    kind: str
    text: str
    lines: frozenset[int]


def slips(text: str) -> Iterator[Slip]:
    """Yield every slip of every kind that a text has room for."""
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        yield from _keys(lines, number, line)
        yield from _values(lines, number, line)
        yield _deleted(lines, number)
        yield from _named_alike(lines, number, line)
        if beside := _BESIDE.match(line):
            yield _slip("tab", lines, number, f"{beside[1]}\t{beside[2]}")
        if line.startswith("  "):
            tabbed = "\t" * ((len(line) - len(line.lstrip())) // 2) + line.lstrip()
            yield _slip("tab", lines, number, tabbed)


def _keys(lines: list[str], number: int, line: str) -> Iterator[Slip]:
    found = _KEY.match(line)
    if found is None or _is_free(lines, number):
        return
    key = found["key"]
    other = "q" if key[1] != "q" else "z"
    for typo in (
        key[:1] + key[2:],
        key[:1] + key[2] + key[1] + key[3:],
        f"{key}{key[-1]}",
        key[:1] + other + key[2:],
    ):
        if typo != key:
            yield _slip("key", lines, number, f"{found['lead']}{typo}:{found['rest']}")
    if found["rest"].strip() and "[" not in found["rest"] and ">" not in found["rest"][:3]:
        again = " " * len(found["lead"]) + f"{key}:{found['rest']}"
        twice = [*lines[:number], again, *lines[number:]]
        yield Slip("duplicate", "\n".join(twice) + "\n", frozenset({number + 1}))


def _values(lines: list[str], number: int, line: str) -> Iterator[Slip]:
    for found in _WORDS.finditer(_QUOTED.sub(lambda text: "_" * len(text[0]), line)):
        word = found[0]
        typo = word[:-2] + word[-1] + word[-2] if word[-1] != word[-2] else word + "x"
        changed = line[: found.start()] + typo + line[found.end() :]
        yield _slip("value", lines, number, changed)
    for found in _REFERENCE.finditer(line):
        changed = f"{line[: found.end() - 1]}zq{line[found.end() :]}"
        yield _slip("reference", lines, number, changed)


def _named_alike(lines: list[str], number: int, line: str) -> Iterator[Slip]:
    """Give an item the name of the next one beside it, and that one the name of this."""
    here = _NAME.match(line)
    for after in range(number, len(lines)) if here else ():
        there = _NAME.match(lines[after])
        if here and there and there[1] == here[1]:
            yield _slip("duplicate", lines, number, f"{here[1]}{there[2]}")
            yield _slip("duplicate", lines, after + 1, f"{here[1]}{here[2]}")
            return
        if _says(lines[after]) and _depth(lines[after]) < _depth(line):
            return


def _deleted(lines: list[str], number: int) -> Slip:
    """Take a line away: told on the line that now stands there, or where its block begins.

    Its block begins with the nearest line above that is indented less; at the left margin, with
    the first line of the file that says anything.
    """
    rest = [*lines[: number - 1], *lines[number:]]
    depth = _depth(lines[number - 1])
    above = [line for line in range(1, number) if _says(lines[line - 1])]
    outer = [line for line in above if _depth(lines[line - 1]) < depth]
    first = next((line for line, text in enumerate(rest, 1) if _says(text)), 1)
    begins = outer[-1] if outer else first
    return Slip("deleted", "\n".join(rest) + "\n", frozenset({number, begins}))


def _says(line: str) -> bool:
    return line.lstrip()[:1] not in ("", "#")


def _slip(kind: str, lines: list[str], number: int, line: str) -> Slip:
    changed = [*lines[: number - 1], line, *lines[number:]]
    return Slip(kind, "\n".join(changed) + "\n", frozenset({number}))


def _is_free(lines: list[str], number: int) -> bool:
    """Return whether a line names something of the author's own."""
    depth = _depth(lines[number - 1])
    for before in reversed(lines[: number - 1]):
        if before.strip() and _depth(before) < depth:
            return before.strip().removeprefix("- ").rstrip(": ") in _FREE - {"parameters"} or (
                before.strip() == "parameters:" and not lines[number - 1].lstrip().startswith("-")
            )
    return False


def _depth(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


OPTIONAL = frozenset({
    "api_key", "approval.count", "approval.exclude_requester", "approval.on_timeout",
    "approval.timeout", "assert.message", "category", "condition", "continue_on_error",
    "create_issue_on_failure", "default", "delay", "description", "else", "enum", "events",
    "every", "fail_fast", "finally", "locks", "max", "max_delay", "max_parallel", "message",
    "min", "on_failure", "on_success", "outputs", "pattern", "priority", "project", "required",
    "retry", "timeout", "timezone", "track_metrics", "transaction", "type", "undo", "undo_failed",
    "url",
    "variable", "version", "webhook", "when",
})  # fmt: skip
"""What a playbook may do without, written down apart from the tables of the checker."""


def is_still_right(before: str, after: str) -> bool:
    """Return whether a text from which a line was taken is a playbook all the same.

    Judged on the values alone: what is optional is gone, or one entry of a list; a text lost one
    of its lines; or the list of an arm that lost its heading went on in the list before it.
    """
    return _is_less(yaml.safe_load(before), yaml.safe_load(after), "")


def _is_less(before: object, after: object, key: str) -> bool:
    if isinstance(before, dict) and isinstance(after, dict):
        return _is_less_mapping(before, after, key)
    if isinstance(before, list) and isinstance(after, dict):
        alone = before[0] if len(before) == 1 else {}
        return bool(alone == {"name": alone.get("name"), **after})
    if isinstance(before, list) and isinstance(after, list):
        return _is_less_list(before, after, key)
    if isinstance(before, str) and isinstance(after, str):
        return len(after) < len(before) and set(after.split()) <= set(before.split())
    return False


def _is_less_list(before: list[object], after: list[object], key: str) -> bool:
    if len(after) < len(before):
        return any(after == [*before[:at], *before[at + 1 :]] for at in range(len(before)))
    pairs = [pair for pair in zip(before, after, strict=True) if pair[0] != pair[1]]
    return len(pairs) == 1 and _is_less(*pairs[0], key)


def _is_less_mapping(before: dict[str, Any], after: dict[str, Any], key: str) -> bool:
    gone = [name for name in before if name not in after]
    changed = [name for name in after if name not in before or before[name] != after[name]]
    if len(changed) > 1 or len(gone) > 1 or not after.keys() <= before.keys():
        return False
    if not gone:
        return _is_less(before[changed[0]], after[changed[0]], changed[0])
    if changed:
        return bool(after[changed[0]] == [*before[changed[0]], *before[gone[0]]])
    return _is_optional(gone[0], before, key)


def _is_optional(gone: str, before: dict[str, Any], key: str) -> bool:
    if gone == "condition" and before.get("type") == "conditional":
        return False
    return key in _FREE or gone in OPTIONAL or f"{key}.{gone}" in OPTIONAL
