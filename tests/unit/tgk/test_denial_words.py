"""What somebody reads who may not, or who named what does not exist."""

from __future__ import annotations

from typing import Any

import pytest

from tgk.errors import Denied, Missing
from tgk.guard import Decision
from tgk.suggest import enumerated, nearest, nearest_version

TAGS = ("v1.4.1", "v1.4.0", "v1.3.1", "v1.3.0")


async def told(world: Any, line: str, person: str) -> str:
    """Return why and what to do, as the refusal says it."""
    data = (await world.run(line, person)).reply.data
    return f"{data['what']} {data['why']} {data['do']}".replace("  ", " ")


async def test_a_stranger_reads_first_that_they_have_no_role_and_whom_to_ask(world: Any) -> None:
    """No list of roles that mean nothing to them."""
    assert "/status was not done. You have no role here. Ask alex for a role." == await told(
        world, "/status", "oli"
    )


async def test_whoever_has_a_role_reads_which_one_is_needed_and_who_has_it(world: Any) -> None:
    """Short, and with the people."""
    assert (
        "/logs was not done. /logs in production needs admin, release_mgr or developer. "
        "You have: viewer. Ask one of alex, dana, devi." == await told(
            world, "/logs event-gateway", "vik"
        )
    )  # fmt: skip


def test_at_most_three_people_and_three_roles_are_named(world: Any) -> None:
    """Of a long list nobody reads the end."""
    command = world.registry["status"]
    names = tuple(f"n{number}" for number in range(9))
    decision = Decision(
        allowed=False, rule="no rule", roles_held=("viewer",), roles_needed=names, people=names
    )

    denied = world.dispatcher.admission.denial(
        command, command.parse({}), decision, world.caller("vik")
    )

    assert isinstance(denied, Denied)
    assert "/status needs n0, n1, n2 … and 6 more. You have: viewer." == denied.why
    assert "Ask one of n0, n1, n2." == denied.remedy


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("/status foo", 'There is no service "foo". Known: event-gateway, discord-ops-bot, '),
        ("/status --env prod", 'There is no environment "prod". Did you mean production?'),
        ("/status --env foo", 'There is no environment "foo". Known: development, staging, prod'),
        ("/deploy staging v9", 'There is no tag "v9". Newest: v1.4.1, v1.4.0, v1.3.1.'),
        ("/deploy staging v1.5.0", 'There is no tag "v1.5.0". Newest: v1.4.1, v1.4.0, v1.3.1.'),
        ("/deploy staging 1.4.0", 'There is no tag "1.4.0". Did you mean v1.4.0?'),
        ("/deploy staging v1.3", 'There is no tag "v1.3". Did you mean v1.3.1?'),
    ],
)  # fmt: skip
async def test_what_does_not_exist_is_answered_with_what_does(
    line: str, answer: str, world: Any
) -> None:
    """A suggestion only where it looks alike, else what there is."""
    world.pipelines.versions = TAGS

    assert (await told(world, line, "alex")).startswith(answer)


def test_a_long_list_of_known_names_is_cut() -> None:
    """Five names, and how many more."""
    names = [f"s{number}" for number in range(17)]

    assert "Known: s0, s1, s2, s3, s4 … and 12 more." == Missing("s", "x", known=names).remedy
    assert "" == Missing("s", "x").remedy


@pytest.mark.parametrize(
    ("typed", "alike"),
    [("prod", ("production",)), ("PROD", ("production",)), ("stagign", ("staging",)),
     ("p", ()), ("", ()), ("foo", ())],
)  # fmt: skip
def test_the_beginning_of_a_name_counts_as_alike(typed: str, alike: tuple[str, ...]) -> None:
    """One letter is no beginning yet."""
    assert alike == nearest(typed, ["development", "staging", "production"])


def test_versions_are_only_alike_with_the_same_digits() -> None:
    """Another number is another version; a letter too much is a slip."""
    assert ("v1.4.1",) == nearest_version("vv1.4.1", TAGS)
    assert () == nearest_version("v2.4.1", TAGS)


def test_names_in_a_row_end_as_asked() -> None:
    """One, two, three and too many."""
    assert ["", "a", "a or b", "a, b or c", "a, b, c … and 1 more"] == [
        enumerated("abcd"[:length], 3, last=" or ") for length in range(5)
    ]


def test_words_that_share_three_letters_by_chance_are_not_alike() -> None:
    """Whoever asks for one that there is not, is not sent to another."""
    assert () == nearest("nosuch", ["anch", "nightly"])
    assert () == nearest("alert", ["scale", "status"])
    assert ("deploy",) == nearest("depoly", ["deploy", "scale"])
