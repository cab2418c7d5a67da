"""REST calls and clocks of Discord that a well-behaved library never shows."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.discord import ClientRefused, DiscordEmulator
from tests.unit.sandbox.clients import CARD, DEPLOYMENTS, LAYOUT, Wire

if TYPE_CHECKING:
    from tgk.testing.clock import FakeClock


async def typed(emulator: DiscordEmulator, wire: Wire) -> Any:
    """Register a command and type it; nobody answers yet."""
    commands = f"/applications/{emulator.cast.application}/guilds/{emulator.cast.guild}/commands"
    await wire("PUT", commands, [{"name": "status", "description": "d"}])
    return await emulator.slash("dana", "#prs", "status")


def callback(record: Any) -> str:
    """Return where an interaction is answered."""
    return f"/interactions/{record.id}/{record.token}/callback"


def webhook(emulator: DiscordEmulator, record: Any, ending: str = "") -> str:
    """Return where an interaction is followed up."""
    return f"/webhooks/{emulator.cast.application}/{record.token}{ending}"


async def test_the_three_second_clock_runs(
    still: DiscordEmulator, wire: Wire, frozen: FakeClock
) -> None:
    """At three seconds it is still known, after that not."""
    early, late = await typed(still, wire), await typed(still, wire)
    await frozen.advance(3)
    assert 204 == (await wire("POST", callback(early), {"type": 5}))[0]
    await frozen.advance(0.1)

    status, body = await wire("POST", callback(late), {"type": 5})

    assert (404, 10062) == (status, body["code"])


async def test_the_token_lives_fifteen_minutes(
    still: DiscordEmulator, wire: Wire, frozen: FakeClock
) -> None:
    """Then the card can only be edited through its channel."""
    record = await typed(still, wire)
    await wire("POST", callback(record), {"type": 4, "data": {"content": "one"}})
    await frozen.advance(15 * 60)
    original = webhook(still, record, "/messages/@original")
    assert 200 == (await wire("PATCH", original, {"content": "two"}))[0]
    await frozen.advance(1)

    status, body = await wire("PATCH", original, {"content": "three"})
    through_channel = await wire(
        "PATCH", f"/channels/{record.channel}/messages/{record.original}", {"content": "three"}
    )

    assert (401, 50027) == (status, body["code"])
    assert 200 == through_channel[0]


async def test_a_second_or_wrong_answer_is_refused(still: DiscordEmulator, wire: Wire) -> None:
    """40060 for the second, 50035 for a type that does not fit; a refused body leaves it open."""
    record = await typed(still, wire)

    wrong = await wire("POST", callback(record), {"type": 7, "data": {"content": "x"}})
    long = await wire("POST", callback(record), {"type": 4, "data": {"content": "x" * 2001}})
    early = await wire("POST", webhook(still, record), {"content": "x"})
    good = await wire(
        "POST", callback(record) + "?with_response=1", {"type": 4, "data": {"content": "x"}}
    )
    second = await wire("POST", callback(record), {"type": 4, "data": {"content": "x"}})
    stranger = await wire("POST", f"/interactions/{record.id}/other/callback", {"type": 5})

    answers = (wrong, long, early, good, second, stranger)
    assert [400, 400, 404, 200, 400, 404] == [status for status, _ in answers]
    assert [50035, 50035, 10015, 40060, 10062] == [
        body["code"] for _, body in (wrong, long, early, second, stranger)
    ]
    assert "x" == good[1]["resource"]["message"]["content"]
    assert ["x"] == [message.content for message in still.messages("#prs")]


async def test_a_private_answer_is_out_of_the_channels_reach(
    still: DiscordEmulator, wire: Wire
) -> None:
    """Only the token reaches an ephemeral message, and it stays private after the thinking."""
    record = await typed(still, wire)
    await wire("POST", callback(record), {"type": 5, "data": {"flags": 64}})
    assert record.is_deferred

    await wire("POST", webhook(still, record), {"content": "psst"})

    path = f"/channels/{record.channel}/messages/{record.original}"
    assert 10008 == (await wire("GET", path))[1]["code"]
    assert [] == (await wire("GET", f"/channels/{record.channel}/messages"))[1]
    assert ["psst"] == [message.content for message in still.messages("#prs", "dana")]
    await wire("DELETE", webhook(still, record, "/messages/@original"))
    assert [] == still.messages("#prs", "dana")


async def test_a_layout_stays_a_layout(still: DiscordEmulator, wire: Wire) -> None:
    """Text cannot come back, and 4001 characters are refused on edits too."""
    _, sent = await wire("POST", DEPLOYMENTS, {"flags": LAYOUT, "components": [CARD]})
    path = f"{DEPLOYMENTS}/{sent['id']}"

    refused = await wire("PATCH", path, {"content": "text"})
    too_long = {**CARD, "content": "x" * 4001}
    over = await wire("PATCH", path, {"components": [too_long]})
    fine = await wire("PATCH", path, {"components": [{**CARD, "content": "y"}]})

    assert [400, 400, 200] == [refused[0], over[0], fine[0]]
    assert LAYOUT == fine[1]["flags"]
    assert "y" == fine[1]["components"][0]["content"]


async def test_refusals_have_the_platforms_shapes(still: DiscordEmulator, wire: Wire) -> None:
    """Codes for what is missing, foreign or malformed."""
    foreign = await still.say("dana", "#deployments", "hello")
    calls = [
        ("GET", "/channels/1", None, 404, 10003),
        ("GET", f"{DEPLOYMENTS}/1", None, 404, 10008),
        ("PATCH", f"{DEPLOYMENTS}/{foreign.id}", {"content": "x"}, 403, 50005),
        ("DELETE", f"{DEPLOYMENTS}/{foreign.id}", None, 403, 50013),
        ("POST", DEPLOYMENTS, {}, 400, 50006),
        ("POST", DEPLOYMENTS, [], 400, 50109),
        ("POST", DEPLOYMENTS, {"content": "x", "flags": "loud"}, 400, 50035),
        ("GET", "/guilds/1", None, 403, 50001),
        ("GET", f"/guilds/{still.cast.guild}/members/1", None, 404, 10007),
        ("PUT", "/applications/1/commands", [], 403, 20012),
        ("PUT", f"/applications/{still.cast.application}/commands", {}, 400, 50035),
        ("GET", "/nowhere", None, 404, 0),
        (
            "POST",
            DEPLOYMENTS,
            {"content": "x", "message_reference": {"message_id": "1"}},
            400,
            50035,
        ),
    ]

    for method, path, body, status, code in calls:
        answered, refusal = await wire(method, path, body)
        assert (status, code) == (answered, refusal["code"]), (method, path)


async def test_the_channel_bucket_fills_and_drains(
    still: DiscordEmulator, wire: Wire, frozen: FakeClock
) -> None:
    """Five posts in five seconds; the sixth learns when to come back."""
    for number in range(5):
        await wire("POST", DEPLOYMENTS, {"content": str(number)})

    async with wire.session.post(
        f"{wire.address}/api/v10{DEPLOYMENTS}", json={"content": "six"}
    ) as refused:
        body = await refused.json()
    await frozen.advance(5)

    assert (429, 5.0, False) == (refused.status, body["retry_after"], body["global"])
    assert {"Via", "Retry-After", "X-RateLimit-Bucket"} <= set(refused.headers)
    assert "application/json" == refused.headers["Content-Type"]
    assert 200 == (await wire("POST", DEPLOYMENTS, {"content": "six"}))[0]


async def test_faults_are_what_they_say(
    still: DiscordEmulator, wire: Wire, frozen: FakeClock
) -> None:
    """Down is 503, a storm is global, a failure is undone, a lost answer is done."""
    still.faults.down()
    assert 503 == (await wire("POST", DEPLOYMENTS, {"content": "down"}))[0]
    still.faults.clear()
    still.faults.storm(9)
    assert (429, True) == (await storm(wire))
    await frozen.advance(9)
    still.faults.fail("/messages", 500)
    assert 500 == (await wire("POST", DEPLOYMENTS, {"content": "failed"}))[0]
    still.faults.drop_connection_after_handling("/messages")
    with pytest.raises(aiohttp.ClientError):
        await wire("POST", DEPLOYMENTS, {"content": "lost"})

    assert ["lost"] == [message.content for message in still.messages("#deployments")]
    assert {"down": False, "slow": 0.0, "storm": 0.0, "lost": 0} == still.faults.describe()


async def storm(wire: Wire) -> tuple[int, bool]:
    """Return status and reach of the next refusal."""
    status, body = await wire("GET", "/users/@me")
    return status, body["global"]


async def test_private_chats_and_threads_open(still: DiscordEmulator, wire: Wire) -> None:
    """A private chat is opened once; an archived thread takes nothing."""
    dana = still.cast.person("dana").discord
    _, first = await wire("POST", "/users/@me/channels", {"recipient_id": dana})
    _, second = await wire("POST", "/users/@me/channels", {"recipient_id": dana})
    _, thread = await wire("POST", DEPLOYMENTS.replace("messages", "threads"), {"name": "log"})
    await wire("PATCH", f"/channels/{thread['id']}", {"archived": True})

    assert first["id"] == second["id"] == still.private_chat("dana").id
    posted = await wire("POST", f"/channels/{first['id']}/messages", {"content": "hello"})
    assert 200 == posted[0]
    refused = await wire("POST", f"/channels/{thread['id']}/messages", {"content": "x"})
    assert 50083 == refused[1]["code"]


async def test_the_guild_can_be_read(still: DiscordEmulator, wire: Wire) -> None:
    """Guild, channels, roles, members, accounts, application and the way to the gateway."""
    guild, dana = f"/guilds/{still.cast.guild}", still.cast.person("dana").discord

    read_back = {
        path: (await wire("GET", path))[1]
        for path in (guild, f"{guild}/channels", f"{guild}/roles", f"{guild}/members?limit=3")
    }
    _, member = await wire("GET", f"{guild}/members/{dana}")
    _, user = await wire("GET", f"/users/{dana}")
    _, gateway = await wire("GET", "/gateway/bot")
    _, place = await wire("GET", "/channels/400000000000000002")
    commands = f"/applications/{still.cast.application}/commands"

    assert still.cast.guild_name == read_back[guild]["name"]
    assert [6, 5, 3] == [len(found) for path, found in read_back.items() if path != guild]
    assert (["200000000000000002"], "Dana") == (member["roles"], user["global_name"])
    assert f"{wire.address.replace('http', 'ws')}/gateway" == gateway["url"]
    assert "deployments" == place["name"]
    assert [] == (await wire("GET", commands))[1]
    assert 204 == (await wire("POST", "/channels/400000000000000002/typing"))[0]


async def test_answers_can_be_read_edited_and_removed(still: DiscordEmulator, wire: Wire) -> None:
    """Follow-ups belong to their interaction and to no other."""
    record, other = await typed(still, wire), await typed(still, wire)
    for each in (record, other):
        await wire("POST", callback(each), {"type": 4, "data": {"content": "one"}})
    _, second = await wire("POST", webhook(still, record), {"content": "two"})

    own = webhook(still, record, f"/messages/{second['id']}")
    foreign = webhook(still, other, f"/messages/{second['id']}")
    assert "two" == (await wire("GET", own))[1]["content"]
    assert 10008 == (await wire("PATCH", foreign, {"content": "x"}))[1]["code"]
    assert 204 == (await wire("DELETE", own))[0]
    assert 10008 == (await wire("GET", own))[1]["code"]
    assert (
        10015
        == (await wire("POST", f"/webhooks/{still.cast.application}/x", {"content": "x"}))[1][
            "code"
        ]
    )


async def test_a_press_can_be_answered_by_changing_the_card(
    still: DiscordEmulator, wire: Wire
) -> None:
    """Type 6 shows nothing and lets the token edit the card; a disabled button does nothing."""
    press = {"type": 2, "style": 1, "label": "Go", "custom_id": "go"}
    dead = {**press, "custom_id": "dead", "disabled": True}
    components = [{"type": 1, "components": [press, dead]}]
    _, card = await wire("POST", DEPLOYMENTS, {"content": "card", "components": components})
    record = await still.press("vik", card["id"], "go")

    await wire("POST", callback(record), {"type": 6})
    await wire("PATCH", webhook(still, record, "/messages/@original"), {"content": "pressed"})

    assert "pressed" == still.message(card["id"]).content
    assert record.finished.is_set()
    with pytest.raises(ClientRefused):
        await still.press("vik", card["id"], "dead")
    with pytest.raises(LookupError):
        await still.submit_modal("vik", record.id, {})


async def test_marks_come_and_go(still: DiscordEmulator, wire: Wire) -> None:
    """A reaction is a real emoji and can be taken back."""
    _, sent = await wire("POST", DEPLOYMENTS, {"content": "x"})
    mark = f"{DEPLOYMENTS}/{sent['id']}/reactions/%F0%9F%91%80/@me"

    assert 204 == (await wire("PUT", mark))[0]
    assert {"👀": {still.cast.application}} == dict(still.message(sent["id"]).reactions)
    assert 204 == (await wire("DELETE", mark))[0]
    assert [] == still.wire(still.message(sent["id"]))["reactions"]
    assert 10014 == (await wire("PUT", mark.replace("%F0%9F%91%80", "eyes")))[1]["code"]


async def test_files_are_served_and_kept_through_edits(still: DiscordEmulator, wire: Wire) -> None:
    """An edit that lists no file drops it; an unknown one is refused."""
    form = aiohttp.FormData()
    form.add_field("payload_json", json.dumps({"attachments": [{"id": 0, "description": "log"}]}))
    form.add_field("files[0]", b"lines", filename="run.log", content_type="text/plain")
    async with wire.session.post(f"{wire.address}/api/v10{DEPLOYMENTS}", data=form) as answer:
        sent = await answer.json()
    path, attachment = f"{DEPLOYMENTS}/{sent['id']}", sent["attachments"][0]
    async with wire.session.get(attachment["url"]) as answer:
        served_back = (await answer.read(), answer.headers["Content-Security-Policy"])

    kept = await wire("PATCH", path, {"attachments": [{"id": attachment["id"]}]})
    unknown = await wire("PATCH", path, {"attachments": [{"id": "99999"}], "content": "x"})
    dropped = await wire("PATCH", path, {"attachments": [], "content": "gone"})

    assert (b"lines", "sandbox") == served_back
    assert "log" == attachment["description"]
    assert 1 == len(kept[1]["attachments"])
    assert 10045 == unknown[1]["code"]
    assert [] == dropped[1]["attachments"]
    async with wire.session.get(attachment["url"] + "x") as answer:
        assert 404 == answer.status
