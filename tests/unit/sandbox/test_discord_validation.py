"""What Discord refuses is refused here too, with every fault where it is."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord.errors import Refused
from sandbox.discord.validation.commands import check_commands, text_length
from sandbox.discord.validation.messages import LAYOUT, check_message, check_not_empty
from sandbox.discord.validation.modals import check_modal


def codes(refused: Refused) -> set[str]:
    """Return the codes of every fault in a refusal."""

    def below(node: Any) -> set[str]:
        found = {fault["code"] for fault in node.get("_errors", ())}
        return found.union(*(below(child) for key, child in node.items() if key != "_errors"))

    return below(refused.extra.get("errors", {}))


def text(content: str = "x") -> dict[str, Any]:
    """Return a text block."""
    return {"type": 10, "content": content}


def button(custom_id: str = "a", **more: Any) -> dict[str, Any]:
    """Return a button."""
    return {"type": 2, "style": 1, "label": "Go", "custom_id": custom_id, **more}


def row(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return a row."""
    return {"type": 1, "components": list(parts)}


def select(count: int = 1, **more: Any) -> dict[str, Any]:
    """Return a menu with so many lines."""
    options = [{"label": str(number), "value": str(number)} for number in range(count)]
    return {"type": 3, "custom_id": "s", "options": options, **more}


def picture(url: str = "attachment://a.png") -> dict[str, Any]:
    """Return one picture of a gallery."""
    return {"media": {"url": url}}


def box(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return a container."""
    return {"type": 17, "components": list(parts)}


GOOD_LAYOUTS = [
    [text("x" * 4000)],
    [text() for _ in range(40)],
    [box(*(text() for _ in range(39)))],
    [row(*(button(str(number)) for number in range(5)))],
    [row(select(25))],
    [{"type": 12, "items": [picture()] * 10}],
    [{"type": 13, "file": {"url": "attachment://a.png"}}],
    [{"type": 9, "components": [text()] * 3, "accessory": button()}],
    [{"type": 9, "components": [text()], "accessory": {"type": 11, **picture()}}],
    [{"type": 14, "spacing": 2}, text()],
    [row({"type": 2, "style": 5, "label": "Dashboard", "url": "https://x.test"})],
]
BAD_LAYOUTS = [
    ([text("x" * 2001), box(text("x" * 2000))], "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED"),
    ([box(*(text() for _ in range(40)))], "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED"),
    (
        [{"type": 9, "components": [text()], "accessory": button(str(n))} for n in range(14)],
        "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED",
    ),
    ([row(*(button(str(number)) for number in range(6)))], "BASE_TYPE_BAD_LENGTH"),
    ([row(button("a"), button("a"))], "COMPONENT_CUSTOM_ID_DUPLICATED"),
    ([row(button("x" * 101))], "BASE_TYPE_MAX_LENGTH"),
    ([row(button(label="x" * 81))], "BASE_TYPE_MAX_LENGTH"),
    ([row(button(label=""))], "BUTTON_COMPONENT_NO_CONTENT"),
    ([row(button(url="https://x.test"))], "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE"),
    ([row({"type": 2, "style": 5, "label": "x"})], "BASE_TYPE_REQUIRED"),
    ([row(select(), button())], "COMPONENT_LAYOUT_WIDTH_EXCEEDED"),
    ([row(select(26))], "BASE_TYPE_BAD_LENGTH"),
    ([row(select(0))], "BASE_TYPE_BAD_LENGTH"),
    ([row(select(3, min_values=3, max_values=2))], "SELECT_MIN_VALUES_EXCEEDS_MAX"),
    ([{"type": 12, "items": [picture()] * 11}], "BASE_TYPE_BAD_LENGTH"),
    (
        [{"type": 12, "items": [picture("attachment://b.png")]}],
        "UNFURLED_MEDIA_ITEM_REFERENCED_ATTACHMENT_NOT_FOUND",
    ),
    ([{"type": 12, "items": [picture("ftp://x")]}], "URL_TYPE_INVALID_SCHEME"),
    ([{"type": 13, "file": {"url": "https://x.test/a"}}], "UNFURLED_MEDIA_ITEM_INVALID"),
    ([{"type": 9, "components": [text()] * 4, "accessory": button()}], "BASE_TYPE_BAD_LENGTH"),
    ([{"type": 9, "components": [text()]}], "BASE_TYPE_REQUIRED"),
    ([box(box(text()))], "BASE_TYPE_CHOICES"),
    ([button()], "BASE_TYPE_CHOICES"),
    ([box()], "BASE_TYPE_BAD_LENGTH"),
    ([text("")], "BASE_TYPE_BAD_LENGTH"),
    ([], "BASE_TYPE_BAD_LENGTH"),
    ([text(), {**text(), "id": 1}, {**text(), "id": 1}], "COMPONENT_ID_DUPLICATED"),
]


@pytest.mark.parametrize("components", GOOD_LAYOUTS)
def test_layouts_at_the_limit_pass(components: list[dict[str, Any]]) -> None:
    """The limits themselves are allowed."""
    check_message({"components": components}, {"a.png"}, flags=LAYOUT)


@pytest.mark.parametrize(("components", "code"), BAD_LAYOUTS)
def test_layouts_over_a_limit_are_refused(components: list[dict[str, Any]], code: str) -> None:
    """One over is refused with the platform's code."""
    with pytest.raises(Refused) as refused:
        check_message({"components": components}, {"a.png"}, flags=LAYOUT)

    assert (400, 50035) == (refused.value.status, refused.value.code)
    assert code in codes(refused.value)


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"content": "x" * 2001}, "BASE_TYPE_MAX_LENGTH"),
        ({"content": "x", "nonce": "n" * 26}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"title": "x"}] * 11}, "BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"title": "x" * 257}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 4097}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "MAX_EMBED_SIZE_EXCEEDED"),
        ({"embeds": [{"fields": [{"name": "n", "value": "v"}] * 26}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"fields": [{"name": "n", "value": ""}]}]}, "BASE_TYPE_BAD_LENGTH"),
        ({"embeds": [{"footer": {"text": "x" * 2049}}]}, "BASE_TYPE_MAX_LENGTH"),
        ({"content": "x", "components": [text()]}, "BASE_TYPE_CHOICES"),
        ({"content": "x", "components": [row(button())] * 6}, "BASE_TYPE_BAD_LENGTH"),
        ({"content": "x", "allowed_mentions": {"parse": ["all"]}}, "BASE_TYPE_CHOICES"),
        (
            {"content": "x", "allowed_mentions": {"parse": ["users"], "users": ["1"]}},
            "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
        ),
    ],
)
def test_old_messages_have_their_limits(body: dict[str, Any], code: str) -> None:
    """Text, embeds, rows and mentions."""
    with pytest.raises(Refused) as refused:
        check_message(body, set(), flags=0)

    assert code in codes(refused.value)


def test_layouts_exclude_text_and_embeds() -> None:
    """Both faults are named at once."""
    body = {"content": "x", "embeds": [{"title": "x"}], "components": [text()]}

    with pytest.raises(Refused) as refused:
        check_message(body, set(), flags=LAYOUT)

    assert {"content", "embeds"} == set(refused.value.extra["errors"])
    check_message({**body, "content": "", "embeds": []}, set(), flags=LAYOUT)


@pytest.mark.parametrize("body", [{}, {"content": ""}, {"components": [row(button())]}])
def test_empty_messages_are_refused(body: dict[str, Any]) -> None:
    """Buttons alone are not a message, a file alone is."""
    with pytest.raises(Refused) as refused:
        check_not_empty(body, has_files=False)

    assert 50006 == refused.value.code
    check_not_empty(body, has_files=True)


def option(name: str = "env", **more: Any) -> dict[str, Any]:
    """Return a text option."""
    return {"type": 3, "name": name, "description": "d", **more}


def command(*options: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a command."""
    return {"type": 1, "name": "deploy", "description": "d", "options": list(options), **more}


CHOICE = {"name": "a", "value": "a"}
GROUP = {"type": 2, "name": "g", "description": "d"}
SUB = {"type": 1, "name": "s", "description": "d"}


@pytest.mark.parametrize(
    ("commands", "code"),
    [
        ([command(name="Deploy")], "APPLICATION_COMMAND_INVALID_NAME"),
        ([command(name="de ploy")], "APPLICATION_COMMAND_INVALID_NAME"),
        ([command(name="x" * 33)], "BASE_TYPE_MAX_LENGTH"),
        ([command(description="")], "BASE_TYPE_BAD_LENGTH"),
        ([command(description="x" * 101)], "BASE_TYPE_MAX_LENGTH"),
        ([command(), command()], "APPLICATION_COMMANDS_DUPLICATE_NAME"),
        ([command(*(option(f"o{n}") for n in range(26)))], "BASE_TYPE_BAD_LENGTH"),
        ([command(option("a"), option("a"))], "APPLICATION_COMMAND_OPTIONS_NAME_ALREADY_EXISTS"),
        (
            [command(option("run", type=1), option("env"))],
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            [command(option("more", type=2, options=[option("env")]))],
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        ([command(*(option(f"v{n}", type=1) for n in range(26)))], "BASE_TYPE_BAD_LENGTH"),
        (
            [command(option("a"), option("b", required=True))],
            "APPLICATION_COMMAND_OPTIONS_REQUIRED_INVALID",
        ),
        (
            [command(option(choices=[{**CHOICE, "name": str(n)} for n in range(26)]))],
            "BASE_TYPE_BAD_LENGTH",
        ),
        (
            [command(option(choices=[CHOICE, CHOICE]))],
            "APPLICATION_COMMAND_OPTIONS_CHOICE_NAME_ALREADY_EXISTS",
        ),
        (
            [command(option(choices=[CHOICE], autocomplete=True))],
            "APPLICATION_COMMAND_OPTIONS_CHOICES_AUTOCOMPLETE",
        ),
        ([command(option(choices=[{"name": "a", "value": "x" * 101}]))], "BASE_TYPE_MAX_LENGTH"),
        ([command(option(type=12))], "BASE_TYPE_CHOICES"),
        ([command(option(min_value=1))], "APPLICATION_COMMAND_OPTIONS_MIN_MAX_INVALID"),
        ([command(SUB, option())], "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID"),
        (
            [command({**GROUP, "options": [{**GROUP, "options": [SUB]}]})],
            "APPLICATION_COMMAND_OPTIONS_TYPE_INVALID",
        ),
        (
            [
                command(
                    *(
                        option(
                            f"o{n}",
                            choices=[{"name": f"{c}" * 50, "value": "v" * 100} for c in "ab"],
                        )
                        for n in range(25)
                    )
                ),
                command(
                    *(
                        option(
                            f"o{n}", choices=[{"name": c * 90, "value": "v" * 100} for c in "ab"]
                        )
                        for n in range(25)
                    ),
                    name="large",
                ),
            ],
            "APPLICATION_COMMAND_TOO_LARGE",
        ),
    ],
)
def test_commands_over_a_limit_are_refused(commands: list[dict[str, Any]], code: str) -> None:
    """Each rule of registration answers with its code."""
    with pytest.raises(Refused) as refused:
        check_commands(commands)

    assert code in codes(refused.value)


def test_a_large_tree_within_the_limits_passes() -> None:
    """25 groups of 25 are fine, with required options first and choices at the bound."""
    leaf = {
        **SUB,
        "options": [
            option("a", required=True, choices=[{**CHOICE, "name": str(n)} for n in range(25)]),
            option("b", autocomplete=True),
        ],
    }
    tree = command({**GROUP, "options": [{**leaf, "name": f"s{n}"} for n in range(25)]}, SUB)

    check_commands([tree, {"type": 3, "name": "Explain with AI"}])

    assert text_length(tree) < 8000


def test_too_many_commands_are_refused_as_a_whole() -> None:
    """The 101st command has its own code."""
    with pytest.raises(Refused) as refused:
        check_commands([command(name=f"c{number}") for number in range(101)])

    assert 30032 == refused.value.code


def test_every_fault_of_one_body_is_listed() -> None:
    """Nobody has to fix one fault to learn of the next."""
    with pytest.raises(Refused) as refused:
        check_commands([command(name="A"), command(option(description=""), description="")])

    assert {"0", "1"} == set(refused.value.extra["errors"])
    assert {"description", "options"} == set(refused.value.extra["errors"]["1"])


def label(component: dict[str, Any]) -> dict[str, Any]:
    """Return a labelled field."""
    return {"type": 18, "label": "Why", "component": component}


FIELD = {"type": 4, "style": 1, "custom_id": "why"}


@pytest.mark.parametrize(
    ("modal", "code"),
    [
        ({"title": "x" * 46}, "BASE_TYPE_MAX_LENGTH"),
        ({"custom_id": "x" * 101}, "BASE_TYPE_MAX_LENGTH"),
        ({"components": []}, "BASE_TYPE_BAD_LENGTH"),
        (
            {"components": [label({**FIELD, "custom_id": str(n)}) for n in range(6)]},
            "BASE_TYPE_BAD_LENGTH",
        ),
        ({"components": [label(FIELD), label(FIELD)]}, "COMPONENT_CUSTOM_ID_DUPLICATED"),
        ({"components": [row(FIELD)]}, "BASE_TYPE_REQUIRED"),
        ({"components": [label({**FIELD, "max_length": 4001})]}, "NUMBER_TYPE_RANGE"),
        (
            {"components": [label({"type": 21, "custom_id": "r", "options": [CHOICE]})]},
            "BASE_TYPE_REQUIRED",
        ),
        ({"components": [label(button())]}, "BASE_TYPE_CHOICES"),
        ({"components": [button()]}, "BASE_TYPE_CHOICES"),
    ],
)
def test_forms_have_their_limits(modal: dict[str, Any], code: str) -> None:
    """Five parts, titles, labels and fields."""
    good = {"custom_id": "f", "title": "Why?", "components": [label(FIELD)]}
    check_modal(good)

    with pytest.raises(Refused) as refused:
        check_modal({**good, **modal})

    assert code in codes(refused.value)
