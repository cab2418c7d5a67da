"""Every body that we send fits a second, independent table of both platforms' limits."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.discord.validation.components import walk
from sandbox.wire import Exchange, Upload
from tests.contract.limits import discord_faults, telegram_faults
from tests.journeys.hostile_world import hostile_world

NEW = 1 << 15
QUIET: dict[str, Any] = {"allowed_mentions": {"parse": []}}
WORDS = {"type": 10, "content": "words"}
BUTTON = {"type": 2, "style": 1, "label": "Go", "custom_id": "tgk:a:aaaaaaaaaa"}


def posted(path: str, body: dict[str, Any], *files: Upload) -> Exchange:
    """Return a request as the emulators keep it."""
    return Exchange(0.0, "POST", path, body, 200, {}, files)


def message(*components: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return a message of new components that pings nobody."""
    return {"flags": NEW, "components": list(components), **QUIET, **more}


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    """Return a row."""
    return {"type": 1, "components": list(buttons)}


def box(*parts: dict[str, Any]) -> dict[str, Any]:
    """Return a container."""
    return {"type": 17, "components": list(parts)}


def numbered(count: int) -> list[dict[str, Any]]:
    """Return buttons of different ids."""
    return [{**BUTTON, "custom_id": f"b{number}"} for number in range(count)]


BAD_MESSAGES: dict[str, dict[str, Any]] = {
    "mentions not said": {**message(WORDS), "allowed_mentions": None},
    "everyone": message(WORDS, allowed_mentions={"parse": ["everyone"]}),
    "roles": message(WORDS, allowed_mentions={"parse": [], "roles": ["200000000000000001"]}),
    "41 components": message(*[box(*[WORDS] * 9) for _ in range(5)]),
    "4001 characters": message({**WORDS, "content": "x" * 2001}, {**WORDS, "content": "x" * 2000}),
    "emoji count twice": message({**WORDS, "content": "🔥" * 2001}),
    "container in container": message(box(box(WORDS))),
    "button at the top": message(BUTTON),
    "empty container": message(box()),
    "six buttons": message(row(*numbered(6))),
    "same id twice": message(row(BUTTON, BUTTON)),
    "long custom_id": message(row({**BUTTON, "custom_id": "x" * 101})),
    "long label": message(row({**BUTTON, "label": "x" * 81})),
    "link with id": message(row({**BUTTON, "style": 5, "url": "https://a.example"})),
    "link to a script": message(row({"type": 2, "style": 5, "label": "x", "url": "javascript:1"})),
    "content beside components": message(WORDS, content="hello"),
    "components without flag": {**message(WORDS), "flags": 0},
    "unknown attachment": message({"type": 13, "file": {"url": "attachment://a.log"}}),
    "a turned line": message({**WORDS, "content": "a\u202eb"}),
    "NUL": message({**WORDS, "content": "a\x00b"}),
    "long content": {"content": "x" * 2001, **QUIET},
    "nothing": dict(QUIET),
}


def test_a_plain_message_has_no_fault() -> None:
    """The twin of all refusals below."""
    fine = message(box(WORDS, row(BUTTON), {"type": 13, "file": {"url": "attachment://a.log"}}))

    assert discord_faults(posted("/channels/1/messages", fine, Upload("a.log", b"x"))) == []


@pytest.mark.parametrize("body", BAD_MESSAGES.values(), ids=BAD_MESSAGES)
def test_a_bad_message_is_found_wherever_it_is_sent(body: dict[str, Any]) -> None:
    """Posted, edited, as a first answer and as a follow-up."""
    assert discord_faults(posted("/channels/1/messages", body))
    assert discord_faults(posted("/channels/1/messages/2", body))
    assert discord_faults(posted("/webhooks/1/token", body))
    assert discord_faults(posted("/interactions/1/t/callback", {"type": 4, "data": body}))


FORM = {"title": "t", "custom_id": "c", "components": []}
BAD_ANSWERS: dict[str, dict[str, Any]] = {
    "unknown type": {"type": 3},
    "26 choices": {"type": 8, "data": {"choices": [{"name": "a", "value": "a"}] * 26}},
    "long choice": {"type": 8, "data": {"choices": [{"name": "a" * 101, "value": "a"}]}},
    "long title": {"type": 9, "data": {**FORM, "title": "t" * 46}},
    "empty form": {"type": 9, "data": FORM},
    "six fields": {"type": 9, "data": {**FORM, "components": [row({"type": 4})] * 6}},
}


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_to_an_interaction_is_found(body: dict[str, Any]) -> None:
    """Choices and forms have limits of their own."""
    assert discord_faults(posted("/interactions/1/t/callback", body))


def option(**more: Any) -> dict[str, Any]:
    """Return an option."""
    return {"type": 3, "name": "tag", "description": "which", **more}


BAD_COMMANDS: dict[str, dict[str, Any]] = {
    "upper case": {"name": "Deploy"},
    "long name": {"name": "d" * 33},
    "no description": {"description": ""},
    "long description": {"description": "d" * 101},
    "26 options": {"options": [option(name=f"o{n}") for n in range(26)]},
    "required last": {"options": [option(), option(name="env", required=True)]},
    "choices and completion": {
        "options": [option(choices=[{"name": "a", "value": "a"}], autocomplete=True)]
    },
    "8001 characters": {"options": [
        option(name=f"o{n}", choices=[{"name": "n" * 100, "value": "v" * 100}] * 25)
        for n in range(2)
    ]},
}  # fmt: skip


@pytest.mark.parametrize("fault", BAD_COMMANDS.values(), ids=BAD_COMMANDS)
def test_a_bad_registration_is_found(fault: dict[str, Any]) -> None:
    """Whole lists are registered at once."""
    command = {"name": "deploy", "description": "Deploy a tag", "options": [option()]}
    path = "/applications/1/guilds/2/commands"

    assert discord_faults(posted(path, {"list": [command]})) == []
    assert discord_faults(posted(path, {"list": [{**command, **fault}]}))


SENT = {"text": "<b>fine</b> &lt;", "parse_mode": "HTML", "chat_id": "1",
        "link_preview_options": '{"is_disabled": true}'}  # fmt: skip


def keys(*buttons: dict[str, Any]) -> dict[str, Any]:
    """Return a keyboard of one row."""
    return {"reply_markup": {"inline_keyboard": [list(buttons)]}}


BAD_SENT: dict[str, dict[str, Any]] = {
    "raw bracket": {"text": "a < b"},
    "raw ampersand": {"text": "a & b"},
    "unknown tag": {"text": "<script>x</script>"},
    "open tag": {"text": "<b>x"},
    "crossed tags": {"text": "<b><i>x</b></i>"},
    "4097 units": {"text": "<b>" + "x" * 4097 + "</b>"},
    "emoji count twice": {"text": "🔥" * 2049},
    "empty": {"text": "<b> </b>"},
    "another markup": {"parse_mode": "MarkdownV2"},
    "preview": {"link_preview_options": "{}"},
    "a turned line": {"text": "a\u202eb"},
    "long token": keys({"text": "x", "callback_data": "é" * 33}),
    "no token": keys({"text": "x", "callback_data": ""}),
    "two things": keys({"text": "x", "callback_data": "a", "url": "https://a.example"}),
    "no label": keys({"text": " ", "callback_data": "a"}),
    "nine in a row": keys(*[{"text": "x", "callback_data": "a"}] * 9),
}


@pytest.mark.parametrize("fault", BAD_SENT.values(), ids=BAD_SENT)
def test_a_bad_telegram_message_is_found(fault: dict[str, Any]) -> None:
    """Sent or edited."""
    assert telegram_faults(posted("/sendMessage", SENT)) == []
    assert telegram_faults(posted("/sendMessage", {**SENT, **fault}))
    assert telegram_faults(posted("/editMessageText", {**SENT, **fault}))


async def test_every_command_on_both_platforms_sends_only_sound_bodies() -> None:
    """Asked as somebody who may, read from what the platforms were really sent."""
    lines = {
        "status": {"service": "event-gateway"}, "logs": {"service": "event-gateway", "tail": 500},
        "ask": {"query": "how do I roll back valoryield-engine?"}, "help": {}, "whoami": {},
        "lock": {"env": "staging", "reason": "maintenance"}, "unlock": {"env": "staging"},
        "approvals": {}, "scale": {"service": "event-gateway", "replicas": 3},
        "deploy": {"env": "production", "tag": "v1.4.0"}, "approve": {"approval": "aaaaaaaaaa"},
        "deny": {"approval": "aaaaaaaaaa", "reason": "no"},
        "infra scale": {"instances": 3}, "infra decommission": {"environment": "staging"},
        "test run": {"suite": "smoke"}, "backup create": {"name": "before"}, "backup list": {},
        "monitor health": {}, "monitor metrics": {}, "security scan": {},
        "notify team": {"severity": "low"}, "orchestrate library": {}, "orchestrate status": {},
        "orchestrate validate": {"playbook": "deploy-web-app", "simulate": True},
        "orchestrate create": {"name": "mine", "interactive": True},
        "orchestrate build": {"playbook": "mine", "add": "wait", "what": "5m"},
        "orchestrate run": {
            "playbook": "deploy-web-app", "parameters": "version=v1.4.0", "dry_run": True,
        },
        "orchestrate schedule": {"playbook": "daily-backup", "cron": "0 2 * * *"},
        "orchestrate import": {"name": "other", "text": "name: other"},
    }  # fmt: skip
    async with hostile_world() as world:
        registered = {command["name"] for command in world.stage.discord.commands()}
        assert registered == {name.partition(" ")[0] for name in lines}
        for name, options in lines.items():
            await world.slash("alex", name, options)
            values = " ".join(str(value) for value in options.values())
            await world.type("alex", f"/{name} {values}".strip())
        await world.settled()

        world.assert_sound()
        discord, telegram = world.stage.discord.requests, world.stage.telegram.requests
        kinds = {e.body.get("type") for e in discord.of("/callback")}
        assert {4, 5} <= kinds
        assert discord.of("/commands")
        assert discord.of("@original", "PATCH")
        assert telegram.of("/sendMessage")
        assert telegram.of("/setMyCommands")
        shown = world.stage.discord.messages("#agents", "alex")
        assert any(part["type"] == 2 for each in shown for part in walk(each.components))
