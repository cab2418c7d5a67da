"""The board's way to Discord: over a simulated guild, and over the wire where it fails."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import discord
import pytest
import simcord
from aiohttp import web
from pydantic import SecretStr

from integrations.discord.address import move
from integrations.discord.courier import DiscordCourier, RestClient, mark, nonce
from integrations.discord.presenter import Presenter
from tgk.discovery import Discovery
from tgk.errors import Rejected, Unavailable, Upstream
from tgk.ports.board import Place
from tgk.reply import Action, Reply, Text
from tgk.testing.buttons import FakeButtons
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DANA = "300000000000000002"


class Accounts:
    """A directory that only knows dana."""

    def resolve(self, *_: Any, **__: Any) -> Any:
        """Nobody asks."""
        raise AssertionError

    def account(self, person: str, platform: Any) -> str | None:
        """Return dana's account."""
        return DANA if person == "dana" else None


class Borrowed(RestClient):
    """A connection that somebody else opened."""

    def __init__(self, client: discord.Client) -> None:
        super().__init__(SecretStr("unused"))
        self._client = client


def estate(channel: int) -> Discovery:
    """Describe one channel."""
    return Discovery.model_validate(
        {
            "org": {"name": "Test"},
            "discord": {"guild": "100000000000000001", "channels": {"#alerts": str(channel)}},
            "environments": {"production": {}},
            "services": {"api": {"kubernetes": {"deployment": "api"}}},
            "commands": {"status": {}},
        }
    )


def reply(title: str, **more: Any) -> Reply:
    """Return a small reply."""
    return Reply(topic="alert", title=title, tone="bad", **more)


def courier(rest: RestClient, channel: int) -> DiscordCourier:
    """Return a courier that can mint buttons."""
    presenter = Presenter(buttons=FakeButtons(FakeClock()), directory=Accounts())
    return DiscordCourier(rest, estate(channel), presenter)


@pytest.fixture
async def sim() -> AsyncIterator[simcord.Env]:
    """Return a simulated Discord with a logged-in client."""
    intents = discord.Intents.none()
    intents.guilds = True
    env = simcord.Env(discord.Client(intents=intents))
    await env.start()
    yield env
    await env.shutdown()


@pytest.fixture
def channel(sim: simcord.Env) -> Any:
    """Return the channel the courier knows as #alerts."""
    return sim.create_guild().create_text_channel("alerts")


PLACE = Place(platform="discord", room="#alerts")


async def test_a_message_arrives_in_the_named_channel(sim: simcord.Env, channel: Any) -> None:
    """The name of discovery.yml leads to the channel; buttons carry tokens; nobody is pinged."""
    carrying = courier(Borrowed(sim.bot), channel.id)

    ref = await carrying.send(
        PLACE, reply("@everyone", actions=(Action(label="Ack", command="ack"),)), key="k", loud=True
    )

    sent = channel.last_message
    body = next(each.json for each in sim.http_requests if each.method == "POST")
    assert (ref.channel, ref.message) == (str(channel.id), str(sent.id))
    assert body["allowed_mentions"]["parse"] == []
    assert (body["nonce"], body["enforce_nonce"]) == (nonce("k"), True)


async def test_a_person_named_by_the_reply_is_notified(sim: simcord.Env, channel: Any) -> None:
    """Only members with an account, and only those."""
    carrying = courier(Borrowed(sim.bot), channel.id)

    await carrying.send(PLACE, reply("x", mentions=("dana", "oli")), key="k", loud=True)

    body = next(each.json for each in sim.http_requests if each.method == "POST")
    assert body["allowed_mentions"]["users"] == [int(DANA)]
    assert body["components"][0]["content"] == f"<@{DANA}>"


async def test_a_quiet_message_does_not_notify(sim: simcord.Env, channel: Any) -> None:
    """``loud`` decides the platform's silent flag."""
    carrying = courier(Borrowed(sim.bot), channel.id)

    await carrying.send(PLACE, reply("x"), key="a", loud=False)
    await carrying.send(PLACE, reply("x"), key="b", loud=True)

    flags = [each.json["flags"] for each in sim.http_requests if each.method == "POST"]
    assert [bool(each & 4096) for each in flags] == [True, False]


async def test_an_edit_replaces_what_is_shown(sim: simcord.Env, channel: Any) -> None:
    """Text and files are those of the newest reply; a deleted message is no error."""
    carrying = courier(Borrowed(sim.bot), channel.id)
    ref = await carrying.send(PLACE, reply("before"), key="k", loud=True)

    await carrying.edit(ref, reply("after"))
    edited = str(channel.last_message.components[0].to_dict())
    await carrying.edit(ref.model_copy(update={"message": "1456074443980899999"}), reply("gone"))

    assert "after" in edited
    assert "before" not in edited


async def test_a_message_whose_sending_was_cut_off_is_found(sim: simcord.Env, channel: Any) -> None:
    """The mark inside the message tells it from others, after the one known before."""
    carrying = courier(Borrowed(sim.bot), channel.id)
    first = await carrying.send(PLACE, reply("same"), key="one", loud=True)
    second = await carrying.send(PLACE, reply("same"), key="two", loud=True)

    assert await carrying.find(PLACE, reply("same"), key="two", after=first) == second
    assert await carrying.find(PLACE, reply("same"), key="one", after=None) == first
    assert await carrying.find(PLACE, reply("same"), key="three", after=None) is None


async def test_an_answer_refers_to_its_message(sim: simcord.Env, channel: Any) -> None:
    """``reply_to`` becomes a reference that does not fail when the message is gone."""
    carrying = courier(Borrowed(sim.bot), channel.id)
    first = await carrying.send(PLACE, reply("x"), key="one", loud=True)

    answer = PLACE.model_copy(update={"reply_to": first.message})
    await carrying.send(answer, reply("y"), key="two", loud=True)

    body = [each.json for each in sim.http_requests if each.method == "POST"][-1]
    assert body["message_reference"]["message_id"] == int(first.message)
    assert body["message_reference"]["fail_if_not_exists"] is False


async def test_a_channel_nobody_configured_is_rejected(sim: simcord.Env, channel: Any) -> None:
    """The operator reads which line is missing."""
    place = Place(platform="discord", room="#nowhere")

    with pytest.raises(Rejected, match=r"under discord[.]channels"):
        await courier(Borrowed(sim.bot), channel.id).send(place, reply("x"), key="k", loud=True)


async def test_a_channel_we_may_not_use_names_the_permission(
    sim: simcord.Env, channel: Any
) -> None:
    """Another try would not help, a permission would."""
    unknown = Place(platform="discord", room="400000000000000099")

    with pytest.raises(Rejected) as caught:
        await courier(Borrowed(sim.bot), channel.id).send(unknown, reply("x"), key="k", loud=True)

    assert caught.value.status == 404
    assert "discovery.yml" in caught.value.remedy


def test_keys_become_short_and_distinct() -> None:
    """A nonce has at most 25 characters, a mark fits a component's id."""
    assert len(nonce("x" * 500)) <= 25
    assert nonce("a") != nonce("b")
    assert 0 < mark("a") < 2**31
    assert mark("a") != mark("b")


@pytest.fixture
async def wire() -> AsyncIterator[dict[str, Any]]:
    """Return a loopback Discord that answers messages as told."""
    told: dict[str, Any] = {"status": 200, "body": {}, "headers": {}}

    def answer(status: int, body: Any, headers: Any = None) -> web.Response:
        import json

        return web.Response(
            status=status, body=json.dumps(body), headers={"Content-Type": "application/json",
                                                           "Via": "1.1 x", **(headers or {})},
        )  # fmt: skip

    async def me(request: web.Request) -> web.Response:
        return answer(told.get("login", 200), {"id": "500000000000000001", "username": "tgk",
                      "discriminator": "0", "avatar": None, "bot": True, "flags": 0})  # fmt: skip

    async def application(request: web.Request) -> web.Response:
        owner = {"id": "1", "username": "o", "discriminator": "0", "avatar": None}
        flags = {"bot_public": True, "bot_require_code_grant": False, "flags": 0}
        words = {"name": "tgk", "description": "", "summary": "", "verify_key": "", "icon": None}
        return answer(200, {"id": "500000000000000001", "owner": owner, **flags, **words})

    async def message(request: web.Request) -> web.Response:
        return answer(told["status"], told["body"], told["headers"])

    app = web.Application()
    app.router.add_get("/api/v10/users/@me", me)
    app.router.add_get("/api/v10/oauth2/applications/@me", application)
    app.router.add_route("*", "/api/v10/channels/{rest:.*}", message)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    before = discord.http.Route.BASE
    told["port"] = runner.addresses[0][1]
    move(f"http://127.0.0.1:{told['port']}")
    told["stop"] = runner.cleanup
    yield told
    discord.http.Route.BASE = before
    await runner.cleanup()


@pytest.mark.parametrize(
    ("status", "body", "kind", "said"),
    [
        (403, {"code": 50013, "message": "Missing Permissions"}, Rejected, "Send Messages"),
        (403, {"code": 50001, "message": "Missing Access"}, Rejected, "View Channel"),
        (404, {"code": 10003, "message": "Unknown Channel"}, Rejected, "discord.channels"),
        (503, {"message": "down"}, Unavailable, "status 503"),
        (429, {"retry_after": 120, "message": "slow", "global": False}, Unavailable, "too many"),
    ],
)
async def test_refusals_of_the_platform_say_what_to_do(
    wire: dict[str, Any], status: int, body: dict[str, Any], kind: type[Upstream], said: str
) -> None:
    """Permissions and addresses are named; what passes by itself is tried again later."""
    wire.update(status=status, body=body)

    async with RestClient(SecretStr("t")) as rest:
        with pytest.raises(kind) as caught:
            await courier(rest, 400000000000000004).send(PLACE, reply("x"), key="k", loud=True)

    assert said in str(caught.value)


async def test_the_wait_that_the_platform_names_is_kept(wire: dict[str, Any]) -> None:
    """A long flood limit is passed on in seconds."""
    wire.update(status=429, body={"retry_after": 120, "message": "slow", "global": False})

    async with RestClient(SecretStr("t")) as rest:
        with pytest.raises(Unavailable) as caught:
            await courier(rest, 400000000000000004).send(PLACE, reply("x"), key="k", loud=True)

    assert caught.value.retry_after == 120


async def test_a_rejected_token_is_an_error(wire: dict[str, Any]) -> None:
    """It is never taken for an outage."""
    wire.update(login=401)

    async with RestClient(SecretStr("t")) as rest:
        with pytest.raises(Rejected, match="DISCORD_TOKEN"):
            await rest.client()


async def test_no_connection_is_an_outage_and_mends_itself(wire: dict[str, Any]) -> None:
    """The next use logs in again."""
    good = discord.http.Route.BASE
    move("http://127.0.0.1:9/api/v10")

    async with RestClient(SecretStr("t")) as rest:
        with pytest.raises(Unavailable, match="no connection"):
            await rest.client()
        move(good)
        assert (await rest.client()).user is not None


async def test_a_picture_that_cannot_be_drawn_leaves_its_words(
    sim: simcord.Env, channel: Any
) -> None:
    """A message without its picture is better than none."""
    from tgk.reply import Picture

    async def broken(svg: str) -> bytes:
        raise ValueError(svg)

    presenter = Presenter(buttons=FakeButtons(FakeClock()), directory=Accounts(), to_png=broken)
    presented = await presenter.present(
        reply("x", blocks=(Picture(svg="<svg/>", alt="CPU 38 %"), Text(text="t")))
    )

    assert presented.files == []
    assert "CPU 38 %" in str(presented.view.to_components())


def test_an_address_may_be_a_host_or_the_whole_base() -> None:
    """Both ``http://host`` and ``http://host/api/v10`` are understood."""
    before = discord.http.Route.BASE
    try:
        move("http://127.0.0.1:1/")
        assert discord.http.Route.BASE == "http://127.0.0.1:1/api/v10"
        move("http://127.0.0.1:2/api/v10/")
        assert discord.http.Route.BASE == "http://127.0.0.1:2/api/v10"
        move("")
        assert discord.http.Route.BASE == "http://127.0.0.1:2/api/v10"
    finally:
        discord.http.Route.BASE = before
