"""A guild in process: the real surface and dispatcher, small commands, fakes behind the ports."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import discord
import pytest
import simcord
from discord.gateway import DiscordWebSocket
from discord.http import Route
from pydantic import Field, SecretStr, StringConstraints

from bot.discord.surface import DiscordSurface
from bot.runtime.clock import SystemClock
from integrations.discord.presenter import Presenter
from sandbox.cast import default_cast
from sandbox.discord import DiscordEmulator, Message
from sandbox.serving import served
from tgk.admission import Admission
from tgk.backends import Backends
from tgk.caller import Caller
from tgk.command import Command, Confirmation, command
from tgk.context import Context
from tgk.discovery import Discovery
from tgk.dispatcher import Dispatcher
from tgk.errors import ArgumentFault, InvalidRequest, Missing
from tgk.limits import RateLimiter
from tgk.options import EnvironmentName, Pairs, Request, Rest, ServiceName
from tgk.registry import Registry
from tgk.renewal import Renewal
from tgk.reply import Action, Fact, Facts, Log, Plain, Progress, Reply
from tgk.testing.board import FakeBoard
from tgk.testing.buttons import FakeButtons
from tgk.testing.clock import FakeClock
from tgk.testing.council import FakeApprovals
from tgk.testing.groups import FakeGroups
from tgk.testing.guard import FakeGuard
from tgk.testing.journal import FakeJournal
from tgk.testing.notes import FakeNotes
from tgk.testing.operations import InlineOperations

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

GUILD = 100000000000000001


class Status(Request):
    """Show how a service is."""

    service: ServiceName = Field(description="which one")


class Lines(Request):
    """Show lines."""

    service: ServiceName = Field(description="whose")
    level: Literal["info", "warn"] | None = Field(default=None, description="lowest")
    tail: int = Field(default=50, ge=1, le=5000, description="how many")


class Ship(Request):
    """Put a version somewhere."""

    note: Annotated[str, StringConstraints(max_length=200), Rest()] = Field(
        default="", description="why"
    )
    env: EnvironmentName = Field(description="where")
    tag: Annotated[str, StringConstraints(max_length=60)] = Field(description="what")


class Ask(Request):
    """Ask a model."""

    query: Annotated[str, StringConstraints(max_length=100), Rest()] = Field(description="what")


class Secret(Request):
    """Tell only the asker."""


class Scan(Request):
    """Look a service through."""

    service: ServiceName = Field(description="which one")
    depth: int = Field(default=1, ge=1, le=9, description="how deep")
    parameters: Pairs = Field(default={}, description="more, as key=value")
    dry_run: bool = Field(default=False, description="only plan")


class RunBook(Request):
    """Run a playbook."""

    dry_run: bool = Field(default=False, description="only plan")
    share: float | None = Field(default=None, ge=0, le=1, description="how much of it")
    pace: Literal["slow", "fast"] = Field(default="slow", description="how fast")


@command("status", permission="status")
async def status(request: Status, context: Context) -> Reply:
    """Answer with buttons that lead on."""
    return Reply(
        topic="status",
        title=f"{request.service} · production",
        tone="ok",
        blocks=(Facts(facts=(Fact(label="State", value="Running"),)),),
        actions=(
            Action(label="Lines", command="lines", arguments={"service": request.service}),
            Action(
                label="Ship…", command="ship", arguments={"env": "staging"}, asks=("tag", "note")
            ),
            Action(label="Mine", command="secret", only="devi"),
        ),
        plain=Plain(
            headline="Sovereignty Architecture: status check",
            lines=(f"Service: {request.service}", "State: Running"),
        ),
    )  # fmt: skip


@command("lines", permission="lines", slow=True)
async def lines(request: Lines, context: Context) -> Reply:
    """Answer with as many lines as asked."""
    if request.service == "apple":
        raise Missing("log group", "apple")
    await context.show(Reply(topic="logs", title="Reading", tone="running"))
    found = tuple(f"line {number} of {request.level}" for number in range(request.tail))
    return Reply(topic="logs", title="Lines", blocks=(Log(lines=found, filename="lines.log"),))


async def _question(request: Ship, context: Context) -> Reply:
    go_on = Action(
        label="Do it", command="ship", arguments=request.model_dump(exclude_none=True),
        style="success", confirms=True, only=context.caller.person, lifetime=120,
    )  # fmt: skip
    return Reply(topic="deploy", title=f"Ship {request.tag}?", tone="warning", actions=(go_on,))


async def _fresh(request: Ship, context: Context) -> None:
    if request.tag == "stale":
        raise InvalidRequest("ship", [ArgumentFault("tag", "no such version")])


@command(
    "ship",
    permission="ship",
    check=_fresh,
    effect="change",
    excusable=True,
    confirm=Confirmation(
        when=lambda request, discovery: discovery.environments[request.env].protected,
        question=_question,
    ),
)
async def ship(request: Ship, context: Context) -> Reply:
    """Show progress, then the end."""
    if request.tag == "crash":
        raise ZeroDivisionError
    await context.show(
        Reply(topic="deploy", title="Shipping", tone="running", blocks=(Progress(done=1, total=2),))
    )
    return Reply(
        topic="deploy", title=f"Shipped {request.tag} {request.note}", tone="ok", data={"ok": True}
    )


@command("many", permission="many")
async def many(request: Secret, context: Context) -> Reply:
    """Answer with more buttons than fit."""
    actions = tuple(
        Action(label=f"Show {n}", command="lines", arguments={"service": "api", "tail": n + 1})
        for n in range(20)
    )
    return Reply(topic="help", title="many", actions=actions)


@command("secret", permission="secret", private=True)
async def secret(request: Secret, context: Context) -> Reply:
    """Whisper."""
    return Reply(topic="whoami", title=f"You are {context.caller.person}", private=True)


@command("ask", permission="ask")
async def ask(request: Ask, context: Context) -> Reply:
    """Repeat the question."""
    return Reply(topic="ask", title=f"You asked: {request.query}")


@command("book run", default_verb=True)
async def book_run(request: RunBook, context: Context) -> Reply:
    """Say whether it was dry."""
    again = Action(label="Again…", command="book run", asks=("pace", "dry_run", "share"))
    title = f"dry {request.dry_run} {request.pace} {request.share}"
    return Reply(topic="orchestrate", title=title, actions=(again,))


@command("book scan", effect="change")
async def book_scan(request: Scan, context: Context) -> Reply:
    """Say what was asked."""
    title = f"{request.service} {request.depth} {request.parameters} {request.dry_run}"
    return Reply(topic="orchestrate", title=title)


def wide(number: int) -> Command[Any]:
    """Return one of a family with more verbs than the platform takes."""

    async def answer(request: Secret, context: Context) -> Reply:
        return Reply(topic="orchestrate", title=f"wide {number}")

    return Command(name=f"wide v{number:02}", request=Secret, handle=answer, permission="/wide")


@command("slow", permission="slow")
async def slow(request: Status, context: Context) -> Reply:
    """Have an option that completes."""
    return Reply(topic="notice", title="slow")


class ByName:
    """A directory where the platform's name, in small letters, is the person."""

    def __init__(self) -> None:
        self.seen: list[Caller] = []
        self.broken = False

    def resolve(self, platform: Any, user_id: str, *, name: str, channel: str,
                groups: frozenset[str] = frozenset()) -> Caller:  # fmt: skip
        """Remember the caller."""
        if self.broken:
            raise ZeroDivisionError
        held = frozenset(f"discord:role:{group}" for group in groups)
        caller = Caller(person=name.lower(), user_id=user_id, platform=platform, channel=channel,
                        principals=held, known=True)  # fmt: skip
        self.seen.append(caller)
        return caller

    def account(self, person: str, platform: Any) -> str | None:
        """Nobody is to be notified."""
        return None


@dataclass
class World:
    """Everything a test looks at."""

    env: Any
    surface: DiscordSurface
    guild: Any
    channel: Any
    people: dict[str, Any]
    board: FakeBoard
    buttons: FakeButtons
    journal: FakeJournal
    notes: FakeNotes
    directory: ByName
    operations: InlineOperations
    clock: FakeClock = field(default_factory=FakeClock)

    def text(self, message: Any) -> str:
        """Return all text of a message, components included."""
        return message.content + "\n".join(_texts(message.components))

    def shown(self) -> str:
        """Return the text of the channel's newest message."""
        return self.text(self.channel.last_message)


def _texts(components: Any) -> list[str]:
    found = []
    for each in components:
        raw = each if isinstance(each, dict) else each.to_dict()
        found += [raw["content"]] if raw.get("type") == 10 else []
        found += _texts(raw.get("components", ()))
    return found


def discovery(channel: int) -> Discovery:
    """Describe the estate of these tests."""
    return Discovery.model_validate(
        {
            "org": {"name": "Test"},
            "discord": {"guild": str(GUILD), "channels": {"#deployments": str(channel)}},
            "environments": {"staging": {}, "production": {"protected": True, "default": True}},
            "services": {"api": {"kubernetes": {"deployment": "api"}},
                         "apple": {"kubernetes": {"deployment": "apple"}}},
            "commands": {"status": {}},
            "telegram": {"council": {"chat": -1001, "members": ["ana"]}},
        }
    )  # fmt: skip


@dataclass
class Wire:
    """The surface connected to the loopback platform over real sockets."""

    world: World
    platform: DiscordEmulator
    channel: str

    async def until(self, look: Callable[[], Any]) -> Any:
        """Wait for the other side of a socket: look until there is something, at most 5 s."""
        for _ in range(500):
            if found := look():
                return found
            await asyncio.sleep(0.01)
        raise TimeoutError("it never came")

    async def connected(self) -> None:
        """Wait until the gateway has let the bot in."""
        await self.until(lambda: self.world.surface.ready)

    async def shown(self, text: str, viewer: str = "") -> Message:
        """Wait until somebody sees a message with this text."""

        def look() -> Message | None:
            for message in self.platform.messages(self.channel, viewer):
                if text in message.content + "\n".join(_texts(message.components)):
                    return message
            return None

        found: Message = await self.until(look)
        return found


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    """Return a surface that talks to a loopback Discord; it runs until the test ends."""
    cast = default_cast()
    platform = DiscordEmulator(cast, SystemClock())
    channel = cast.channel("#deployments").id
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with served({"/discord": platform.app()}) as address:
        made = _build(
            None, None, SimpleNamespace(id=channel), {},
            token=SecretStr(cast.discord_token), api_url=f"{address}/discord/api/v10",
            gateway_url=f"{address}/discord/gateway".replace("http", "ws", 1),
        )  # fmt: skip
        async with asyncio.TaskGroup() as group:
            running = group.create_task(made.surface.run())
            yield Wire(made, platform, channel)
            await made.surface.close()
            await running
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
async def deaf() -> AsyncIterator[DiscordSurface]:
    """Return a surface whose platform lets it log in, but has no gateway."""
    cast = default_cast()
    base, gateway = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    async with served({"/discord": DiscordEmulator(cast, SystemClock()).app()}) as address:
        channel = SimpleNamespace(id=cast.channel("#deployments").id)
        yield _build(
            None, None, channel, {},
            token=SecretStr(cast.discord_token), api_url=f"{address}/discord/api/v10",
            gateway_url="ws://127.0.0.1:9/gateway",
        ).surface  # fmt: skip
    Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = base, gateway


@pytest.fixture
async def sim() -> AsyncIterator[simcord.Env]:
    """Return a simulated Discord, at first with an empty client, so that the guild comes first."""
    env = simcord.Env(discord.Client(intents=discord.Intents.none()))
    await env.start()
    yield env
    await env.shutdown()


@pytest.fixture
async def world(sim: simcord.Env) -> World:
    """Return a guild where dana may ship and devi may only look."""
    env = sim
    guild = env.create_guild(id=GUILD)
    channel = guild.create_text_channel("deployments")
    role = guild.create_role("ReleaseMgr")
    people = {
        "dana": guild.add_member(env.create_user("dana"), roles=[role]),
        "devi": guild.add_member(env.create_user("devi")),
    }
    made = _build(env, guild, channel, people)
    await env.restart_bot(made.surface.client())
    return made


def _build(
    env: simcord.Env | None, guild: Any, channel: Any, people: dict[str, Any], **connection: Any
) -> World:
    clock, board, notes = FakeClock(flows=True), FakeBoard(), FakeNotes()
    buttons, journal, operations = FakeButtons(clock), FakeJournal(), InlineOperations()
    estate, directory = discovery(channel.id), ByName()
    table = {"dana": {"*"}, "devi": {"/status", "/lines", "/secret"}}
    admission = Admission(
        Registry(
            [
                status,
                lines,
                ship,
                secret,
                ask,
                book_run,
                book_scan,
                many,
                slow,
                *(wide(number) for number in range(26)),
            ]
        ),
        FakeGuard(table),
        estate,
        RateLimiter(estate.limits, clock),
    )
    unused: Any = None
    backends = Backends(
        cluster=unused, logs=unused, metrics=unused, pipelines=unused, providers=unused,
        model=unused, library=unused, board=board, locks=unused, notes=notes,
        approvals=FakeApprovals(clock, answer=True),
        runs=unused,
        playbooks=unused,
        schedules=unused,
    )  # fmt: skip
    dispatcher = Dispatcher(
        admission=admission, journal=journal, operations=operations, backends=backends, clock=clock,
        renew=Renewal(directory, {"discord": FakeGroups({})}),
    )  # fmt: skip
    operations.bind(dispatcher.perform)
    surface = DiscordSurface(
        discovery=estate, dispatcher=dispatcher, directory=directory, buttons=buttons,
        board=board, notes=notes, clock=clock,
        presenter=Presenter(buttons=buttons, directory=directory),
        **{"token": SecretStr("t"), **connection},
    )  # fmt: skip
    return World(env, surface, guild, channel, people, board, buttons, journal, notes, directory,
                 operations, clock)  # fmt: skip
