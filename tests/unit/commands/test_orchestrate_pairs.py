"""Pairs as people type them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.orchestrate.pairs import pairs
from tgk.errors import InvalidRequest


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("target=database", {"target": "database"}),
        ("version=v1.4.0 region=eu", {"version": "v1.4.0", "region": "eu"}),
        ("a=1, b=2;c=3\nd=4", {"a": "1", "b": "2", "c": "3", "d": "4"}),
        ('note="two words" x=1', {"note": "two words", "x": "1"}),
        (r'note="say \"hi\""', {"note": 'say "hi"'}),
        ("note='it is' x=", {"note": "it is", "x": ""}),
        ("url=https://a.example/?q=1", {"url": "https://a.example/?q=1"}),
        ("flag = true", {"flag": "true"}),
        ("v=--force", {"v": "--force"}),
    ],
)
def test_pairs_are_read(text: str, found: dict[str, str]) -> None:
    """Between them spaces, commas or line breaks; quotes keep a value together."""
    assert pairs(text, command="orchestrate run") == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version", "no key=value"),
        ("version=a two", '"two" is no key=value'),
        ("a=1 a=2", "given twice"),
        ('a="open', "no key=value"),
        ("=1", "no key=value"),
        (" ".join(f"k{n}=1" for n in range(65)), "more than 64"),
    ],
)
def test_what_is_no_pair_is_named(text: str, says: str) -> None:
    """With the piece that is wrong."""
    with pytest.raises(InvalidRequest, match=says):
        pairs(text, command="orchestrate run")


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else can happen, and every key is a name."""
    try:
        found = pairs(text, command="orchestrate run")
    except InvalidRequest:
        return
    assert all(key.replace("-", "_").isidentifier() for key in found)
