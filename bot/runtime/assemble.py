"""Builds the core once, in order, and takes it apart in reverse."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from loguru import logger

import commands
from audit.chain import Keyring
from audit.journal import AuditJournal
from audit.log import LogSettings
from bot.runtime.backends import Opener
from bot.runtime.clock import SystemClock
from bot.runtime.core import Core
from bot.runtime.couriers import Couriers, open_couriers
from bot.runtime.duties import duties
from bot.runtime.memory import Memory, open_memory
from bot.runtime.playbooks import folders, shelf_of
from bot.runtime.salt import salt_of
from bot.runtime.settings import AUDIT_LOG, SOCKET_NAME
from bot.runtime.simulation import keep_apart
from bot.runtime.socket_file import answers
from integrations.heralds.datadog import DatadogHerald
from integrations.heralds.jira import JiraHerald
from integrations.heralds.slack import SlackHerald
from integrations.outward import OutwardSteps
from integrations.providers.bound import named_variables
from integrations.secrets import SecretSources
from orchestration.approvals import StoredApprovals
from orchestration.board import DurableBoard
from orchestration.carrier import RunCarrier
from orchestration.engine import Engine
from orchestration.runs.heralds import Heralds
from orchestration.runs.runs import DurableRuns
from orchestration.runs.shelf import FolderPlaybooks
from orchestration.runs.staging import Parts, RunLimits
from orchestration.runs.voters import Electorate
from orchestration.shelf.outside import Outside
from rbac.policy_file import PolicyFile
from tgk.admission import Admission
from tgk.dispatcher import Dispatcher
from tgk.limits import RateLimiter
from tgk.ports.board import Place
from tgk.redaction import Redactor
from tgk.registry import Registry, collect, grantable
from tgk.renewal import Renewal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator
    from pathlib import Path

    from bot.runtime.settings import Settings
    from orchestration.membership import Kind
    from orchestration.shelf.shelf import Shelf
    from tgk.discovery import Discovery
    from tgk.errors import ConfigurationInvalid
    from tgk.ports.time import Clock
    from tgk.recording import Observer

POLICY = "rbac/policy.yml"
_PATIENCE: Final = 10.0


def registry_of(discovery: Discovery) -> Registry:
    """Return the commands that discovery.yml switches on."""
    found = collect(commands)
    return Registry(entry for entry in found if discovery.switched_on(entry.name))


def keyring_of(settings: Settings) -> Keyring:
    """Return the audit log's keys; without one the chain is unkeyed."""
    key = settings.audit_hmac_key
    return Keyring.of(key.get_secret_value().encode() if key else None)


def redactor_of(settings: Settings, discovery: Discovery) -> Redactor:
    """Return the redactor of this installation."""
    redactor = Redactor(salt_of(settings), discovery.redaction.keys, discovery.redaction.patterns)
    redactor.literals(*settings.secrets(), *_named_secrets(settings, discovery))
    return redactor


def _named_secrets(settings: Settings, discovery: Discovery) -> Iterator[str]:
    """Yield the values of the variables that providers of discovery.yml name."""
    for name in chain.from_iterable(named_variables(discovery.providers).values()):
        if (value := settings.variable(name)) is not None:
            yield value.get_secret_value()


def policy_of(path: Path, discovery: Discovery, clock: Clock) -> PolicyFile:
    """Load the policy; raises ConfigurationInvalid with every fault."""
    roles = discovery.discord.roles if discovery.discord else {}
    council = discovery.telegram.council.members if discovery.telegram else ()
    return PolicyFile(
        path,
        roles,
        clock,
        council=council,
        permissions=grantable(collect(commands)),
        on_faults=_policy_refused,
        on_reload=_policy_changed,
    )


def _policy_refused(error: ConfigurationInvalid) -> None:
    logger.bind(faults=list(error.faults)).error("policy not reloaded, the old one stays in force")


def _policy_changed(version: str) -> None:
    logger.bind(version=version[:12]).info("policy reloaded")


@asynccontextmanager
async def assembled(
    settings: Settings,
    discovery: Discovery,
    root: Path,
    *,
    observer: Observer | None = None,
    clock: Clock | None = None,
    kind: Kind = "bot",
) -> AsyncIterator[Core]:
    """Build the core, yield it, and let go of everything; the engine is started by the caller.

    ``root`` is the folder of discovery.yml; ``kind`` counts where a database is shared: a bot alone
    posts to the platforms. Raises ConfigurationInvalid, Conflict when another process writes the
    audit log or is the bot, JournalUnavailable when the disk refuses.
    """
    keep_apart(settings.state, simulated=settings.simulated)
    async with AsyncExitStack() as stack:
        assembly = _Assembly(settings, discovery, clock or SystemClock(), stack, kind)
        core = await assembly.core(root, observer)
        await stack.enter_async_context(_kept(*duties(core)))
        yield core


class _Records(NamedTuple):
    """What is on disk, and what is brought to the chats from there."""

    policy: PolicyFile
    journal: AuditJournal
    memory: Memory
    couriers: Couriers
    board: DurableBoard
    approvals: StoredApprovals


class _Assembly:
    """Opens each part once and lets the stack close it."""

    def __init__(
        self,
        settings: Settings,
        discovery: Discovery,
        clock: Clock,
        stack: AsyncExitStack,
        kind: Kind,
    ) -> None:
        self._kind: Kind = kind
        self._settings = settings
        self._discovery = discovery
        self._clock = clock
        self._stack = stack
        self._redactor = redactor_of(settings, discovery)

    async def core(self, root: Path, observer: Observer | None) -> Core:
        """Return the core; what writes is opened before what needs the network."""
        kept = await self._records(root)
        engine = self._engine(kept.memory)
        lying = folders(root, self._settings.state)
        playbooks = FolderPlaybooks([folder.path for folder in lying])
        runs = self._runs(playbooks, kept, engine)
        outside = await Opener(self._settings, self._clock, self._stack).open(self._discovery, root)
        admission = self._admission(kept.policy)
        shelf = self._shelf(root, admission, kept.policy)
        dispatcher = Dispatcher(
            admission=admission,
            journal=kept.journal,
            operations=engine,
            backends=outside.backends(kept.board, kept.approvals, kept.memory, runs, shelf),
            clock=self._clock,
            renew=Renewal(kept.policy.directory, kept.couriers.groups),
            observer=observer,
            redact=self._redactor.text,
            simulated=self._settings.simulated,
            grants=runs.grants,
        )
        runs.bind(dispatcher)
        return Core(
            settings=self._settings,
            discovery=self._discovery,
            clock=self._clock,
            redactor=self._redactor,
            policy=kept.policy,
            registry=admission.registry,
            memory=kept.memory,
            board=kept.board,
            approvals=kept.approvals,
            engine=engine,
            runs=runs,
            playbooks=playbooks,
            journal=kept.journal,
            couriers=kept.couriers,
            dispatcher=dispatcher,
            off=outside.off,
        )

    def _shelf(self, root: Path, admission: Admission, policy: PolicyFile) -> Shelf:
        """Return the playbooks as people look at them, with who could answer their questions."""
        council = self._discovery.telegram.council.members if self._discovery.telegram else ()
        voters = Electorate(council, policy.people)
        state, told = self._settings.state, self._outside()
        return shelf_of(root, state, admission, told, policy.directory, electorate=voters)

    async def _records(self, root: Path) -> _Records:
        """Open the journal first: nothing is written where it cannot be."""
        policy = policy_of(root / POLICY, self._discovery, self._clock)
        journal = await self._stack.enter_async_context(self._journal(policy))
        memory = await self._memory()
        couriers = await self._couriers(policy, memory)
        remote = memory.store.shared and self._kind != "bot"
        board = DurableBoard(memory.store, couriers.all, self._clock, remote=remote)
        await self._stack.enter_async_context(board)
        places = _council_places(self._discovery)
        approvals = StoredApprovals(memory.store, board, self._clock, places)
        return _Records(policy, journal, memory, couriers, board, approvals)

    def _journal(self, policy: PolicyFile) -> AuditJournal:
        path = self._settings.state / AUDIT_LOG
        return AuditJournal(
            LogSettings(path=path, keyring=keyring_of(self._settings)),
            redactor=self._redactor,
            clock=self._clock,
            policy=lambda: policy.guard.version,
            simulated=self._settings.simulated,
            patience=self._patience(),
        )

    def _patience(self) -> float:
        """Return how long to wait for the audit log: a terminal's short command may hold it."""
        lasting = self._kind == "terminal" or answers(self._settings.state / SOCKET_NAME)
        return 0.0 if lasting else _PATIENCE

    async def _couriers(self, policy: PolicyFile, memory: Memory) -> Couriers:
        return await open_couriers(
            self._settings,
            self._discovery,
            self._stack,
            directory=policy.directory,
            buttons=memory.buttons,
            clock=self._clock,
        )

    async def _memory(self) -> Memory:
        return await open_memory(
            self._settings, self._clock, self._stack, kind=self._kind, redactor=self._redactor
        )

    def _engine(self, memory: Memory) -> Engine:
        engine = Engine(
            self._settings.state,
            self._clock,
            database_url=self._settings.database,
            executor=memory.name,
            permit=memory.members.permit,
        )
        self._stack.push_async_callback(engine.stop)
        return engine

    def _runs(
        self,
        playbooks: FolderPlaybooks,
        kept: _Records,
        engine: Engine,
    ) -> DurableRuns:
        memory = kept.memory
        telegram, limits = self._discovery.telegram, self._discovery.limits
        return DurableRuns(
            Parts(
                store=memory.store,
                clock=self._clock,
                playbooks=playbooks,
                carrier=RunCarrier(engine, memory.members),
                approvals=kept.approvals,
                locks=memory.locks,
                heralds=self._heralds(),
                journal=kept.journal,
                outward=OutwardSteps(self._clock),
                secrets=self._secrets(),
                council=telegram.council.members if telegram else (),
                voters=kept.policy.people,
                redact=self._redactor.text,
                limits=RunLimits(
                    at_once=limits.runs_at_once,
                    waiting=limits.runs_waiting,
                    lock_wait=limits.runs_lock_wait.total_seconds(),
                    per_minute=limits.runs_per_minute,
                ),
            )
        )

    def _heralds(self) -> Heralds:
        return Heralds(self._told(), self._secrets(), hosts=self._discovery.playbooks.hosts)

    def _outside(self) -> Outside:
        return Outside(self._secrets(), self._told(), hosts=self._discovery.playbooks.hosts)

    def _secrets(self) -> SecretSources:
        """Return what playbooks may be told: not what providers are let in with, but to Slack."""
        named = named_variables(
            {name: each for name, each in self._discovery.providers.items()
             if each.notification is None}
        )  # fmt: skip
        theirs = chain.from_iterable(named.values())
        return SecretSources(
            self._clock,
            self._settings.variable,
            providers=theirs,
            simulated=self._settings.simulated,
        )

    def _told(self) -> tuple[SlackHerald, JiraHerald, DatadogHerald]:
        """Return who hears of runs where a playbook wants it."""
        clock, variable = self._clock, self._settings.variable
        jira = JiraHerald(clock, variable, simulated=self._settings.simulated)
        return SlackHerald(clock), jira, DatadogHerald(clock, variable)

    def _admission(self, policy: PolicyFile) -> Admission:
        limiter = RateLimiter(self._discovery.limits, self._clock)
        return Admission(registry_of(self._discovery), policy.guard, self._discovery, limiter)


def _council_places(discovery: Discovery) -> tuple[Place, ...]:
    """Return where questions to the council stand: its own thread, and #deployments."""
    places = []
    if discovery.telegram:
        places.append(Place(platform="telegram", room="council"))
    if discovery.discord and "#deployments" in discovery.discord.channels:
        places.append(Place(platform="discord", room="#deployments"))
    return tuple(places)


@asynccontextmanager
async def _kept(*duties: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Carry out lasting duties while the block runs."""
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(duty) for duty in duties]
        try:
            yield
        finally:
            for task in running:
                task.cancel()
