"""Each construct has a short form and a long one that mean the same."""

from __future__ import annotations

import time
from dataclasses import fields, replace
from typing import TYPE_CHECKING

import pytest

from orchestration.playbook import model
from orchestration.playbook.durations import seconds
from orchestration.playbook.load import load
from orchestration.playbook.origin import Span
from orchestration.playbook.values import typed
from tests.unit.playbook.checking import tree

if TYPE_CHECKING:
    from orchestration.playbook.model import Step


def step(text: str) -> Step:
    """Return the one step of a playbook, without its place."""
    (only,) = tree(f"name: x\nvariables: {{tries: 4}}\nsteps:\n  - {text}\n").steps
    return replace(only, span=Span(1, 1))


@pytest.mark.parametrize(
    ("short", "long"),
    [
        ("{name: a, approval: Go on?}", "{name: a, type: approval, prompt: Go on?}"),
        ("{name: a, approval: {prompt: Go?, count: 2, timeout: 5m}}",
         "{name: a, type: approval, prompt: Go?, count: 2, expires: 300}"),
        ("{name: a, wait: 10m}", "{name: a, type: wait, for: 10m}"),
        ("{name: a, wait: {for: 10m}}", "{name: a, type: wait, for: 10m}"),
        ("{name: a, foreach: [1, 2], as: n, steps: [/status]}",
         "{name: a, type: foreach, items: [1, 2], as: n, steps: [{command: /status}]}"),
        ("{name: a, set: {x: 1}}", "{name: a, type: set, values: {x: 1}}"),
        ("{name: a, assert: 'run.id != \"\"', message: nope}",
         "{name: a, assert: {test: 'run.id != \"\"', message: nope}}"),
        ("{name: a, http: 'https://x.example'}",
         "{name: a, type: http, method: GET, url: 'https://x.example'}"),
        ("{name: a, shell: [ls, -l]}", "{name: a, shell: {program: ls, arguments: [-l]}}"),
        ("{name: a, steps: [/status]}", "{name: a, type: group, steps: [/status]}"),
        ("{name: a, playbook: b}", "{name: a, type: playbook, playbook: b}"),
        ("{name: a, branches: [{name: b, steps: [/status]}]}",
         "{name: a, type: parallel, branches: [{name: b, steps: [/status]}]}"),
    ],
)  # fmt: skip
def test_the_short_form_means_the_long_one(short: str, long: str) -> None:
    """Kind by kind."""
    one, other = step(short), step(long)

    assert type(one) is type(other)
    for field in fields(one):
        assert _worth(getattr(one, field.name)) == _worth(getattr(other, field.name))


def test_a_slip_in_one_of_several_words_is_read_as_what_was_meant() -> None:
    """So what follows from it is looked at as well; a word like none of them is left out."""
    ends = []
    for word in ("skp", "elsewhere"):
        text = f"name: x\nsteps:\n  - approval: {{prompt: Go?, on_timeout: {word}}}\n"
        playbook = load(text.encode(), "x.yml").playbook
        assert playbook is not None
        (asked,) = playbook.steps
        assert isinstance(asked, model.ApprovalStep)
        ends.append(asked.on_timeout)

    assert ends == ["skip", "fail"]


def _worth(value: object) -> object:
    """Return a part without the places in it."""
    if isinstance(value, tuple):
        return [_worth(each) for each in value]
    if isinstance(value, model.CommandStep | model.Branch):
        return value.path
    return getattr(value, "source", value)


def test_retry_is_a_number_or_a_mapping() -> None:
    """``retry: 3`` is three tries more; a variable may stand for the number."""
    assert step("{command: /status, retry: 3}").retry == model.Retry(more=3)
    assert step("{command: /status, retry: '${tries}'}").retry.more == 4
    retry = step("{command: /status, retry: {max: 2, delay: 5s, backoff: 1, jitter: none}}").retry
    assert (retry.more, retry.delay, retry.backoff, retry.jitter) == (2, 5.0, 1.0, False)


def test_handlers_and_undo_are_lines_or_lists() -> None:
    """One line alone needs no list."""
    one = step("{name: a, command: /status, undo: /infra rollback, on_failure: [/status]}")
    more = step("{name: a, command: /status, undo: [{command: /status}, /infra rollback]}")

    assert [each.path for each in one.undo] == ["a/undo/#1"]
    assert [each.path for each in one.on_failure] == ["a/on_failure/#1"]
    assert [each.path for each in more.undo] == ["a/undo/#1", "a/undo/#2"]


def test_parameters_are_a_list_or_a_mapping() -> None:
    """Types come from defaults where none is named."""
    listed = tree("name: x\nparameters: [{name: n, type: int, min: 1}, v]\nsteps: [/status]\n")
    mapped = tree("name: x\nparameters: {n: 3, v: , f: {enum: [a, b]}}\nsteps: [/status]\n")

    assert [(each.name, each.type, each.required) for each in listed.parameters] == [
        ("n", "int", False), ("v", "string", True),
    ]  # fmt: skip
    assert [(each.name, each.type, each.required, each.default) for each in mapped.parameters] == [
        ("n", "int", False, 3), ("v", "string", True, None), ("f", "string", False, None),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("parameter", "fault"),
    [
        ("{type: int, default: x}", "write a whole number"),
        ("{type: bool, default: maybe}", "write true or false"),
        ("{enum: [a, b], default: c}", "write one of a, b"),
        ("{type: int, max: 3, default: 4}", "write at most 3"),
        ("{pattern: '^v', default: x}", "write text that fits ^v"),
        ("{pattern: '('}", "mend it"),
        ("{type: strin}", "did you mean 'string'?"),
        ("{type: int, default: '12345678901234567890'}",
         "write a whole number of at most 18 digits"),
        ("{type: int, default: many}", "write a whole number"),
        ("{type: duration, default: soon}",
         "write seconds, as in 300, or a duration, as in 5m"),
    ],
)  # fmt: skip
def test_a_default_must_be_a_value_of_its_parameter(parameter: str, fault: str) -> None:
    """Told while the file is read."""
    text = f"name: x\nparameters: {{p: {parameter}}}\nsteps: [/status]\n"

    assert [one.help for one in load(text.encode(), "x.yml").diagnostics] == [fault]


def test_values_get_the_type_of_their_parameter() -> None:
    """From text as it is typed."""
    known = {
        each.name: each
        for each in tree(
            "name: x\nsteps: [/status]\nparameters: {i: {type: int}, n: {type: number},"
            " b: {type: bool}, d: {type: duration}, l: {type: list}, s: {type: service}}\n"
        ).parameters
    }
    given = {"i": "3", "n": "1.5", "b": "true", "d": "5m", "l": "a, b", "s": "api"}

    assert [typed(known[name], text) for name, text in given.items()] == [
        3, 1.5, True, 300.0, ("a", "b"), "api",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="write a name"):
        typed(known["s"], "a b")


@pytest.mark.parametrize(
    ("written", "wanted"),
    [(300, 300), ("300", 300), ("5m", 300), ("1h30m", 5400), ("1.5s", 1.5), ("500ms", 0.5),
     ("2d", 172800), ("5 m", 300), ("", None), ("5x", None), ("30m1h", None), ("5m5m", None),
     (-1, None), (True, None)],
)  # fmt: skip
def test_durations(written: float | str, wanted: float | None) -> None:
    """Seconds, or units from the largest to the smallest."""
    assert seconds(written) == wanted


def test_a_draft_is_marked_by_whoever_reads_it() -> None:
    """Not by the file."""
    playbook = load(b"name: x\nsteps: [/status]\n", "x.yml", draft=True).playbook

    assert playbook is not None
    assert playbook.draft


def test_the_digest_is_that_of_the_file() -> None:
    """What an approval is bound to."""
    one, two = (load(text, "x.yml").playbook for text in (b"steps: [/status]", b"steps: [/help]"))

    assert one is not None
    assert two is not None
    assert one.digest != two.digest
    assert len(one.digest) == 64


def test_what_stands_beside_a_short_form_is_not_ignored() -> None:
    """It would be read nowhere."""
    text = b"name: x\nsteps:\n  - wait: {until: 'true'}\n    command: /status\n"

    (fault,) = load(text, "x.yml").diagnostics

    assert (fault.code, fault.span.line, fault.span.column) == ("E018", 4, 5)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("name: ''\nsteps: [/status]\n", 1),
        ("name: x\nparameters:\n  - name: ''\n    default: 1\nsteps: [/status]\n", 3),
        ("name: x\nsteps:\n  - name: ''\n    command: /status\n", 3),
        ("name: x\nsteps:\n  - foreach: 50\n    as: n\n    steps: [/status]\n", 3),
        ("name: x\nsteps:\n  - items: true\n    as: n\n    steps: [/status]\n", 3),
    ],
)
def test_what_would_be_ignored_silently_is_told(text: str, line: int) -> None:
    """A name of nothing, and a loop over what is no list."""
    (fault,) = load(text.encode(), "x.yml").diagnostics

    assert (fault.code, fault.span.line) == ("E013", line)


def test_a_number_that_is_too_large_is_told() -> None:
    """Wherever a value may stand."""
    text = b"name: x\nsteps:\n  - set: {a: 99999999999999999999}\n"

    (fault,) = load(text, "x.yml").diagnostics

    assert (fault.code, fault.span.line, fault.span.column) == ("E014", 3, 14)


@pytest.mark.parametrize(
    "pattern",
    [
        "a{99999999999999}", "[[a]", "(" * 5000 + ")" * 5000, "(((a{1000}){1000}){1000}){1000}",
        "(?=a)a", r"(a)\1", "a)|(b",
    ],
)  # fmt: skip
def test_a_pattern_that_cannot_be_read_is_told(pattern: str) -> None:
    """Too large, broken, or with what would have to be tried again and again."""
    text = f"name: x\nparameters:\n  - name: a\n    pattern: '{pattern}'\nsteps: [/status]\n"

    (fault,) = load(text.encode(), "x.yml").diagnostics

    assert (fault.code, fault.span.line) == ("E014", 4)


@pytest.mark.parametrize(
    "pattern", ["(a+)+", "(a|a)*b", "a*a*a*a*a*a*a*a*a*a*b", "((a*)b?)*c", "(a|aa)+", "(a?){50}b"]
)
def test_no_pattern_makes_anybody_wait(pattern: str) -> None:
    """Neither the checker, for a default, nor a start, for what is typed."""
    text = "a" * 200 + "!"
    source = f"name: x\nparameters: [{{name: p, pattern: '{pattern}', default: '{text}'}}]\n"

    begun = time.process_time()
    loaded = load(f"{source}steps: [/status]\n".encode(), "x.yml")
    took = time.process_time() - begun

    assert [one.help for one in loaded.diagnostics] == [f"write text that fits {pattern}"]
    assert took < 1
