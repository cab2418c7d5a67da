"""A value in an address or a body of `http` is one part of it, whatever it is made of."""

from __future__ import annotations

import json
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from orchestration.playbook.expression import ExpressionError
from orchestration.playbook.quoting import address, argument, document
from orchestration.playbook.template import parse

HOSTILE = [
    "a/b", "../../admin", "..", ".", "a?x=1", "a#b", "a&b=c", "%2e%2e/x", "@evil.example", "a b",
    '", "admin": true, "x": "', '"}', "\\", '\\"', "\n", "\r\nX: 1", "\0", "é✓", "${x}", "",
    "//evil.example", ":8080", "\\\\evil.example",
]  # fmt: skip


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_one_segment_and_one_value_of_a_query(value: str) -> None:
    """It neither climbs, branches, nor adds a parameter, and the host stays what it was."""
    url = address(parse("https://a.example/x/${v}/y?q=${v}&r=1"), {"v": value})

    parts = urlsplit(url)
    assert (parts.scheme, parts.netloc, parts.fragment) == ("https", "a.example", "")
    segments = parts.path.split("/")
    assert len(segments) == 4
    assert segments[2] not in (".", "..")
    assert unquote(segments[2]) == value or set(value) == {"."}
    assert parse_qs(parts.query, keep_blank_values=True)["r"] == ["1"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_value_is_one_value_of_json(value: str) -> None:
    """Inside of a string it stays in it; where a value is wanted, it is one."""
    body = parse('{"a": "<${v}>", "b": [1, ${v}], "c\\"": "${v}"}')

    assert json.loads(document(body, {}, {"v": value})) == {
        "a": f"<{value}>", "b": [1, value], 'c"': value,
    }  # fmt: skip


def test_numbers_lists_and_maps_keep_their_shape_in_json() -> None:
    """As do texts that are a number themselves; a text that is more than one value is a text."""
    body = parse('{"n": ${n}, "l": ${l}, "t": ${t}, "x": ${x}}')
    scope = {"n": 5, "l": [1, {"a": "b"}], "t": "7", "x": '1, "admin": true'}

    assert json.loads(document(body, {"Content-Type": "application/json"}, scope)) == {
        "n": 5, "l": [1, {"a": "b"}], "t": 7, "x": '1, "admin": true',
    }  # fmt: skip


def test_a_form_takes_each_value_as_one_and_plain_text_takes_it_as_it_is() -> None:
    """By the type of the content; a body that is a value as a whole is left to its author."""
    form = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}

    assert document(parse("a=${v}&b=1"), form, {"v": "x&b=2"}) == "a=x%26b%3D2&b=1"
    assert document(parse("hello ${v}"), {}, {"v": "a&b"}) == "hello a&b"
    assert document(parse("${v}"), {"Content-Type": "application/json"}, {"v": '{"a": 1}'}) == (
        '{"a": 1}'
    )


@pytest.mark.parametrize("value", ["-x", "--output=/etc/passwd", "-", "--", "-1x", "-\n", "a\0b"])
def test_a_value_is_no_option_of_a_program(value: str) -> None:
    """Nor anything that no word can hold; the fault stands at the argument and says what to do."""
    with pytest.raises(ExpressionError) as refused:
        argument(parse("${v}"), {"v": value})

    assert refused.value.length == len("${v}")
    assert "\0" in value or "--name=${value}" in refused.value.help


@pytest.mark.parametrize(
    ("text", "value", "word"),
    [
        ("--name=${v}", "-x", "--name=-x"), ("-${v}", "x", "-x"), ("${v}", "x-y", "x-y"),
        ("${v}", -5, "-5"), ("${v}", "-0.5", "-0.5"), ("${v}", "a\nb c;$(x)", "a\nb c;$(x)"),
        ("${v == 1 ? '--fast' : '--slow'}", 1, "--fast"), ("${v}", "", ""),
    ],
)  # fmt: skip
def test_what_the_author_wrote_and_plain_values_are_words_as_they_are(
    text: str, value: str | int, word: str
) -> None:
    """Negative numbers among them, and options that stand in the expression itself."""
    assert argument(parse(text), {"v": value}) == word
