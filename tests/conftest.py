"""A whole core over shipped fakes: real commands, real policy, real dispatcher, no network."""

from __future__ import annotations

import logging
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from loguru import logger

import commands
from bot.runtime.playbooks import shelf_of
from orchestration.runs.voters import Electorate
from rbac.policy_file import PolicyFile
from tests.postgres_server import postgres, postgres_server
from tgk.admission import Admission
from tgk.backends import Backends
from tgk.context import Invocation
from tgk.discovery import Discovery
from tgk.dispatcher import Dispatcher
from tgk.limits import RateLimiter
from tgk.registry import Registry, collect
from tgk.renewal import Renewal
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock
from tgk.testing.cluster import FakeCluster
from tgk.testing.council import FakeApprovals, FakeLocks
from tgk.testing.groups import FakeGroups
from tgk.testing.journal import FakeJournal
from tgk.testing.library import FakeLibrary
from tgk.testing.logs import FakeLogs
from tgk.testing.metrics import FakeMetrics
from tgk.testing.model import FakeModel
from tgk.testing.notes import FakeNotes
from tgk.testing.operations import InlineOperations
from tgk.testing.pipelines import FakePipelines
from tgk.testing.providers import FakeProviders
from tgk.testing.runs import FakeRuns
from tgk.testing.schedules import FakeSchedules
from tgk.typed import bind, parse_line

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.shelf.shelf import Shelf
    from tgk.caller import Caller
    from tgk.doors import Door
    from tgk.outcome import Outcome
    from tgk.ports.board import Place
    from tgk.reply import Reply

__all__ = ["postgres", "postgres_server"]
"""Fixtures of other modules."""

ROOT = Path(__file__).parent.parent
ACCOUNTS = {
    "alex": "7000001", "dana": "7000002", "devi": "7000003", "vik": "7000004",
    "ana": "7000005", "ben": "7000006", "chi": "7000007", "oli": "7000008",
}  # fmt: skip


@dataclass
class World:
    """Everything a story needs; ``run`` types a line as somebody of the cast."""

    discovery: Discovery
    policy: PolicyFile
    clock: FakeClock
    cluster: FakeCluster
    logs: FakeLogs
    metrics: FakeMetrics
    pipelines: FakePipelines
    providers: FakeProviders
    model: FakeModel
    library: FakeLibrary
    board: FakeBoard
    approvals: FakeApprovals
    locks: FakeLocks
    notes: FakeNotes
    runs: FakeRuns
    schedules: FakeSchedules
    playbooks: Shelf
    journal: FakeJournal
    operations: InlineOperations
    groups: FakeGroups
    dispatcher: Dispatcher
    registry: Registry
    shown: list[Reply] = field(default_factory=list)
    _count: int = 0

    def caller(self, person: str, channel: str = "council") -> Caller:
        """Return somebody of the cast, seen through Telegram."""
        return self.policy.directory.resolve(
            "telegram", ACCOUNTS[person], name=person, channel=channel
        )

    def invocation(self, line: str, person: str, **more: Any) -> Invocation:
        """Return what a surface would make of a typed line."""
        name, tokens = parse_line(line, [entry.name for entry in self.registry])
        raw = bind(tokens, self.registry[name].options)
        return self.asked(name, raw, self.caller(person), **more)

    def asked(
        self,
        name: str,
        raw: Any,
        caller: Caller,
        *,
        door: Door = "telegram",
        delivery: str = "",
        confirmed: bool = False,
        origin: Place | None = None,
    ) -> Invocation:
        """Return an invocation with a delivery of its own."""
        self._count += 1

        async def show(reply: Reply) -> None:
            self.shown.append(reply)

        return Invocation(
            name=name,
            raw=raw,
            caller=caller,
            delivery=delivery or f"test:{self._count}",
            door=door,
            confirmed=confirmed,
            origin=origin,
            show=show,
        )

    async def run(self, line: str, person: str, **more: Any) -> Outcome:
        """Type a line and wait for its end."""
        return await self.dispatcher.run(self.invocation(line, person, **more))

    async def webhook(self, name: str, source: str, raw: Any) -> Outcome:
        """Deliver an event as the gateway does."""
        caller = self.policy.directory.resolve("gateway", source, name=source, channel="-")
        return await self.dispatcher.run(self.asked(name, raw, caller, door="gateway"))


def load_shipped_discovery() -> Discovery:
    """Return the discovery file that ships."""
    return Discovery.model_validate(yaml.safe_load((ROOT / "discovery.yml").read_text()))


def pytest_configure() -> None:
    """Hear Ctrl-C in what tests start, also where a shell runs them in its background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def log_kept() -> Iterator[None]:
    """Put the process's logging back as it was, after what opens a log of its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    logger.remove()
    logger.configure(extra={})
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def discovery() -> Discovery:
    """The discovery file that ships."""
    return load_shipped_discovery()


@pytest.fixture
def world(discovery: Discovery, tmp_path: Path) -> World:
    """A core whose outside is made of fakes."""
    clock = FakeClock(flows=True)
    council = discovery.telegram.council.members if discovery.telegram else ()
    roles = discovery.discord.roles if discovery.discord else {}
    policy = PolicyFile(ROOT / "rbac/policy.yml", roles, clock, council=council)
    parts: dict[str, Any] = {
        "cluster": FakeCluster(),
        "logs": FakeLogs(clock),
        "metrics": FakeMetrics(),
        "pipelines": FakePipelines(),
        "providers": FakeProviders(),
        "model": FakeModel(),
        "library": FakeLibrary(),
        "board": FakeBoard(),
        "approvals": FakeApprovals(clock),
        "locks": FakeLocks(clock),
        "notes": FakeNotes(),
        "runs": FakeRuns(clock),
        "schedules": FakeSchedules(),
    }
    registry = Registry(collect(commands))
    admission = Admission(registry, policy.guard, discovery, RateLimiter(discovery.limits, clock))
    voters = Electorate(council, policy.people)
    parts["playbooks"] = shelf_of(ROOT, tmp_path, admission, electorate=voters)
    journal, operations, groups = FakeJournal(), InlineOperations(), FakeGroups({})
    dispatcher = Dispatcher(
        admission=admission,
        journal=journal,
        operations=operations,
        backends=Backends(**parts),
        clock=clock,
        renew=Renewal(policy.directory, {"discord": groups}),
    )
    operations.bind(dispatcher.perform)
    return World(
        discovery=discovery,
        policy=policy,
        clock=clock,
        journal=journal,
        operations=operations,
        groups=groups,
        dispatcher=dispatcher,
        registry=registry,
        **parts,
    )
