"""Typed command lines."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.orchestrate.run import run
from tgk.errors import InvalidRequest, Refused, UnknownCommand
from tgk.options import Option
from tgk.typed import bind, parse_line, tokenise, value_line

NAMES = ("status", "logs", "ask", "orchestrate run", "orchestrate pause", "lock", "notify team")


def text(name: str, *, required: bool = False, rest: bool = False, file: bool = False) -> Option:
    """Return a text option."""
    return Option(name, "text", name, required, rest=rest, file=file)


FLAG = Option("dry_run", "boolean", "only plan", required=False, default=False)
LOGS = (text("service", required=True), Option("tail", "integer", "lines", required=False))


def bound(line: str, *options: Option) -> dict[str, object]:
    """Parse and bind one line."""
    return bind(parse_line(line, NAMES)[1], options)


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [
        ("/logs api 50", "logs", ["api", "50"]),
        ("logs", "logs", []),
        ("  /LOGS@tgk_council_bot  api ", "logs", ["api"]),
        ("/orchestrate run --playbook x", "orchestrate run", ["--playbook", "x"]),
        ("/orchestrate_run x", "orchestrate run", ["x"]),
        ("/orchestrate pause", "orchestrate pause", []),
    ],
)
def test_the_longest_command_name_wins(line: str, name: str, words: list[str]) -> None:
    """Slash, bot name, case and underscores do not matter; what follows stays in order."""
    found, tokens = parse_line(line, NAMES)

    assert (name, words) == (found, [token.text for token in tokens])


@pytest.mark.parametrize(
    ("line", "near"), [("/lgos x", "logs"), ("/orchestrate rn", "orchestrate run")]
)
def test_an_unknown_name_gets_a_suggestion(line: str, near: str) -> None:
    """A typing mistake is answered with the name that was meant."""
    with pytest.raises(UnknownCommand) as caught:
        parse_line(line, NAMES)

    assert near == caught.value.near[0]


def test_an_empty_line_is_refused() -> None:
    """A slash alone is no command."""
    with pytest.raises(Refused, match="No command"):
        parse_line(" / ", NAMES)


@pytest.mark.parametrize(
    "line", ["/logs api 50", "/logs api --tail 50", "/logs --tail=50 api", "/logs —tail 50 api",
             "/logs --service api 50", "/logs --tail='50' \"api\""]
)  # fmt: skip
def test_position_and_name_mean_the_same(line: str) -> None:
    """Every usual way to write two options binds them alike, as text."""
    assert bound(line, *LOGS) == {"service": "api", "tail": "50"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("--dry-run", True),
        ("--dry_run", True),
        ("--no-dry-run", False),
        ("--dry-run=false", "false"),
    ],
)
def test_flags_are_booleans_without_a_position(line: str, value: object) -> None:
    """A flag takes no word from its neighbours."""
    assert {"dry_run": value, "service": "api"} == bound(f"/logs {line} api", FLAG, *LOGS)


@pytest.mark.parametrize("value", ["--dry-run", "--tail=1", "--", "-x", "—tail", "a --dry-run b"])
def test_a_quoted_value_never_becomes_an_option(value: str) -> None:
    """Whatever stands in quotes is a value, by position and by name."""
    assert {"service": value} == bound(f'/logs "{value}"', *LOGS, FLAG)
    assert {"service": value} == bound(f"/logs --service '{value}'", *LOGS, FLAG)
    assert {"service": value} == bound(f'/logs --service="{value}"', *LOGS, FLAG)


def test_two_hyphens_end_the_options() -> None:
    """After a lone pair of hyphens everything is a value."""
    assert bound("/logs -- --tail 5", *LOGS) == {"service": "--tail", "tail": "5"}


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ('/ask What\'s  up with --tail "50"?', 'What\'s  up with --tail "50"?'),
        ("/ask 'tis fine\n  two lines", "'tis fine\n  two lines"),
        ('/ask "all of it"', "all of it"),
        ('/ask "one" and "two"', '"one" and "two"'),
        ("/ask --query so be it", "so be it"),
    ],
)
def test_free_text_is_taken_as_typed(line: str, value: str) -> None:
    """The rest keeps apostrophes, quotes, options and line breaks."""
    assert {"query": value} == bound(line, text("query", rest=True))


NOTICE = (text("severity"), text("team"), text("message", rest=True), FLAG)


@pytest.mark.parametrize(
    ("line", "raw"),
    [
        ("--message disk full --severity high", {"message": "disk full", "severity": "high"}),
        ("--message hi —severity=high", {"message": "hi", "severity": "high"}),
        ("high ops disk full --dry-run", {"message": "disk full", "team": "ops", "dry_run": True}),
        ("high ops say 'a --b' now --dry-run", {"message": "say 'a --b' now", "dry_run": True}),
        ("--message done -- all well --severity high", {"message": "done -- all well"}),
        ("high ops -- why --tail fails", {"message": "why --tail fails"}),
        ("high ops rock 'n roll", {"message": "rock 'n roll"}),
    ],
)
def test_free_text_ends_where_the_next_option_begins(line: str, raw: dict[str, object]) -> None:
    """By name and by position; what is in quotes, or behind a lone pair of hyphens, is text."""
    assert raw.items() <= bound(f"/notify team {line}", *NOTICE).items()


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("--message hi --sevrity high", "no such option; did you mean --severity?"),
        ("--message hi --loudly", "no such option; put text that has it in quotes"),
        ("--message hi --severity low --message ho", "message: given twice"),
        ("--message rock 'n roll --severity high", "message: the quote is not closed"),
        ("high ops hi --severity low", "severity: given twice"),
        ("--message hi --severity", "a value must follow --severity"),
    ],
)
def test_an_option_behind_free_text_is_never_lost_in_it(line: str, said: str) -> None:
    """A slip is told instead of being taken for text."""
    with pytest.raises(InvalidRequest) as caught:
        bound(f"/notify team {line}", *NOTICE)

    assert said in str(caught.value)


def test_the_text_of_a_file_goes_on_to_the_end() -> None:
    """A playbook has options of its own within."""
    options = (text("name"), text("text", rest=True, file=True))

    raw = bound("/orchestrate run a --text run: /status --deep\n---", *options)

    assert raw == {"name": "a", "text": "run: /status --deep\n---"}


def test_named_free_text_in_quotes_ends_with_the_quote() -> None:
    """Options may follow a quoted reason."""
    options = (text("workflow"), text("reason", rest=True), FLAG)

    raw = bound('/orchestrate pause --workflow W1 --reason "by hand" --dry-run', *options)

    assert raw == {"workflow": "W1", "reason": "by hand", "dry_run": True}


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("/logs api 5 6", 'arguments: "6" is one too many'),
        ("/logs --tial 5", "--tial: there is no such option; did you mean --tail?"),
        ("/logs --tail", "tail: a value must follow --tail"),
        ("/logs --tail --dry-run", "tail: a value must follow --tail"),
        ("/logs api --service b", "service: given twice"),
        ('/logs "api', "service: the quote is not closed"),
        ('/logs --service="api', "service: the quote is not closed"),
    ],
)
def test_a_word_that_fits_nowhere_is_named(line: str, said: str) -> None:
    """The fault says which word and the usage says what would fit."""
    with pytest.raises(InvalidRequest) as caught:
        bound(line, *LOGS, FLAG)

    assert said in str(caught.value)
    assert "Usage: /logs <service> [tail]" in str(caught.value)


def test_all_faults_are_named_at_once() -> None:
    """One answer lists everything there is to mend."""
    with pytest.raises(InvalidRequest) as caught:
        bound("/logs --x --y a b c", *LOGS)

    assert [fault.name for fault in caught.value.faults] == ["--x", "--y", "arguments"]


@given(st.text(max_size=300))
def test_no_line_breaks_the_parser(line: str) -> None:
    """Any text ends in arguments or in a refusal that people can read."""
    try:
        raw = bound(line, *LOGS, FLAG)
    except Refused as refused:
        raw = {"service": str(refused)}

    assert set(raw) <= {"service", "tail", "dry_run"}


@given(st.dictionaries(st.sampled_from(["service", "tail", "text"]), st.text(), max_size=3))
def test_a_written_line_reads_back(raw: dict[str, str]) -> None:
    """What is shown for copying binds to the same values."""
    options = (*LOGS, text("text"))

    assert raw == bound(value_line("logs", raw), *options)


@given(st.text(max_size=200))
def test_words_lie_in_order_in_their_source(line: str) -> None:
    """Tokens never overlap, and nothing but white space lies between them."""
    ends = [0, *(token.end for token in tokenise(line))]
    starts = [*(token.start for token in tokenise(line)), len(line)]

    assert all(not line[end:start].strip() for end, start in zip(ends, starts, strict=True))


def test_what_looks_like_a_pair_is_one_where_pairs_are_taken() -> None:
    """Without the option's name, and beside it; a quoted one is a value like any other."""
    options = run.options
    _, tokens = parse_line('orchestrate run canary a=1 staging --parameters b=2 c="x y"',
                           ["orchestrate run"])  # fmt: skip
    _, quoted = parse_line('orchestrate run "a=1"', ["orchestrate run"])

    assert bind(tokens, options) == {
        "playbook": "canary", "environment": "staging", "parameters": "a=1\nb=2\nc=x y",
    }  # fmt: skip
    assert bind(quoted, options) == {"playbook": "a=1"}
