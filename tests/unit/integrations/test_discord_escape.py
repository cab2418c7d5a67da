"""Foreign text on Discord."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.discord import escape


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("**bold** _it_ ~~s~~ ||sp||", r"\*\*bold\*\* \_it\_ \~\~s\~\~ \|\|sp\|\|"),
        ("# title\n- item\n12. item", "\\# title\n\\- item\n12\u200b. item"),
        ("[a](https://b.example/x_y)", r"\[a\](https://b.example/x_y)"),
        ("see https://a.example/run_1?x=2_3", "see https://a.example/run_1?x=2_3"),
        ("@everyone <@!300000000000000001>", "@\u200beveryone \\<@\u200b!300000000000000001\\>"),
        ("a\u202eb\u200bc\x00d", "abcd"),
        ("`code`", r"\`code\`"),
    ],
)
def test_markup_of_others_is_words(text: str, shown: str) -> None:
    """Every sign that means something to the platform is escaped; links stay whole."""
    assert escape.prose(text) == shown


@pytest.mark.parametrize(
    ("url", "safe"),
    [
        ("https://a.example/x y)<b>", "https://a.example/x%20y%29%3Cb%3E"),
        ("javascript:alert(1)", ""),
        ("http://", ""),
        ("//a.example", ""),
        ("https://[bad", ""),
        ("https://a.example/" + "x" * 600, ""),
    ],
)
def test_only_http_addresses_can_be_clicked(url: str, safe: str) -> None:
    """Anything else is shown as words."""
    assert escape.safe_url(url) == safe


def test_a_link_with_a_bad_address_keeps_its_label() -> None:
    """Nothing is lost but the link."""
    assert escape.link("run [1]", "javascript:x") == r"run \[1\]"
    assert escape.link("run", "https://a.example") == "[run](<https://a.example>)"


@given(st.text("`*_~|@everyonhrt<>0123456789!&\n \u200b\\", max_size=80))
def test_nothing_pings_and_no_block_is_left(text: str) -> None:
    """In prose, in ticks and in blocks alike."""
    for shown in (escape.prose(text), escape.code(text), escape.fenced(text)):
        assert re.search(r"@(everyone|here|[!&]?\d{17})", shown) is None
    assert "```" not in escape.fenced(text)
    assert escape.code(text).count("`") in (0, 2)
