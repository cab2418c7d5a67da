"""The shape of ``discovery.yml``: what exists, where it answers, and who hears of it."""

from __future__ import annotations

from datetime import timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tgk.bindings import AbsolutePath, CommandKey, Provider
from tgk.names import Channel, Name, Origin, PlaybookTitle, Repository, Snowflake


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Organisation(_Section):
    """Who runs this."""

    name: str = Field(description="shown as the headline of plain answers", max_length=80)
    url: str = Field(default="", description="the organisation's page")


class Discord(_Section):
    """The guild, its channels and which of its roles mean which of ours."""

    guild: Snowflake = Field(description="server id; right click the server, Copy Server ID")
    channels: dict[Channel, Snowflake] = Field(
        description="channel name to channel id; #deployments, #alerts and #prs get the reports"
    )
    roles: dict[Snowflake, Name] = Field(
        default={}, description="Discord role id to a role of rbac/policy.yml"
    )


class Council(_Section):
    """The Telegram chat that approves and gets every report."""

    chat: int = Field(description="chat id; TELEGRAM_COUNCIL_ID overrides it")
    thread: int | None = Field(default=25782, description="forum topic; null for the main chat")
    members: tuple[Name, ...] = Field(
        min_length=1, description="people of rbac/policy.yml who may approve"
    )


class Telegram(_Section):
    """The Telegram side."""

    council: Council


class Kubernetes(_Section):
    """Where a service runs."""

    deployment: Name = Field(description="name of the Deployment")
    namespace: Name = Field(default="default", description="where no environment says")
    container: str = Field(default="", description="whose image tag is the version; first if empty")


class LogSource(_Section):
    """Where a service's logs are kept."""

    source: Literal["loki", "cloudwatch"] = Field(default="loki", description="which of the two")
    selector: str = Field(default="", description='LogQL selector, such as {app="api"}')
    group: str = Field(default="", description="CloudWatch log group")


class MetricQueries(_Section):
    """PromQL of the figures on a status card; an empty one is not shown."""

    cpu: str = Field(default="", description="per cent; {environment} is filled in")
    error_rate: str = Field(default="", description="per cent of requests")
    latency_p95: str = Field(default="", description="milliseconds")
    cpu_limit: float = Field(default=80, description="per cent; drawn as a line in the picture")
    error_slo: float = Field(default=0.1, description="per cent")


class Pipeline(_Section):
    """The workflow that deploys."""

    repository: Repository = Field(description="owner/name")
    workflow: str = Field(description="file name under .github/workflows", pattern=r"\.ya?ml$")
    ref: str = Field(default="main", description="branch whose workflow file is used")


class Replicas(_Section):
    """Bounds that /scale keeps to."""

    min: int = Field(default=0, ge=0, description="the fewest")
    max: int = Field(default=10, ge=1, le=1000, description="the most")


class Service(_Section):
    """One thing that runs."""

    summary: str = Field(default="", max_length=100, description="what it is for")
    kubernetes: Kubernetes
    logs: LogSource = LogSource()
    metrics: MetricQueries = MetricQueries()
    replicas: Replicas = Replicas()
    deploy: Pipeline | None = Field(default=None, description="instead of the environment's")
    aliases: tuple[Name, ...] = Field(
        default=(), description="other names of it as a component, such as backend"
    )
    runbook: str = Field(default="", description="link or path under docs/runbooks")
    dashboard: str = Field(default="", description="link on the status card")

    def beside(self, ending: str) -> Service:
        """Return what runs beside it, such as a canary: a Deployment with this ending."""
        other = f"{self.kubernetes.deployment}{ending}"
        where = self.kubernetes.model_copy(update={"deployment": other})
        return self.model_copy(update={"kubernetes": where})


class Environment(_Section):
    """One place where services run."""

    protected: bool = Field(default=False, description="deployments ask, and the council approves")
    default: bool = Field(default=False, description="meant when a command names no environment")
    context: str = Field(default="", description="kubeconfig context; the current one if empty")
    namespace: str = Field(default="", description="instead of the service's own namespace")
    aliases: tuple[Name, ...] = Field(default=(), description="other names of it, such as dev")
    slots: tuple[Name, ...] = Field(
        default=(), description="parts of it that take turns, such as blue and green"
    )
    deploy: Pipeline | None = Field(default=None, description="without it, nothing is deployed")
    approvals: int = Field(default=1, ge=1, le=9, description="yes votes a deployment needs")
    approval_expires: timedelta = Field(
        default=timedelta(minutes=30), description="seconds until an unanswered question ends"
    )


class Agent(_Section):
    """Which model answers /ask in a channel."""

    channels: tuple[Channel, ...] = Field(default=(), description="empty: every other channel")
    model: str = Field(default="gpt-4o-mini", description="name as the server knows it")
    base_url: str = Field(default="", description="any chat-completions server; OPENAI_BASE_URL")
    prompt: str = Field(default="", description="added to the instructions", max_length=4000)


class Route(_Section):
    """Which repository events go to which channel."""

    event: Literal["pull_request", "check_suite", "push", "workflow_run", "release"] = Field(
        description="GitHub's name of it"
    )
    channel: Channel = Field(description="where it is shown")
    actions: tuple[str, ...] = Field(default=(), description="empty: all")
    branches: tuple[str, ...] = Field(
        default=(), description="globs, such as release/*; empty: all"
    )
    repositories: tuple[Repository, ...] = Field(default=(), description="empty: all")


class TriggerBounds(_Section):
    """Lets a playbook be started by its triggers."""

    per_hour: int = Field(
        default=12, ge=1, le=3600,
        description="most runs that events and webhooks start within an hour",
    )  # fmt: skip


class EventGateway(_Section):
    """Routing of webhooks, and what they may start."""

    routes: tuple[Route, ...] = ()
    triggers: dict[PlaybookTitle, TriggerBounds] = Field(
        default={},
        description="playbooks that their triggers may start, each with the rights that "
        "rbac/policy.yml gives to `trigger:<playbook>` under sources; others start nothing",
    )


class CommandEntry(_Section):
    """Switches a command or a family on; what is not listed is not offered."""

    channels: tuple[Channel, ...] = Field(default=(), description="only there; empty: everywhere")
    per_minute: int | None = Field(default=None, ge=1, description="calls by one person")


class Limits(_Section):
    """Bounds that keep one person from drowning the others."""

    per_minute: int = Field(default=60, ge=1, description="commands by one person")
    log_lines: int = Field(default=5000, ge=1, le=5000, description="most that /logs fetches")
    runs_at_once: int = Field(default=5, ge=1, le=100, description="playbooks that work at once")
    runs_waiting: int = Field(
        default=200, ge=1, le=10_000, description="runs that have not ended, waiting ones included"
    )
    runs_per_minute: int = Field(default=30, ge=1, description="runs that one person starts")
    runs_lock_wait: timedelta = Field(
        default=timedelta(hours=1), description="seconds that a run waits for a lock at most"
    )


class OutsideSteps(_Section):
    """What steps of type `http` and `shell` may reach; nothing unless it is listed."""

    hosts: tuple[Origin, ...] = Field(
        default=(), description="such as https://api.example.com; only they are called"
    )
    programs: dict[Name, AbsolutePath] = Field(
        default={}, description="name in playbooks to the program's full path"
    )


class Redaction(_Section):
    """What else must never be shown or stored, beside the built-in rules."""

    keys: tuple[str, ...] = Field(default=(), description="argument names, such as session")
    patterns: tuple[str, ...] = Field(default=(), description="regular expressions")


class Discovery(_Section):
    """The whole file."""

    org: Organisation
    discord: Discord | None = None
    telegram: Telegram | None = None
    environments: dict[Name, Environment] = Field(min_length=1)
    services: dict[Name, Service] = Field(min_length=1)
    agents: dict[Name, Agent] = {}
    event_gateway: EventGateway = EventGateway()
    commands: dict[str, CommandEntry] = Field(min_length=1)
    providers: dict[CommandKey, Provider] = Field(
        default={}, description="a command such as `infra deploy`, or a family, to who does it"
    )
    limits: Limits = Limits()
    redaction: Redaction = Redaction()
    playbooks: OutsideSteps = OutsideSteps()
    documents: tuple[str, ...] = Field(
        default=("docs/runbooks",), description="folders that /ask searches, beside this file"
    )

    @property
    def default_environment(self) -> str:
        """The environment meant when none is named: the marked one, else the first."""
        marked = [name for name, entry in self.environments.items() if entry.default]
        return marked[0] if marked else next(iter(self.environments))

    def switched_on(self, command: str) -> str | None:
        """The entry under ``commands:`` that a command goes by: its own, else its family's."""
        found = (name for name in (command, command.partition(" ")[0]) if name in self.commands)
        return next(found, None)

    @property
    def places(self) -> tuple[str, ...]:
        """Every environment, and every slot of one."""
        slots = (slot for entry in self.environments.values() for slot in entry.slots)
        return (*self.environments, *slots)

    @property
    def components(self) -> tuple[str, ...]:
        """Every service, and every other name of one."""
        aliases = (alias for entry in self.services.values() for alias in entry.aliases)
        return (*self.services, *aliases)

    def place_named(self, name: str) -> str:
        """Return the environment that another name of it means, else the name itself."""
        meant = (own for own, entry in self.environments.items() if name in entry.aliases)
        return name if name in self.environments else next(meant, name)

    def environment_of(self, place: str) -> str:
        """Return the environment that a place is or belongs to, else the name itself."""
        slotted = (name for name, entry in self.environments.items() if place in entry.slots)
        return place if place in self.environments else next(slotted, self.place_named(place))

    def service_of(self, component: str) -> str:
        """Return the service that a component is, else the name itself."""
        meant = (name for name, entry in self.services.items() if component in entry.aliases)
        return component if component in self.services else next(meant, component)

    def provider_of(self, command: str) -> Provider | None:
        """Return who does a command: its own provider, else its family's, else none."""
        return self.providers.get(command) or self.providers.get(command.partition(" ")[0])

    def agent_for(self, channel: str) -> tuple[str, Agent] | None:
        """The agent of a channel, else the one for every other channel, else none."""
        general = None
        for name, agent in self.agents.items():
            if channel in agent.channels:
                return name, agent
            if not agent.channels and general is None:
                general = (name, agent)
        return general
