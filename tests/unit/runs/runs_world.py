"""A world for runs: real store, real engine, a dispatcher with small commands, people who vote."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import yaml
from pydantic import BaseModel

from orchestration.approvals import StoredApprovals
from orchestration.carrier import RunCarrier
from orchestration.engine import Engine
from orchestration.locks import StoredLocks
from orchestration.membership import Alone, Members
from orchestration.runs.heralds import Heralds
from orchestration.runs.runs import DurableRuns
from orchestration.runs.shelf import FolderPlaybooks
from orchestration.runs.staging import Parts, RunLimits
from orchestration.store import Store
from orchestration.store_postgres import PostgresDatabase
from tests.unit.runs.bustle import Bustle
from tgk.admission import Admission
from tgk.backends import Backends
from tgk.caller import Caller
from tgk.command import command
from tgk.context import Context
from tgk.discovery import Discovery, Limits, OutsideSteps
from tgk.dispatcher import Dispatcher
from tgk.errors import Unavailable
from tgk.limits import RateLimiter
from tgk.options import Request
from tgk.ports.council import ApprovalRule
from tgk.ports.runs import RunRequest, RunView
from tgk.registry import Registry
from tgk.reply import Reply
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock
from tgk.testing.guard import FakeGuard, everybody
from tgk.testing.journal import FakeJournal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from orchestration.membership import Membership
    from tgk.ports.time import Clock

ROOT = Path(__file__).parents[3]
DANA = Caller(person="dana", user_id="7000002", platform="telegram", known=True)
BEN = Caller(person="ben", user_id="7000006", platform="telegram", known=True)
COUNCIL = ("ana", "ben", "chi")


def _ignore(event: str) -> None:
    """Hear of nothing."""


class Effects:
    """Everything outside: a file of lines, and how commands shall fare."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "effects.jsonl"
        self.tell: Callable[[str], None] = _ignore
        self.failing: dict[str, int] = {}
        self.held: dict[str, asyncio.Event] = {}
        self.running: set[str] = set()
        self.most = 0
        self.stopped: list[str] = []

    def lines(self) -> list[dict[str, Any]]:
        """Return what was done, in order."""
        text = self.path.read_text() if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    @property
    def names(self) -> list[str]:
        """The names of what was done, in order."""
        return [line["name"] for line in self.lines()]

    def do(self, name: str, key: str) -> None:
        """Do something once for each key: an idempotent effect."""
        if all(line["key"] != key for line in self.lines()):
            with self.path.open("a") as file:
                file.write(json.dumps({"name": name, "key": key}) + "\n")

    def tries(self, name: str) -> int:
        """Count an attempt, over kills."""
        path = self.path.with_name(f"tries-{name}")
        count = int(path.read_text()) + 1 if path.exists() else 1
        path.write_text(str(count))
        return count


class Mark(Request):
    """Leave a mark."""

    name: str
    fails: int = 0
    value: str = ""


class Look(Request):
    """Look at something."""

    name: str


class Ship(Request):
    """Ship a part."""

    name: str
    value: str = ""


def council_of(request: Ship, discovery: Discovery) -> ApprovalRule | None:
    """Ask about what is shipped, but for what is free."""
    if request.name.startswith("free"):
        return None
    return ApprovalRule(
        title=f"Ship {request.name}",
        facts=(("Name", request.name),),
        needed=2 if request.name.startswith("big") else 1,
        expires_seconds=600,
    )


class Done(BaseModel):
    """A remembered effect."""

    name: str


async def marked(effects: Effects, request: Mark, context: Context) -> Reply:
    """Leave a mark, unless this attempt is to fail."""
    delivery = context.invocation.delivery
    if request.name in effects.held:
        await effects.held[request.name].wait()
    await asyncio.sleep(0)
    if effects.failing.get(request.name, 0) > 0:
        effects.failing[request.name] -= 1
        return Reply(title=f"{request.name} failed", failed=True, data={"why": "ordered"})
    attempt = delivery.rpartition(":")[2]
    if request.fails >= int(attempt.rpartition(".")[2].partition("@")[0]):
        return Reply(title=f"{request.name} failed", failed=True)

    async def act() -> Done:
        effects.do(request.name, delivery)
        effects.tell(f"effect {request.name}")
        return Done(name=request.name)

    await context.steps.once("mark", act, Done)
    data = {"name": request.name, "value": request.value, "success": True}
    return Reply(title=f"marked {request.name}", data=data)


def registry(effects: Effects) -> Registry:
    """Return the commands of this world."""

    async def mark(request: Mark, context: Context) -> Reply:
        effects.tell(f"handler {request.name}")
        effects.running.add(request.name)
        effects.most = max(effects.most, len(effects.running))
        try:
            return await marked(effects, request, context)
        except asyncio.CancelledError:
            effects.stopped.append(request.name)
            raise
        finally:
            effects.running.discard(request.name)

    async def look(request: Look, context: Context) -> Reply:
        count = effects.tries(f"look-{request.name}")
        return Reply(title=f"look {count}", data={"count": count})

    async def gone(request: Look, context: Context) -> Reply:
        raise Unavailable("the world", "It is away.")

    async def ship(request: Ship, context: Context) -> Reply:
        effects.do(request.name, context.invocation.delivery)
        return Reply(title=f"shipped {request.name}", data={"name": request.name})

    for handle, kind in ((mark, Mark), (look, Look), (gone, Look), (ship, Ship)):
        handle.__annotations__ = {"request": kind, "context": Context, "return": Reply}
    return Registry(
        [
            command("mark", permission="mark", effect="change")(mark),
            command("ship", permission="ship", effect="change", approval=council_of)(ship),
            command("look", permission="look")(look),
            command("gone", permission="gone")(gone),
        ]
    )


class World:
    """One life of the process."""

    def __init__(
        self,
        folder: Path,
        clock: Clock,
        guard: FakeGuard,
        limits: RunLimits,
        url: str = "",
        member: str = "",
    ) -> None:
        self.folder = folder
        self.url = url
        self.member = member
        self.clock = clock
        self.guard = guard
        self.limits = limits
        self.effects = Effects(folder)
        self.journal = FakeJournal()
        self.database = PostgresDatabase(url) if url else folder / "tgk.sqlite"
        self.store = Store(self.database)
        self.shelf = folder / "playbooks"
        self.shelf.mkdir(exist_ok=True)
        self.heralds = Heralds()
        self.voters: Callable[[str], tuple[str, ...]] = lambda name: (name,)
        self.allowed = OutsideSteps()
        self.outward: Any = None
        self.secrets: Any = None
        self._count = 0
        self._bustle = Bustle(self.store)
        self.runs: Any = None
        self.approvals: Any = None
        self.locks: Any = None

    def write(self, text: str) -> str:
        """Put a playbook on the shelf; returns its name."""
        name = str(yaml.safe_load(text)["name"])
        (self.shelf / f"{name}.yaml").write_text(text)
        return name

    @asynccontextmanager
    async def open(self, *, grace: float = 0.2) -> AsyncIterator[World]:
        """Start the process, and end it in good order."""
        self._bustle.watch()
        discovery = Discovery.model_validate(yaml.safe_load((ROOT / "discovery.yml").read_text()))
        discovery = discovery.model_copy(update={"playbooks": self.allowed})
        async with self.store, asyncio.TaskGroup() as group:
            self.approvals = StoredApprovals(self.store, FakeBoard(), self.clock, [])
            self.locks = StoredLocks(self.store, self.clock)
            members = await self._members()
            given: dict[str, Any] = {}
            if isinstance(members, Members):
                given = {"executor": members.name, "permit": members.permit}
            self.engine = Engine(self.folder, self.clock, database_url=self.url, **given)
            self.runs = DurableRuns(
                Parts(
                    store=self.store,
                    clock=self.clock,
                    playbooks=FolderPlaybooks([self.shelf]),
                    carrier=RunCarrier(self.engine, members),
                    approvals=self.approvals,
                    locks=self.locks,
                    heralds=self.heralds,
                    journal=self.journal,
                    outward=self.outward,
                    secrets=self.secrets,
                    council=COUNCIL,
                    voters=self.voters,
                    limits=self.limits,
                )
            )
            limiter = RateLimiter(Limits(per_minute=1_000_000), self.clock)
            nothing: dict[str, Any] = dict.fromkeys(Backends.__dataclass_fields__)
            dispatcher = Dispatcher(
                admission=Admission(registry(self.effects), self.guard, discovery, limiter),
                journal=self.journal,
                operations=self.engine,
                backends=Backends(
                    **{
                        **nothing,
                        "board": FakeBoard(),
                        "runs": self.runs,
                        "approvals": self.approvals,
                    }
                ),
                clock=self.clock,
                grants=self.runs.grants,
                renew=_same,
            )
            self.runs.bind(dispatcher)
            await self.engine.start(dispatcher.perform)
            duties = [group.create_task(self.runs.run()), group.create_task(members.run())]
            try:
                yield self
            finally:
                await self.engine.stop(grace)
                for duty in duties:
                    duty.cancel()

    async def _members(self) -> Membership:
        """Join those who share the database, as a worker, where this process has a name."""
        if not self.member or isinstance(self.database, Path):
            return Alone(self.clock)
        made = Members(
            self.database, self.store, self.clock, name=self.member, kind="worker", lease=10
        )
        await made.join()
        return made

    async def start(self, text: str, delivery: str = "", **request: Any) -> RunView:
        """Start a playbook as dana."""
        self._count += 1
        wanted = RunRequest(playbook=self.write(text), **request)
        view: RunView = await self.runs.start(
            wanted, DANA, delivery=delivery or f"test:{self._count}"
        )
        return view

    async def play(self, text: str, **request: Any) -> RunView:
        """Start a playbook and wait for its end, letting time pass where everybody waits."""
        view = await self.start(text, **request)
        return await self.end(view.id)

    async def end(self, run: str) -> RunView:
        """Wait for the end of a run."""
        ended = asyncio.ensure_future(self.runs.ended(run, _unseen))
        try:
            await self.until(ended.done)
            return ended.result()
        finally:
            ended.cancel()

    async def until(self, reached: Callable[[], bool], within: float = 30.0) -> None:
        """Let everybody act until it is so; the clock moves only when nobody has anything to do."""
        async with asyncio.timeout(within):
            idle = 0
            while not reached():
                busy = self.engine.running or self.engine._awaited or self.effects.running
                await asyncio.sleep(0.002)
                idle = 0 if self._bustle or (busy and not self.effects.held) else idle + 1
                if idle >= 6 and isinstance(self.clock, FakeClock):
                    await self._tick(self.clock)
                    idle = 0

    async def seen(self, reached: Callable[[], bool]) -> None:
        """Wait until it is so, without letting the clock move."""
        async with asyncio.timeout(20):
            while not reached():
                await asyncio.sleep(0.002)

    async def state(self, run: str, state: str) -> RunView:
        """Wait until a run is in a state, without letting the clock move."""
        async with asyncio.timeout(20):
            while (view := await self.runs.view(run)).state != state:
                await asyncio.sleep(0.005)
        return view  # type: ignore[no-any-return] # of the port

    async def pending(self) -> tuple[Any, ...]:
        """Wait for an open question."""
        async with asyncio.timeout(20):
            while not (found := await self.approvals.open()):
                await asyncio.sleep(0.005)
        return found  # type: ignore[no-any-return] # of the port

    @staticmethod
    async def _tick(clock: FakeClock) -> None:
        """Move on to the next moment that somebody waits for, an hour's rounds aside."""
        due = sorted(at for at, _, woken in clock._sleepers if not woken.done())
        near = [at for at in due if at - clock.monotonic() < 3000]
        if near:
            await clock.advance(max(0.0, near[0] - clock.monotonic()))


async def _same(caller: Caller) -> Caller:
    """Nobody's rights change here."""
    return caller


async def _unseen(view: RunView) -> None:
    """Look away."""


def world(folder: Path, **more: Any) -> World:
    """Return a world that is not open yet."""
    given = SimpleNamespace(clock=FakeClock(), guard=everybody(), limits=RunLimits())
    return World(folder, **{**vars(given), **more})
