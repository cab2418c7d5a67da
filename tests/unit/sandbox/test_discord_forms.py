"""Typed options and filled-in forms are checked as a client checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox.clock import WallClock
from sandbox.discord.forms import fill_form
from sandbox.discord.options import ClientRefused, build_data, menu_data
from sandbox.discord.state import GLOBAL, DiscordState

if TYPE_CHECKING:
    from sandbox.cast import Cast

LINES = [{"label": "A", "value": "a", "default": True}, {"label": "B", "value": "b"}]
FORM: dict[str, Any] = {
    "custom_id": "form",
    "title": "Form",
    "components": [
        {"type": 10, "content": "Read this"},
        {"type": 1, "components": [{"type": 4, "custom_id": "old", "required": False}]},
        {"type": 18, "component": {"type": 4, "custom_id": "text", "min_length": 2}},
        {"type": 18, "component": {"type": 21, "custom_id": "radio", "options": LINES}},
        {"type": 18, "component": {"type": 22, "custom_id": "boxes", "options": LINES}},
        {"type": 18, "component": {"type": 23, "custom_id": "flag"}},
        {"type": 18, "component": {"type": 5, "custom_id": "who", "required": False}},
    ],
}
OPTIONS = [
    {"type": 3, "name": "text", "description": "d", "min_length": 2, "max_length": 3},
    {"type": 4, "name": "count", "description": "d", "min_value": 1, "max_value": 9},
    {"type": 10, "name": "share", "description": "d"},
    {"type": 5, "name": "dry", "description": "d"},
    {"type": 6, "name": "who", "description": "d"},
    {"type": 7, "name": "where", "description": "d"},
    {"type": 8, "name": "role", "description": "d"},
    {"type": 11, "name": "file", "description": "d"},
]


def values(data: dict[str, Any]) -> dict[str, Any]:
    """Return what was filled in, by custom id."""
    fields = [
        part.get("component") or part.get("components", [None])[0] for part in data["components"]
    ]
    return {
        field["custom_id"]: field.get("value", field.get("values")) for field in fields if field
    }


def test_a_form_is_sent_with_what_was_filled_in_and_the_defaults() -> None:
    """Radio and boxes keep their marked lines, an optional text is empty."""
    filled = values(fill_form(FORM, {"text": "because", "flag": True, "who": ["1"]}))

    assert {
        "old": "",
        "text": "because",
        "radio": "a",
        "boxes": ["a"],
        "flag": True,
        "who": ["1"],
    } == filled


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"text": "x"},
        {"text": "xx", "radio": "c"},
        {"text": "xx", "boxes": ["a", "z"]},
        {"text": "xx", "more": "x"},
    ],
)
def test_a_form_with_wrong_or_missing_fields_is_not_sent(given: dict[str, Any]) -> None:
    """The client keeps the form open."""
    with pytest.raises(ClientRefused):
        fill_form(FORM, given)


@pytest.fixture
async def state(cast: Cast) -> DiscordState:
    """A guild with a command of every option type, a sub-command, and one for admins."""
    state = DiscordState(cast, WallClock(), privileged=False)
    sub = {"type": 1, "name": "run", "description": "d", "options": OPTIONS[:1]}
    group = {"type": 2, "name": "sub", "description": "d", "options": [sub]}
    state.commands[GLOBAL] = [
        {"id": "1", "name": "all", "type": 1, "options": OPTIONS},
        {"id": "2", "name": "orchestrate", "type": 1, "options": [sub, group]},
        {"id": "3", "name": "admin", "type": 1, "default_member_permissions": "8"},
    ]
    return state


async def test_options_are_sent_typed_and_resolved(state: DiscordState, cast: Cast) -> None:
    """People, channels and roles are looked up by the names that are read."""
    given = {
        "text": "abc",
        "count": "3",
        "share": "0.5",
        "dry": "true",
        "who": "dana",
        "where": "#prs",
        "role": "@Admin",
    }

    data = build_data(state, cast.person("vik").discord, "all", given)

    sent = [option["value"] for option in data["options"]]
    dana, prs, admin = "300000000000000002", "400000000000000001", "200000000000000001"
    assert ["abc", 3, 0.5, True, dana, prs, admin] == sent
    assert {"users", "members", "channels", "roles"} == set(data["resolved"])


async def test_what_is_typed_for_a_file_is_attached_as_one(state: DiscordState, cast: Cast) -> None:
    """It can be fetched like any other."""
    data = build_data(state, cast.person("vik").discord, "all", {"file": "a\nb"})

    number = data["options"][0]["value"]
    attached = data["resolved"]["attachments"][number]
    assert (attached["filename"], attached["size"]) == ("file.txt", 3)
    assert state.files[number].content == b"a\nb"


@pytest.mark.parametrize(
    "given",
    [
        {"text": "abcd"},
        {"count": 10},
        {"count": "many"},
        {"who": "nobody"},
        {"where": "#nowhere"},
        {"role": "Nobody"},
    ],
)
async def test_options_that_do_not_fit_are_not_sent(
    state: DiscordState, cast: Cast, given: dict[str, Any]
) -> None:
    """Bounds, numbers and names."""
    with pytest.raises(ClientRefused):
        build_data(state, cast.person("vik").discord, "all", given)


async def test_sub_commands_are_found_by_their_path(state: DiscordState, cast: Cast) -> None:
    """The path is nested around the options; half a path is no command."""
    vik = cast.person("vik").discord

    data = build_data(state, vik, "orchestrate sub run", {"text": "abc"})

    group = data["options"][0]
    assert ("sub", "run", "abc") == (
        group["name"],
        group["options"][0]["name"],
        group["options"][0]["options"][0]["value"],
    )
    for half in ("orchestrate", "orchestrate sub", "orchestrate sub walk", "orchestrate run text"):
        with pytest.raises(LookupError):
            build_data(state, vik, half, {})


async def test_commands_for_admins_are_hidden_from_others(state: DiscordState, cast: Cast) -> None:
    """The default permissions of a registration decide who sees it."""
    assert "admin" == build_data(state, cast.person("alex").discord, "admin", {})["name"]
    with pytest.raises(LookupError):
        build_data(state, cast.person("vik").discord, "admin", {})
    with pytest.raises(LookupError):
        menu_data(state, cast.person("vik").discord, "Rights", "dana")
