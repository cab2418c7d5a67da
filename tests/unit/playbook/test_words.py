"""A command line is split first, bound second and filled last: values never become options."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import Field

from orchestration.playbook.binding import bind, command_of, fill
from orchestration.playbook.expression import UNKNOWN
from orchestration.playbook.origin import Span
from orchestration.playbook.words import read_line
from tests.unit.playbook.checking import REGISTRY
from tgk.command import command
from tgk.context import Context  # noqa: TC001 - the command decorator reads it
from tgk.errors import InvalidRequest
from tgk.options import Request
from tgk.registry import Registry
from tgk.reply import Reply  # noqa: TC001 - the command decorator reads it

if TYPE_CHECKING:
    from orchestration.playbook.command_line import CommandLine

ENDS = ("", " --force", "\n/infra rollback --immediate", ";rm -rf /", '" --fast "', "' --x '",
        "${run.id}", "$${x}", "`id`", " | tee", "\\", '\\"', "--", "\x00", "\u202e", "=y",
        " --component=web")  # fmt: skip


def line(text: str) -> CommandLine:
    """Return a line that can be read."""
    found, diagnostics = read_line(text, Span(1, 1, len(text)))
    assert diagnostics == ()
    assert found is not None
    return found


def faults(text: str) -> list[str]:
    """Return what reading and binding have against a line, with the marked characters."""
    found, diagnostics = read_line(text, Span(1, 1, len(text)))
    more = bind(found, REGISTRY) if found else ()
    return [
        f"{one.code} {text[one.span.column - 1 :][: one.span.length]}"
        for one in (*diagnostics, *more)
    ]


@settings(max_examples=1000, deadline=None)
@given(st.text(max_size=40), st.sampled_from(ENDS), st.text(max_size=10))
def test_no_value_changes_which_options_are_given(one: str, two: str, three: str) -> None:
    """It arrives as it is, or is refused; it is never a second word."""
    hostile = one + two + three
    template = line("/infra deploy --component backend --version ${version}")

    try:
        raw = fill(template, {"version": hostile}, REGISTRY)
    except InvalidRequest:
        return

    assert raw == {"component": "backend", "version": hostile}


@pytest.mark.parametrize(
    "hostile", ["v1 --force", "v1\n/infra rollback --immediate", "--force", "1.0;rm -rf /", "a b"]
)
def test_a_hostile_version_is_one_value_that_the_command_refuses(hostile: str) -> None:
    """By its own types."""
    template = line("/infra deploy --version ${version}")

    with pytest.raises(InvalidRequest):
        REGISTRY["infra deploy"].parse(fill(template, {"version": hostile}, REGISTRY))


def test_flags_values_and_places_are_told_apart_by_the_registry() -> None:
    """A word behind a flag is no value of it."""
    raw = fill(line("/infra scale --canary 10 --percentage=${share}"), {"share": 5}, REGISTRY)

    assert raw == {"canary": True, "instances": "10", "percentage": "5"}


def test_quotes_keep_words_together_and_are_no_part_of_them() -> None:
    """Text around a value belongs to it."""
    text = line("""/notify team --message "it's ${name}: \\"up\\"" --severity='high'""")

    raw = fill(text, {"name": "api"}, REGISTRY)

    assert (raw["message"], raw["severity"]) == ('it\'s api: "up"', "high")


@pytest.mark.parametrize(
    ("text", "message", "severity"),
    [
        ("--message hi-${name} --severity high", "hi-api", "high"),
        ("--message disk of  '${name}' full --severity=high", "disk of  'api' full", "high"),
        ("--severity high --message it is ${name}", "it is api", "high"),
        ("high ops it is ${name ? 'a --b' : 'c'}", "it is a --b", "high"),
        ('high ops "--severity" is ${name}', '"--severity" is api', "high"),
        ("high ops -- why --severity low", "why --severity low", "high"),
        ("--message --severity=high", None, None),
    ],
)
def test_free_text_ends_where_the_next_option_begins(
    text: str, message: str | None, severity: str | None
) -> None:
    """By name and by position, as where people type; quotes and expressions stay whole."""
    found = line(f"/notify team {text}")

    if message is None:
        assert faults(f"/notify team {text}") == ["E044 --message"]
        return
    raw = fill(found, {"name": "api" if "?" not in text else True}, REGISTRY)

    assert bind(found, REGISTRY) == ()
    assert (raw["message"], raw["severity"]) == (message, severity)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("--message hi --sevrity high", "E041 --sevrity"),
        ("--message ${version} --sevrity=high", "E041 --sevrity"),
        ("high ops hi --loudly", "E041 --loudly"),
        ("high ops hi --severity low", "E043 --severity low"),
        ("--message hi --severity hihg", "E042 hihg"),
        ("--message done -- all well --severity high", "E048 --severity"),
        ('--message "hi" --severity high ops more words --team x', "E043 --team x"),
    ],
)
def test_an_option_behind_free_text_is_never_lost_in_it(text: str, told: str) -> None:
    """The checker tells a slip, and no such line is filled in."""
    assert told in faults(f"/notify team {text}")
    found, _ = read_line(f"/notify team {text}", Span(1, 1, 90))
    assert found is not None
    if told.startswith("E042"):
        with pytest.raises(InvalidRequest):
            REGISTRY["notify team"].parse(fill(found, {"version": "v"}, REGISTRY))
        return
    with pytest.raises(InvalidRequest):
        fill(found, {"version": "v"}, REGISTRY)


def test_space_in_an_expression_does_not_split_a_word() -> None:
    """Nor do the quotes in it end one."""
    text = line("""/infra deploy --version ${ready ? "v 1" : 'v2'}""")

    assert fill(text, {"ready": False}, REGISTRY) == {"version": "v2"}


def test_a_name_is_the_longest_that_a_line_begins_with() -> None:
    """Its second word may be a value instead."""
    deploy, status = (
        command_of(line("/infra deploy x"), REGISTRY),
        command_of(line("/status production"), REGISTRY),
    )

    assert deploy is not None
    assert status is not None
    assert (deploy.name, status.name) == ("infra deploy", "status")
    assert "production" in fill(line("/status production"), {}, REGISTRY).values()


def test_null_is_left_out_and_what_is_not_known_stays_unknown() -> None:
    """Absent is not empty."""
    text = line("/infra deploy --version ${version} --component ${component}")

    raw = fill(text, {"version": None, "component": UNKNOWN}, REGISTRY)

    assert raw == {"component": UNKNOWN}


class Say(Request):
    """Say something."""

    loud: bool = Field(default=False, description="in capitals")
    to: str = Field(default="all", description="whom")


async def _say(request: Say, context: Context) -> Reply:
    raise NotImplementedError


def test_a_flag_takes_a_boolean_and_its_opposite() -> None:
    """Computed or written."""
    registry = Registry([command("say", permission="say")(_say)])

    assert fill(line("/say --loud=${x}"), {"x": True}, registry) == {"loud": True}
    assert fill(line("/say --no-loud"), {}, registry) == {"loud": False}
    assert fill(line("/say -- --loud"), {}, registry) == {"to": "--loud"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/infra deploy --fast | tee x", ["E045 |"]),
        ("/infra deploy --version v1;reboot", ["E045 ;"]),
        ("/infra deploy --version $(id)", ["E045 $"]),
        ("/infra deploy --version 'v1", ["E048 'v1"]),
        ("/infra deploy --version ${v", ["E030 ${"]),
        ("/infra deploy --${option} x", ["E046 --${option}"]),
        ("/infra ${verb} --fast", ["E040 /infra"]),
        ("/${name}", ["E046 /${name}"]),
        ("/infra deploi --fast", ["E040 /infra deploi"]),
        ("/infra deploy --compnent api", ["E041 --compnent"]),
        ("/infra deploy --fast --fast", ["E043 --fast"]),
        ("/infra deploy --version", ["E044 --version"]),
        ("/infra deploy --percentage 101", ["E042 101"]),
        ("/infra deploy --percentage ${p} --percentage 5", ["E043 --percentage 5"]),
        ("/infra failover", ["E044 /infra failover"]),
        ("/alert x", ["E040 /alert"]),
        ("", ["E012 "]),
    ],
)
def test_a_fault_of_a_line_is_marked(text: str, expected: list[str]) -> None:
    """At check time, before anything ran."""
    assert faults(text) == expected


@pytest.mark.parametrize(
    ("text", "edits", "help_"),
    [
        ("/infra rollback --imediate", [(21, "--immediate")], "did you mean '--immediate'?"),
        ("/infra rolback --immediate", [], "did you mean '/infra rollback'?"),
        ("/infr rollback", [], "did you mean '/infra rollback'?"),
    ],
)
def test_which_command_runs_is_never_certain(
    text: str, edits: list[tuple[int, str]], help_: str
) -> None:
    """The name of an option can be mended; that of a command is only suggested."""
    found, _ = read_line(text, Span(7, 5, len(text)))
    assert found is not None

    told = bind(found, REGISTRY)

    assert [(edit.span.column, edit.text) for one in told for edit in one.fix] == edits
    assert [one.help for one in told] == [help_]


def test_a_place_that_a_line_leaves_open_is_where_the_run_is_aimed() -> None:
    """What the line says itself stands, and a run without an aim leaves it to the command."""
    aimed = {"run": {"environment": "staging"}, "nothing": None}

    assert fill(line("/monitor health"), aimed, REGISTRY) == {"environment": "staging"}
    said = fill(line("/monitor health --environment production"), aimed, REGISTRY)
    assert said == {"environment": "production"}
    absent = fill(line("/monitor health --environment ${nothing}"), aimed, REGISTRY)
    assert absent == {"environment": "staging"}
    assert fill(line("/monitor health"), {"run": {"environment": ""}}, REGISTRY) == {}
    assert fill(line("/whoami"), aimed, REGISTRY) == {}


@pytest.mark.parametrize("verb", ["run smoke", "resume current"])
def test_a_step_that_would_wait_for_another_run_is_led_to_what_plays_inside(verb: str) -> None:
    """It would hold the place that the other run waits for."""
    text = f"/orchestrate {verb}"
    found, _ = read_line(text, Span(1, 1, len(text)))
    assert found is not None

    (one,) = bind(found, REGISTRY)

    assert one.code == "E040"
    assert "'playbook: NAME'" in one.help
    assert one.fix == ()
