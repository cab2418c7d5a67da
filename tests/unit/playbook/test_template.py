"""Text with values put into it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orchestration.playbook.expression import UNKNOWN, ExpressionError, Value
from orchestration.playbook.template import parse

SCOPE: dict[str, Value] = {
    "version": "v1",
    "count": 3,
    "share": 0.5,
    "dry": True,
    "regions": ["eu", "us"],
    "build": {"output": {"image": "api:7"}},
    "nothing": None,
    "later": UNKNOWN,
    "later-list": [UNKNOWN],
}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain", "plain"),
        ("pre-${version}", "pre-v1"),
        ("${version}${count}", "v13"),
        ("${count}x ${share} ${dry}", "3x 0.5 true"),
        ("${build.output.image}!", "api:7!"),
        ("${ count + 1 } more", "4 more"),
        ("regions ${regions}", 'regions ["eu", "us"]'),
        ("$${version} $version $$ ${version}$", "${version} $version $$ v1$"),
        ("$$${version}", "$${version}"),
        ("{version} }", "{version} }"),
        ('${default(name, "}")}.', "}."),
        ("${${version}}.", "v1."),
    ],
)
def test_values_are_put_into_text(text: str, expected: str) -> None:
    """Numbers and booleans as they are written, lists as JSON."""
    assert expected == parse(text).text(SCOPE) == parse(text).value(SCOPE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("${count}", 3),
        ("${share}", 0.5),
        ("${dry}", True),
        ("${regions}", ["eu", "us"]),
        ("${nothing}", None),
        ("${count > 2}", True),
        (" ${count}", " 3"),
    ],
)
def test_a_lone_placeholder_keeps_its_type(text: str, expected: Value) -> None:
    """Only where nothing stands around it, not even a space."""
    assert expected == parse(text).value(SCOPE)
    assert type(expected) is type(parse(text).value(SCOPE))


@given(st.text())
def test_a_value_is_never_read_again(value: str) -> None:
    """Whatever it is: braces, quotes and dollars in it mean nothing."""
    assert f"<{value}>" == parse("<${value}>").text({"value": value})
    assert value == parse("${value}").value({"value": value})


@given(st.text())
def test_text_without_a_dollar_brace_is_itself(text: str) -> None:
    """And with each escaped, it is too."""
    escaped = text.replace("${", "$${")

    if "$$" not in text:
        assert text == parse(escaped).text({})
        assert parse(escaped).is_literal


def test_what_is_not_known_yet_stays_as_written() -> None:
    """A plan shows where the value will stand; a value with it is unknown."""
    assert parse("a ${later} ${version} ${ later-list }").text(SCOPE) == (
        "a ${later} v1 ${ later-list }"
    )
    assert parse("a ${later}").value(SCOPE) is UNKNOWN
    assert parse("${later}").value(SCOPE) is UNKNOWN


def test_references_and_faults_point_into_the_text() -> None:
    """Counted from its start, or from where the caller says that it starts."""
    template = parse("é ${version} and ${verison.x}", offset=100)
    with pytest.raises(ExpressionError) as caught:
        template.text(SCOPE)

    assert [(104, 7), (119, 9)] == [(each.offset, each.length) for each in template.references]
    assert ((119, 7), (127, 1)) == template.references[1].places
    assert ("unknown name 'verison'", 119, 7) == (
        caught.value.message,
        caught.value.offset,
        caught.value.length,
    )
    assert caught.value.help == "did you mean 'version'?"


@pytest.mark.parametrize(
    ("text", "message", "words"),
    [
        ("a ${", "'${' is not closed", "${"),
        ("a ${version", "'${' is not closed", "${"),
        ("a ${} b", "nothing stands in ${}", "${}"),
        ("a ${ } b", "nothing stands in ${}", "${ }"),
        ("a ${version = 1}", "unexpected character '='", "="),
        ("a ${version 1}", "expected an operator or the end, found '1'", "1"),
        ("a ${(version}", "'(' is not closed", "("),
        ('a ${"x}', "the text is not closed", '"x}'),
        ("a ${nothing}", "null is no text", "${nothing}"),
        ("a ${'${x}'}", "text in quotes is taken as it is: '${' means nothing here", "'${x}'"),
    ],
)
def test_what_is_wrong_is_named_where_it_stands(text: str, message: str, words: str) -> None:
    """The same faults as in expressions, and those of the braces."""
    with pytest.raises(ExpressionError) as caught:
        parse(text).text(SCOPE)

    error = caught.value
    assert (message, words) == (error.message, text[error.offset :][: error.length])


def test_a_template_knows_whether_it_is_literal() -> None:
    """An escaped brace is no placeholder."""
    assert parse("a $${b}").is_literal
    assert not parse("a ${b}").is_literal
    assert parse("a ${b}").source == "a ${b}"
    assert parse("a ${b}") == parse("a ${b}") != parse("a ${c}")
