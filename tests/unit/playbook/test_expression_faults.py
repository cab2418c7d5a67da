"""What is wrong with an expression: said in words, at the right place, with a way out."""

from __future__ import annotations

import pytest

from orchestration.playbook.expression import ExpressionError, Value, parse

SCOPE: dict[str, Value] = {
    "environment": "production",
    "version": "v1",
    "instances": 5,
    "regions": ["eu"],
    "monitor": {"status": "succeeded", "success": True, "output": {}},
    "nothing": None,
    "true-ish": "True",
}


def fault(source: str) -> tuple[str, str, str]:
    """Return the message, the words it points at, and the help."""
    with pytest.raises(ExpressionError) as caught:
        parse(source).evaluate(SCOPE)
    error = caught.value
    return error.message, source[error.offset : error.offset + error.length], error.help


@pytest.mark.parametrize(
    ("source", "message", "words", "advice"),
    [
        ('environment = "x"', "unexpected character '='", "=", "use == to compare"),
        ("version & true", "unexpected character '&'", "&", "use && for and"),
        ("true | false", "unexpected character '|'", "|", "use || for or"),
        ("version == “v1”", "unexpected character '“'", "“", "write plain quotation marks"),
        ("instances – 1", "unexpected character '–'", "–", "write a plain hyphen"),
        ("instances\u00a0== 1", "unexpected character U+00A0", "\u00a0", "write a plain space"),
        ("2 ** 3", "expected a value, found '*'", "*", "there is no power operator"),
        ("1 < 2 < 3", "comparisons do not chain", "<", "join two of them with &&"),
        ("version == 1.2.3", "'1.2.3' is not a number", "1.2.3", "text stands in quotes"),
        ("5m", "'5m' is not a number", "5m", "text stands in quotes"),
        ("instances == True", "unknown word 'True'", "True", "write true"),
        ("version AND true", "unknown word 'AND'", "AND", "write and"),
        ("a b", "expected an operator or the end, found 'b'", "b", "text stands in quotes"),
        ("regions.0", "a field has a name", "0", "an element of a list is [0]"),
        ('version.startsWith("v")', "values have no methods", "(", "write startsWith(value, …)"),
        ('size("x', "the text is not closed", '"x', 'end it with "'),
        ('"${version}"', "text in quotes is taken as it is: '${' means nothing here",
         '"${version}"', "leave the quotes out, join with +, or write \\${"),
        ('"\\q"', "unknown escape \\q", "\\q", "write \\\\ for a backslash"),
        ("(1 + 2", "'(' is not closed", "(", "add )"),
        ("${version", "'${' is not closed", "${", "add }"),
        ("sise(version)", "unknown function 'sise'", "sise", "did you mean 'size'?"),
        ("len(version)", "unknown function 'len'", "len", "did you mean 'size'?"),
        ("size(1, 2)", "size() takes 1 argument, found 2", "size(1, 2)", ""),
        ("default(1)", "default() takes 2 arguments, found 1", "default(1)", ""),
        ("max()", "max() takes at least 1 argument, found 0", "max()", ""),
        ("has(1)", "has() asks for a name or a field", "1", "such as has(build.output)"),
        ("9223372036854775808", "the whole number does not fit into 64 bits",
         "9223372036854775808", ""),
        ("1e999", "the number is too large", "1e999", ""),
    ],
)  # fmt: skip
def test_what_cannot_be_read(source: str, message: str, words: str, advice: str) -> None:
    """The place is that of the words at fault alone."""
    assert (message, words, advice) == fault(source)


@pytest.mark.parametrize(
    ("source", "message", "words", "advice"),
    [
        ('verison == "v1"', "unknown name 'verison'", "verison", "did you mean 'version'?"),
        ("monitor.sucess", "unknown field 'sucess'", "sucess", "did you mean 'success'?"),
        ('monitor["sucess"]', "unknown field 'sucess'", '"sucess"', "did you mean 'success'?"),
        ("instances-1", "unknown name 'instances-1'", "instances-1",
         "a minus needs spaces: instances - 1"),
        ("version.name", "text has no field 'name'", "name", ""),
        ("regions[1]", "there is no element 1", "1", "the list has 1 elements, counted from 0"),
        ("regions[0 - 1]", "there is no element -1", "0 - 1",
         "the list has 1 elements, counted from 0"),
        ("version[0]", "text has no element 0", "0", ""),
        ("regions[true]", "expected a whole number or text, found a boolean", "true", ""),
        ("!(instances == 5 && version)", "expected a boolean, found text", "version",
         "compare it with =="),
        ("true && true-ish", "expected a boolean, found text", "true-ish",
         "write true and false without quotes"),
        ('true && (instances == "5")', "cannot compare a whole number with text",
         'instances == "5"', "convert one of them: int(…) or string(…)"),
        ("true == 1", "cannot compare a boolean with a whole number", "true == 1",
         "write true or false, not 1 or 0"),
        ("true in [1]", "the list holds a whole number, so never a boolean", "true in [1]",
         "write true or false, not 1 or 0"),
        ("false < true", "a boolean has no order", "false < true",
         "only numbers and text have an order"),
        ("null < 1", "null has no order", "null < 1", "only numbers and text have an order"),
        ("1 in 5", "a whole number holds nothing", "1 in 5", "look into a list, a map or text"),
        ("[1] == [true]", "cannot compare a whole number with a boolean", "[1] == [true]",
         "write true or false, not 1 or 0"),
        ("1 + version + 2", "cannot add text to a whole number", "1 + version",
         "convert one of them: string(…), int(…) or float(…)"),
        ("1 - true", "cannot subtract a boolean from a whole number", "1 - true", ""),
        ("-version", "expected a number, found text", "-version", ""),
        ("(1 + 2) / (3 - 3) + 1", "division by zero", "(1 + 2) / (3 - 3)", ""),
        ("1 % 0", "division by zero", "1 % 0", ""),
        ("1.5 % 2", "a remainder needs two whole numbers", "1.5 % 2", ""),
        ("9223372036854775807 + 1", "the whole number does not fit into 64 bits",
         "9223372036854775807 + 1", ""),
        ("1e308 * 10", "the number is too large", "1e308 * 10", ""),
        ('int("1_000")', '"1_000" is not a whole number', 'int("1_000")', ""),
        ("int(true)", "a boolean is not a whole number", "int(true)", ""),
        ('float("nan")', '"nan" is not a number', 'float("nan")', ""),
        ("string(null)", "null is no text", "string(null)",
         "use default(…, …) for a value that may be missing"),
        ("lower(1)", "expected text, found a whole number", "lower(1)", "convert it: string(…)"),
        ("size(1)", "a whole number has no size", "size(1)",
         "ask for the size of text, a list or a map"),
        ("succeeded(version)", "expected the result of a step, found text", "succeeded(version)",
         "name a step"),
        ("max([])", "expected several values, or a list that is not empty", "max([])", ""),
        ("product([1], 2)", "expected lists", "product([1], 2)",
         "every combination of their elements is returned"),
        ("default(instances + version, 1)", "cannot add text to a whole number",
         "instances + version", "convert one of them: string(…), int(…) or float(…)"),
    ],
)  # fmt: skip
def test_what_has_no_value(source: str, message: str, words: str, advice: str) -> None:
    """Faults of a run point into the source as well."""
    assert (message, words, advice) == fault(source)


@pytest.mark.parametrize("source", ["", "  ", "1 +", "a.", "f(", "[1", "true ?", "true ? 1", "not"])
def test_a_fault_at_the_end_points_there(source: str) -> None:
    """Not before the text, and at most one character behind it."""
    with pytest.raises(ExpressionError) as caught:
        parse(source)

    assert 0 <= caught.value.offset <= len(source)
    assert 1 <= caught.value.length
    assert len(source) + 1 >= caught.value.offset + caught.value.length


def test_a_dollar_brace_shifts_no_column() -> None:
    """Places are those of the text as typed."""
    assert ("unknown name 'b'", "b", "") == fault("${instances} == ${b}")


def test_an_error_reads_as_its_message() -> None:
    """In logs, and in whatever prints it."""
    with pytest.raises(ExpressionError) as caught:
        parse("a =")

    assert str(caught.value) == caught.value.message == "unexpected character '='"
