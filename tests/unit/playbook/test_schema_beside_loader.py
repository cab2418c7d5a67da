"""Editors, who know only the schema, find nearly every fault of shape that the loader finds."""

from __future__ import annotations

import copy
import random
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from orchestration.playbook.load import load
from orchestration.playbook.schema import schema
from tests.unit.playbook.test_playbook_examples import EXAMPLES, SHIPPED
from tgk.yaml_marks import read

if TYPE_CHECKING:
    from collections.abc import Iterator

HOW_MANY = 300
LEAST = 0.9
SHAPE = frozenset({"E010", "E012", "E013", "E014", "E015", "E017", "E018", "E019"})
"""What is wrong with keys and values by themselves, without names and commands around them."""
VALUES = (None, True, 17, -3, 1.5, "word", "", [], {}, ["a"], {"a": 1}, [{"a": 1}], 99999)
KEYS = (
    "command", "branches", "steps", "retry", "typo", "condition", "then", "items", "as", "prompt",
    "for", "until", "playbook", "set", "assert", "test", "message", "cron", "source", "url",
    "timeout", "min", "enum",
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything inside of a value."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for key, child in pairs:
        yield (*path, key)
        if isinstance(child, dict | list):
            yield from places(child, (*path, key))


def changed(document: Any, dice: random.Random) -> Any:
    """Return a playbook in which one thing is gone, renamed, added, or something else."""
    document = copy.deepcopy(document)
    *above, key = dice.choice([*places(document)])
    parent = document
    for step in above:
        parent = parent[step]
    match dice.randrange(4):
        case 0:
            del parent[key]
        case 1 if isinstance(parent, dict):
            parent[dice.choice([f"{key}x", str(key)[:-1] or "q", *KEYS])] = parent.pop(key)
        case 2 if isinstance(parent[key], dict):
            parent[key][dice.choice(KEYS)] = copy.deepcopy(dice.choice(VALUES))
        case _:
            parent[key] = copy.deepcopy(dice.choice(VALUES))
    return document


def test_nine_of_ten_faults_of_shape_are_found_by_the_schema() -> None:
    """And nothing that can be loaded is refused by it."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema())
    documents = [yaml.safe_load(path.read_text()) for path in (*EXAMPLES, *SHIPPED)]
    dice = random.Random(7)  # noqa: S311 - the same changes every time
    found, missed, wrongly = 0, [], []
    for _ in range(HOW_MANY):
        text = yaml.safe_dump(changed(dice.choice(documents), dice), sort_keys=False, width=9999)
        loaded = load(text.encode(), "x.yml")
        plain = read(text.encode(), "x.yml").root.plain()
        faults = [one for one in loaded.diagnostics if one.code in SHAPE]
        if validator.is_valid(plain):
            missed += faults[:1]
        elif faults:
            found += 1
        elif loaded.usable:
            wrongly.append(text)

    rate = found / (found + len(missed))
    sys.stdout.write(f"\nfaults of shape that the schema finds as well: {rate:.1%}\n")
    assert wrongly == []
    assert found > HOW_MANY / 3
    assert rate >= LEAST, [one.message for one in missed]


def hovered(part: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield each key that somebody may write, with its schema."""
    for key, child in part.items() if isinstance(part, dict) else ():
        if key == "properties":
            yield from ((f"{path}/{name}", one) for name, one in child.items())
        if key not in ("if", "then", "else") and f"{path}/{key}" != "/$defs/step/anyOf/0/anyOf":
            yield from hovered(child, f"{path}/{key}")
    for place, child in enumerate(part if isinstance(part, list) else ()):
        yield from hovered(child, f"{path}/{place}")


def test_an_editor_tells_of_every_key_what_it_is() -> None:
    """In one line, wherever the key stands; the words are not those of a neighbour."""
    told = dict(hovered(schema()))

    assert len(told) > 140
    assert [path for path, one in told.items() if not one.get("description", "").strip()] == []
    assert all(len(one["description"]) < 160 for one in told.values())
    steps = [one["description"] for path, one in told.items() if "/$defs/step/anyOf/0/" in path]
    assert len(set(steps)) > 50
