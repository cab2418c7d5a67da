"""Pairs as people type them, in one text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgk.pairs import read_pairs


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", {}),
        ("target=database", {"target": "database"}),
        ("version=v1.4.0 region=eu", {"version": "v1.4.0", "region": "eu"}),
        ("a=1, b=2;c=3\nd=4", {"a": "1", "b": "2", "c": "3", "d": "4"}),
        ("a=1 , b=2,c=3", {"a": "1", "b": "2", "c": "3"}),
        ("components=api,workers type=full", {"components": "api,workers", "type": "full"}),
        ("type=full,components=api,workers", {"type": "full", "components": "api,workers"}),
        ('note="two words" x=1', {"note": "two words", "x": "1"}),
        ('note="a, b=c",x=1', {"note": "a, b=c", "x": "1"}),
        (r'note="say \"hi\""', {"note": 'say "hi"'}),
        ("note='it is' x=", {"note": "it is", "x": ""}),
        ("a=\nb=\nc=1", {"a": "", "b": "", "c": "1"}),
        ("note=two words x=1", {"note": "two words", "x": "1"}),
        ("url=https://a.example/?q=1&r=2", {"url": "https://a.example/?q=1&r=2"}),
        ("v=--force", {"v": "--force"}),
    ],
)
def test_pairs_are_read(text: str, found: dict[str, str]) -> None:
    """Between them spaces, commas or line breaks; a comma that no key follows is the value's."""
    assert read_pairs(text) == found


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("version", "is not key=value"),
        ("=1", "is not key=value"),
        ("flag = true", "is not key=value"),
        ("x=1 y = 2", "without spaces"),
        ("a=1,a=2", "given twice"),
        (" ".join(f"k{n}=1" for n in range(101)), "at most 100"),
    ],
)
def test_what_is_no_pair_is_named(text: str, says: str) -> None:
    """With the piece that is wrong."""
    with pytest.raises(ValueError, match=says):
        read_pairs(text)


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing else can happen, and every key is a name."""
    try:
        found = read_pairs(text)
    except ValueError:
        return
    assert all(key.replace("-", "_").replace(".", "_").isidentifier() for key in found)
