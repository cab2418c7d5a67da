"""What expressions are worth."""

from __future__ import annotations

from enum import StrEnum
from types import MappingProxyType

import pytest

from orchestration.playbook.expression import UNKNOWN, ExpressionError, Value, parse

SCOPE: dict[str, Value] = {
    "environment": "production",
    "version": "v1.2.0",
    "instances": 5,
    "load": 0.5,
    "dry": False,
    "regions": ["us-east-1", "eu-west-1"],
    "nothing": None,
    "deploy-api": {"status": "succeeded", "success": True, "output": {"healthy": 3}},
    "smoke": {"status": "failed", "success": False, "output": {}},
    "later": {"status": "skipped", "success": False, "output": {}},
    "not-found": 1,
}


def worth(source: str) -> Value:
    """Return what ``source`` is worth in the scope."""
    return parse(source).evaluate(SCOPE)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("7", 7),
        ("0.5", 0.5),
        ("1.5e3", 1500.0),
        ("-9223372036854775808", -(2**63)),
        ('"a\\n\\"b\\" \\u00e9"', 'a\n"b" é'),
        ("'say \"x\"'", 'say "x"'),
        ('"\\${x}"', "${x}"),
        ("true", True),
        ("null", None),
        ('[1, "a", [true]]', [1, "a", [True]]),
        ("[1, 2,]", [1, 2]),
        ("environment", "production"),
        ("deploy-api.output.healthy", 3),
        ('deploy-api["output"]["healthy"]', 3),
        ("regions[1]", "eu-west-1"),
        ("[10, 20][instances - 4]", 20),
        ('smoke["sta" + "tus"]', "failed"),
        ("not-found", 1),
        ("instances -1", 4),
        ("instances - 1", 4),
        ("${environment}", "production"),
        ("${deploy-api}.success", True),
        ("${instances + 1}", 6),
    ],
)
def test_values_are_what_is_written(source: str, expected: Value) -> None:
    """Constants, lists, names, fields and elements."""
    assert expected == worth(source)
    assert type(expected) is type(worth(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("10 - 2 - 3", 5),
        ("7 / 2", 3),
        ("-7 / 2", -3),
        ("-7 % 3", -1),
        ("7 / 2.0", 3.5),
        ("-instances + 1", -4),
        ("2 * load", 1.0),
        ('"v" + "1"', "v1"),
        ('["a"] + regions', ["a", "us-east-1", "eu-west-1"]),
        ("1 == 1.0", True),
        ('environment == "production"', True),
        ('environment != "production"', False),
        ('"a" < "b"', True),
        ("1 < 1.5", True),
        ("instances >= 5 && instances <= 5", True),
        ("[1, [2]] == [1, [2]]", True),
        ("[1] == [1, 2]", False),
        ("nothing == null", True),
        ("environment != null", True),
        ("[null] == [1]", False),
        ("deploy-api.output == deploy-api.output", True),
        ("smoke.output == deploy-api.output", False),
        ('"eu-west-1" in regions', True),
        ('"ap" not in regions', True),
        ('"prod" in environment', True),
        ('"output" in smoke', True),
        ('1 in ["1", 1]', True),
        ('"x" in []', False),
        ("1 in [null]", False),
        ("true ? 1 : nowhere", 1),
        ("false ? nowhere : true ? 2 : 3", 2),
    ],
)
def test_signs_compute_and_compare(source: str, expected: Value) -> None:
    """Whole numbers stay whole, and ``/`` drops the fraction towards zero."""
    assert expected == worth(source)
    assert type(expected) is type(worth(source))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("true || nowhere", True),
        ("false && nowhere", False),
        ("true or false and false", True),
        ("(true or false) and false", False),
        ("not dry and instances > 1", True),
        ("not instances == 5", False),
        ("!dry == true", True),
        ("!!true", True),
    ],
)
def test_logic_binds_as_people_read_it(source: str, expected: bool) -> None:
    """``and`` before ``or``, ``not`` behind a comparison, ``!`` before it; the rest is spared."""
    assert expected is worth(source)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('size("é🙂")', 2),
        ("size(regions) + size(smoke)", 5),
        ('contains(environment, "duct")', True),
        ('contains(regions, "us-east-1")', True),
        ('startsWith(version, "v1.")', True),
        ('endsWith(version, ".1")', False),
        ('upper("é") + lower("ABC")', "Éabc"),
        ('int("42") + int(2.9) + int("-1")', 43),
        ('float("2.5") + float(1)', 3.5),
        ("string(5) + string(true) + string(0.5)", "5true0.5"),
        ('string(["é", 1, null])', '["é", 1, null]'),
        ('default(versoin, "latest")', "latest"),
        ("default(nothing, 3)", 3),
        ("default(regions[7], 1)", 1),
        ("default(smoke.output.rate.p99 + 1, 0)", 0),
        ("default(environment.name, 1)", 1),
        ("default(nowhere, default(nothing, 2))", 2),
        ("has(smoke.output)", True),
        ("has(nothing)", False),
        ("has(smoke.output.rate)", False),
        ("has(${environment})", True),
        ("succeeded(deploy-api)", True),
        ("succeeded(deploy-api, later)", False),
        ("failed(smoke)", True),
        ("failed(deploy-api, later)", False),
        ("min(3, 1, 2)", 1),
        ("max([1, 2.5])", 2.5),
        ('product(["a", "b"], [1, 2])', [["a", 1], ["a", 2], ["b", 1], ["b", 2]]),
        ("product(regions, [])", []),
    ],
)
def test_functions(source: str, expected: Value) -> None:
    """Each of the table, with its usual arguments."""
    assert expected == worth(source)
    assert type(expected) is type(worth(source))


def test_a_test_is_a_boolean_and_nothing_else() -> None:
    """The text ``false`` is no boolean, and neither are 0, 1 and null."""
    scope: dict[str, Value] = {"x": "false", "n": 1, "held": True}

    assert parse("${held}").test(scope) is True
    for source in ("x", "n", "null", "[]", "!x", "n && held", "x ? 1 : 2"):
        with pytest.raises(ExpressionError, match="expected a boolean"):
            parse(source).test(scope)


def test_a_value_cannot_change_the_question() -> None:
    """What stands in ``${…}`` is a reference, never pasted."""
    scope: dict[str, Value] = {"environment": 'x" == "x" || "1"=="1'}

    assert parse('${environment} == "production"').test(scope) is False


def test_a_scope_may_hold_frozen_collections() -> None:
    """Tuples are lists and every mapping is a map, as far as expressions can tell."""
    scope = {"items": (1, 2), "run": MappingProxyType({"id": "WF-1"})}

    assert parse("!(run in [null])").evaluate(scope)  # type: ignore[arg-type]  # as below
    assert parse('items == [1, 2] && run.id == "WF-1" && 2 in items').evaluate(
        scope  # type: ignore[arg-type]  # what a careless caller passes
    )


@pytest.mark.parametrize("source", ["when + 1", "when == when && nowhere", "string(when)", "!when"])
def test_a_foreign_object_is_refused_by_name(source: str) -> None:
    """Values that no playbook can hold raise the error that callers expect."""
    with pytest.raises(ExpressionError):
        parse(source).evaluate({"when": object()})  # type: ignore[dict-item]  # on purpose


def test_references_are_known_without_a_scope() -> None:
    """With the place of every part, and whether their absence is allowed for."""
    found = parse('${deploy-api}.output["x"] == a.b[c].d && default(e.f, size(g)) > 1').references

    paths = [each.path for each in found]
    assert [("deploy-api", "output", "x"), ("a", "b"), ("c",), ("e", "f"), ("g",)] == paths
    assert [False, False, False, True, False] == [each.optional for each in found]
    assert ((2, 10), (14, 6), (21, 3)) == found[0].places
    assert (2, 22) == (found[0].offset, found[0].length)


def test_references_are_found_in_every_part() -> None:
    """From left to right, whatever holds them."""
    found = parse("has(a) ? [b, -c] : (not d ? e[f] + g : x in h || i) || string(j)").references

    assert list("abcdefgxhij") == [each.path[0] for each in found]
    assert [True] + [False] * 10 == [each.optional for each in found]


class Colour(StrEnum):
    """Text with a class of its own."""

    RED = "red"


def test_text_and_numbers_may_have_a_class_of_their_own() -> None:
    """They are still what they are."""
    scope: dict[str, Value] = {"colour": Colour.RED}

    assert parse('colour == "red" && colour in ["red"] && colour + "s" == "reds"').test(scope)
    assert repr(UNKNOWN) == "UNKNOWN"


def test_an_expression_equals_one_that_was_written_alike() -> None:
    """Trees of playbooks can be compared."""
    assert parse("a == 1") == parse("a == 1")
    assert parse("a == 1") != parse("a == 2")
    assert parse("a == 1").source == "a == 1"
