"""Commands of two words: a family and a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from tgk.command import Command, command
from tgk.context import Context
from tgk.errors import InvalidRequest, UnknownCommand, VerbWanted
from tgk.families import listing
from tgk.options import Pairs, Request
from tgk.pairs import read_pairs, written_pairs
from tgk.registry import MisnamedCommand, Registry
from tgk.reply import Reply
from tgk.typed import bind, parse_line, value_line

if TYPE_CHECKING:
    from collections.abc import Mapping


class Ship(Request):
    """Bring a component out."""

    component: str = Field(description="which one")
    version: str | None = Field(default=None, description="which version")
    from_step: str = Field(default="", description="where to begin")
    parameters: Pairs = Field(default={}, description="more")
    dry_run: bool = Field(default=False, description="only plan")


@command("infra deploy", effect="change")
async def deploy(request: Ship, context: Context) -> Reply:
    """Do nothing."""
    raise NotImplementedError


async def _nothing(request: Any, context: Context) -> Reply:
    raise NotImplementedError


def named(name: str, **more: Any) -> Command[Any]:
    """Return a command of this name."""
    return Command(name=name, request=Ship, handle=_nothing, permission="/x", **more)


REGISTRY = Registry(
    [deploy, named("infra scale"), named("orchestrate run", default_verb=True),
     named("orchestrate pause"), named("status")]
)  # fmt: skip
NAMES = tuple(entry.name for entry in REGISTRY)


def parsed(line: str) -> tuple[str, list[str]]:
    """Return the command of a line and the words behind it."""
    name, tokens = parse_line(line, NAMES, REGISTRY.defaults)
    return name, [token.text for token in tokens]


def test_a_family_command_knows_its_words_and_its_permission() -> None:
    """Unless said otherwise the permission is the family, and the verb is the action."""
    target = deploy.target(deploy.parse({"component": "api"}), "#ops")

    assert (deploy.family, deploy.verb) == ("infra", "deploy")
    assert deploy.permission == "/infra"
    assert deploy.grantable == ("/infra", "/infra deploy")
    assert (target.action, target.channel) == ("deploy", "#ops")


def test_a_plain_command_has_neither_family_nor_action() -> None:
    """What a policy knows of it stays as it was."""
    plain = named("status")

    assert (plain.family, plain.verb, plain.grantable) == ("", "", ("/x",))
    assert plain.target(plain.parse({"component": "a"}), "-").action == "-"


def test_the_usage_shows_places_flags_and_pairs_as_they_are_typed() -> None:
    """Hyphens stand for underscores, and what has no position shows its name."""
    assert deploy.usage == (
        "/infra deploy <component> [version] [from-step] [--parameters key=value] [--dry-run]"
    )


def test_the_name_of_a_family_alone_may_mean_a_command() -> None:
    """Where one of its verbs is declared as what is meant."""
    assert REGISTRY.defaults == {"orchestrate": "orchestrate run"}


@pytest.mark.parametrize(
    ("names", "why"),
    [
        ((named("infra"), named("infra deploy")), "is a command and a family"),
        ((named("a b c"),), "not one lower-case word or two"),
        ((named("Infra deploy"),), "not one lower-case word or two"),
        ((named("infra  deploy"),), "not one lower-case word or two"),
        ((named("a b", default_verb=True), named("a c", default_verb=True)), "mean two commands"),
        ((named("a", default_verb=True),), "has no verb"),
    ],
)
def test_names_that_cannot_stand_are_refused(names: tuple[Command[Any], ...], why: str) -> None:
    """At start, as a fault of the program."""
    with pytest.raises(MisnamedCommand, match=why):
        Registry(names)


@pytest.mark.parametrize(
    ("line", "name", "words"),
    [
        ("/infra deploy --component api", "infra deploy", ["--component", "api"]),
        ("/infra_deploy api", "infra deploy", ["api"]),
        ("/infra@tgk_council_bot deploy api", "infra deploy", ["api"]),
        ("/orchestrate --playbook x", "orchestrate run", ["--playbook", "x"]),
        ("/orchestrate “two words”", "orchestrate run", ["two words"]),
        ("/orchestrate", "orchestrate run", []),
        ("/orchestrate pause current", "orchestrate pause", ["current"]),
    ],
)
def test_lines_name_a_family_and_its_verb(line: str, name: str, words: list[str]) -> None:
    """With a space or an underscore; without a verb the default one is meant."""
    assert parsed(line) == (name, words)


@pytest.mark.parametrize(
    ("line", "near", "remedy"),
    [
        ("/infra deply --x 1", ("infra deploy",), "Did you mean /infra deploy?"),
        ("/orchestrate puase now", ("orchestrate pause",), "Did you mean /orchestrate pause?"),
        ("/orchestrate web-app", (), "See /help orchestrate."),
        ("/infra", (), "See /help infra."),
        ("/infra --component api", (), "See /help infra."),
    ],
)
def test_a_family_asks_for_a_verb(line: str, near: tuple[str, ...], remedy: str) -> None:
    """A bare word is a verb, never a value of the default one: a typing mistake starts nothing."""
    with pytest.raises(VerbWanted) as caught:
        parsed(line)

    assert caught.value.near == near
    assert caught.value.remedy == remedy
    assert f"/{caught.value.family} can" in caught.value.why


@pytest.mark.parametrize(
    ("line", "near"),
    [("/infr deply", "infra deploy"), ("/infr", "infra"), ("/scale api", "infra scale"),
     ("/statsu api", "status")],
)  # fmt: skip
def test_a_misspelt_family_is_found_with_its_verb(line: str, near: str) -> None:
    """So is a verb without its family."""
    with pytest.raises(UnknownCommand) as caught:
        parsed(line)

    assert caught.value.near[0] == near


def test_the_registry_finds_verbs_that_look_alike() -> None:
    """Surfaces that send a name that went away get the nearest one."""
    with pytest.raises(UnknownCommand) as caught:
        REGISTRY["infra deply"]

    assert caught.value.near == ("infra deploy",)


def test_pairs_are_repeated_or_written_in_one_text() -> None:
    """Both give the same mapping; a mapping of a button is taken as it is."""
    told = [
        "/infra deploy api --parameters a=1 --parameters 'b=two words' --dry-run",
        """/infra deploy api --dry-run --parameters 'a=1 b="two words"'""",
    ]
    raws: list[Mapping[str, object]] = [bind(parse_line(t, NAMES)[1], deploy.options) for t in told]
    again = deploy.parse(raws[0]).model_dump()
    raws.append(again)

    for raw in raws:
        request = deploy.parse(raw)
        assert request.parameters == {"a": "1", "b": "two words"}
        assert request.dry_run is True


@pytest.mark.parametrize(
    ("text", "fault"), [("version", "is not key=value"), ("a=1 a=2", "given twice")]
)
def test_what_is_no_pair_is_refused_in_words(text: str, fault: str) -> None:
    """The option is named."""
    with pytest.raises(InvalidRequest, match=f"parameters: .*{fault}"):
        deploy.parse({"component": "api", "parameters": text})


@given(st.dictionaries(st.from_regex(r"[a-z_][a-z0-9_.-]{0,8}", fullmatch=True), st.text()))
def test_written_pairs_are_read_back(pairs: dict[str, str]) -> None:
    """Whatever the values hold."""
    assert read_pairs(written_pairs(pairs)) == pairs


def test_a_shown_line_is_read_back() -> None:
    """What is offered for copying means the same when it is typed."""
    line = value_line("infra deploy", {"component": "api", "from_step": "b c", "dry_run": True})
    name, tokens = parse_line(line, NAMES)

    assert line == '/infra deploy --component=api --from-step="b c" --dry-run'
    assert name == "infra deploy"
    assert bind(tokens, deploy.options) == {
        "component": "api", "from_step": "b c", "dry_run": True,
    }  # fmt: skip


def test_a_long_row_of_verbs_is_cut_between_two() -> None:
    """What a platform shows of a family fits."""
    assert listing(["deploy", "scale"], 100) == "deploy, scale"
    assert listing(["deploy", "scale", "switch"], 18) == "deploy, scale, …"
