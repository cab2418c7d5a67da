"""Loads ``discovery.yml`` whole or not at all: every fault at once, each with its place."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from typing import TYPE_CHECKING

from bot.runtime.provider_faults import ProviderFaults, named_in, operable
from rbac.loading import load_policy
from tgk.discovery import Discovery
from tgk.errors import ConfigurationInvalid
from tgk.families import heads
from tgk.suggest import nearest
from tgk.yaml_faults import boolean_faults, validated
from tgk.yaml_marks import Document, Fault, Mark, read, refusal
from tgk.yaml_marks import Path as Place

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from bot.runtime.provider_faults import Operable
    from rbac.policy import Policy

SHAPES = {
    r"^[a-z0-9][a-z0-9._-]{0,62}$": "lower-case letters, digits, ., _ and -, at most 63",
    r"^[A-Za-z_][A-Za-z0-9_-]{0,63}$": "the name of a playbook, such as incident-response",
    r"^#[a-z0-9][a-z0-9_-]{0,98}$": 'a channel in quotes, such as "#deployments"',
    r"^[0-9]{15,20}$": "an id of 15 to 20 digits in quotes; in Discord: right click, Copy ID",
    r"^[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+$": "owner/name, as in the repository's address",
    r"\.ya?ml$": "a file name under .github/workflows, such as deploy.yml",
    r"^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)?$": "a command, such as `infra deploy`, or a family",
    r"^(https?://[A-Za-z0-9.:\[\]-]+|\$\{[A-Z][A-Z0-9_]*\})(/\S*)?$": (
        "https://host/path or ${VARIABLE}/path; arguments stand behind the host only"
    ),
    r"^\$\{[A-Z][A-Z0-9_]*\}$": "a variable of the environment, such as ${SLACK_WEBHOOK}",
    r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$": "a place in the answer, such as links.page",
    r"^/\S*$": "a full path",
}

Faults = Iterator[Fault]


def load_discovery(
    path: Path,
    *,
    policy: Policy | None = None,
    commands: Collection[str] | None = None,
    operations: Mapping[str, Operable] | None = None,
) -> Discovery:
    """Load the file; with a policy and the commands, what refers to them is checked too.

    Raises ConfigurationInvalid naming every fault as ``file:line:column: what; what to write``.
    """
    try:
        source = path.read_bytes()
    except OSError as error:
        hint = "start in its folder, or name the file with TGK_CONFIG or --config"
        fault = Fault(Mark(1, 1), f"it cannot be read ({error.strerror})", hint)
        raise refusal(str(path), [fault]) from error
    return parse_discovery(
        source, str(path), policy=policy, commands=commands, operations=operations
    )


def checked_estate(config: Path) -> Discovery:
    """Load discovery.yml and the policy beside it against one another and every command."""
    import commands
    from tgk.registry import collect, grantable

    found = list(collect(commands))
    names = [entry.name for entry in found]
    return load_estate(
        config,
        config.resolve().parent / "rbac" / "policy.yml",
        {*heads(names), *names},
        grantable(found),
        operable(found),
    )


def load_estate(
    path: Path,
    policy: Path,
    commands: Collection[str],
    permissions: Collection[str] | None = None,
    operations: Mapping[str, Operable] | None = None,
) -> Discovery:
    """Load discovery and policy against one another; one refusal names the faults of both."""
    faults: list[str] = []
    people = discovery = None
    try:
        people = load_policy(policy, permissions=permissions).policy
    except ConfigurationInvalid as refused:
        faults += refused.faults
    try:
        discovery = load_discovery(path, policy=people, commands=commands, operations=operations)
    except ConfigurationInvalid as refused:
        faults = [*refused.faults, *faults]
    if discovery is not None and not faults:
        faults += _faults_with_roles(policy, discovery, permissions)
    if discovery is None or faults:
        what = "The configuration has " + (
            "a fault." if len(faults) == 1 else f"{len(faults)} faults."
        )
        raise ConfigurationInvalid(what, faults, remedy="Mend it and start again.")
    return discovery


def _faults_with_roles(
    policy: Path, discovery: Discovery, permissions: Collection[str] | None
) -> Sequence[str]:
    """Return what is wrong with a sound policy once Discord's roles are known."""
    try:
        load_policy(policy, discovery.discord.roles if discovery.discord else {}, permissions)
    except ConfigurationInvalid as refused:
        return refused.faults
    return ()


def parse_discovery(
    source: bytes,
    file: str,
    *,
    policy: Policy | None = None,
    commands: Collection[str] | None = None,
    operations: Mapping[str, Operable] | None = None,
) -> Discovery:
    """Return the estate a text describes; raises like ``load_discovery``."""
    document = read(source, file)
    discovery, faults = validated(document, Discovery, SHAPES)
    faults += document.faults
    if discovery is not None:
        faults += boolean_faults(document, discovery)
        faults += _Checks(discovery, document).faults(policy, commands)
        faults += ProviderFaults(discovery, document, operations)
    if discovery is None or faults:
        raise refusal(file, faults)
    return discovery


class _Checks:
    """What only the whole file can show: names that lead nowhere, and bounds that contradict."""

    def __init__(self, discovery: Discovery, document: Document) -> None:
        self._estate = discovery
        self._document = document

    def faults(self, policy: Policy | None, commands: Collection[str] | None) -> Iterable[Fault]:
        return chain(
            self._channels(),
            self._environments(),
            self._protection(),
            self._services(),
            self._agents(),
            self._patterns(),
            self._policy(policy) if policy else (),
            self._commands(commands) if commands is not None else (),
        )

    def _fault(self, path: Place, what: str, instead: str, *, key: bool = False) -> Fault:
        return self._document.fault(path, what, instead, key=key)

    def _channels(self) -> Faults:
        known = named_in(self._document, ("discord", "channels"))
        if known is None:
            return
        for path in self._places_of_channels():
            channel = self._written(path)
            if isinstance(channel, str) and channel.startswith("#") and channel not in known:
                what = f'discord.channels has no "{channel}"'
                yield self._fault(path, what, _meant(channel, known, "add it there with its id"))

    def _places_of_channels(self) -> Iterator[Place]:
        """Return where channels are named, in what is at fault otherwise as well."""
        for position in range(self._length(("event_gateway", "routes"))):
            yield ("event_gateway", "routes", position, "channel")
        for section in ("agents", "commands"):
            entries = self._document.node((section,))
            for name in entries.keys if entries else ():
                path = (section, name, "channels")
                yield from ((*path, position) for position in range(self._length(path)))

    def _written(self, path: Place) -> object:
        node = self._document.node(path)
        return node.value if node else None

    def _length(self, path: Place) -> int:
        written = self._written(path)
        return len(written) if isinstance(written, list) else 0

    def _environments(self) -> Faults:
        marked = [name for name, entry in self._estate.environments.items() if entry.default]
        for name in marked[1:]:
            what = f"{name} is a second default environment beside {marked[0]}"
            yield self._fault(("environments", name, "default"), what, "keep one default: true")
        for name, entry in self._estate.environments.items():
            if entry.approval_expires.total_seconds() <= 0:
                path = ("environments", name, "approval_expires")
                yield self._fault(path, "an approval would expire at once", "write more than 0")

    def _protection(self) -> Faults:
        is_there = self._document.node(("telegram",)) is not None
        voters = self._length(("telegram", "council", "members"))
        for name, entry in self._estate.environments.items():
            path = ("environments", name)
            if entry.protected and not is_there:
                hint = "add telegram.council with its chat and members"
                what = f"{name} is protected, but there is no council to ask"
                yield self._fault((*path, "protected"), what, hint)
            elif entry.protected and 0 < voters < entry.approvals:
                what = f"{name} needs {entry.approvals} approvals, the council has only {voters}"
                yield self._fault((*path, "approvals"), what, f"write at most {voters}")

    def _services(self) -> Faults:
        for name, service in self._estate.services.items():
            path = ("services", name)
            bounds = [self._written((*path, "replicas", name)) for name in ("min", "max")]
            sound = all(bound is None or isinstance(bound, int) for bound in bounds)
            if sound and service.replicas.min > service.replicas.max:
                low, high = service.replicas.min, service.replicas.max
                what = f"{name} wants at least {low} and at most {high} replicas"
                hint = f"write a min of {high} or less, or raise max"
                yield self._fault((*path, "replicas", "min"), what, hint)
            if service.logs.source == "cloudwatch" and not self._written((*path, "logs", "group")):
                what = f"{name} keeps its logs in CloudWatch, but names no group"
                yield self._fault((*path, "logs", "source"), what, "add `group: /aws/…`")

    def _agents(self) -> Faults:
        answering: dict[str, str] = {}
        for name, agent in self._estate.agents.items():
            for channel in agent.channels or ("every other channel",):
                first = answering.setdefault(channel, name)
                if first != name:
                    what = f"agent {name} never answers in {channel}: {first} does"
                    yield self._fault(("agents", name), what, "name its own channels", key=True)

    def _patterns(self) -> Faults:
        for position, pattern in enumerate(self._estate.redaction.patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                path = ("redaction", "patterns", position)
                hint = "escape its special characters"
                yield self._fault(path, f"this is no regular expression: {error.msg}", hint)

    def _policy(self, policy: Policy) -> Faults:
        telegram, discord = self._estate.telegram, self._estate.discord
        for position, person in enumerate(telegram.council.members if telegram else ()):
            if person not in policy.members:
                hint = _meant(person, policy.members, "add them to members: of rbac/policy.yml")
                path = ("telegram", "council", "members", position)
                yield self._fault(path, f'the policy has no member "{person}"', hint)
        for group, role in (discord.roles if discord else {}).items():
            if role not in policy.roles:
                hint = _meant(role, policy.roles, f"known roles: {', '.join(policy.roles)}")
                what = f'the policy has no role "{role}"'
                yield self._fault(("discord", "roles", group), what, hint)

    def _commands(self, known: Collection[str]) -> Faults:
        for name in self._estate.commands:
            if name not in known:
                hint = _meant(name, known, "remove it; `tgk help` lists every command")
                yield self._fault(("commands", name), f"there is no command {name}", hint, key=True)


def _meant(name: str, known: Iterable[str], otherwise: str) -> str:
    near = nearest(name, known)
    return f'did you mean "{near[0]}"?' if near else otherwise
