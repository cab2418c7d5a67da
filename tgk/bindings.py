"""The shape of ``providers:`` in ``discovery.yml``: who does what an operations command asks for.

``{name}`` in a text is an argument of the command, ``${NAME}`` a variable of the environment.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict, Field

from tgk.names import Channel, Name, Repository

CommandKey = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*( [a-z][a-z0-9-]*)?$")]
OutputName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")]
AnswerPath = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$")]
WebTarget = Annotated[
    str, Field(pattern=r"^(https?://[A-Za-z0-9.:\[\]-]+|\$\{[A-Z][A-Z0-9_]*\})(/\S*)?$")
]
"""Its host holds no argument: what is called is fixed here, or by the environment."""
VariableText = Annotated[str, Field(pattern=r"^\$\{[A-Z][A-Z0-9_]*\}$")]
HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
AbsolutePath = Annotated[str, Field(pattern=r"^/\S*$")]
OptionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]{0,62}$")]
Severity: TypeAlias = Literal["info", "low", "medium", "high", "critical"]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GitHubBinding(_Section):
    """A workflow that is started and followed to its end."""

    repository: Repository = Field(description="owner/name")
    workflow: str = Field(description="file name under .github/workflows", pattern=r"\.ya?ml$")
    ref: str = Field(default="main", description="branch whose workflow file is used")
    inputs: dict[str, str] = Field(
        default={}, description='input to text, such as "{version}"; left out when not given'
    )
    within: float = Field(default=3600, gt=0, le=86400, description="seconds until it is given up")


class KubernetesBinding(_Section):
    """Something done to the component's Deployment, watched until its pods are ready."""

    action: Literal["scale", "rollback", "image"] = Field(
        description="replicas, the ReplicaSet before, or another image tag"
    )
    canary: str = Field(
        default="-canary", description="ending of the Deployment that takes the canary's share"
    )
    within: float = Field(default=300, gt=0, le=3600, description="seconds until pods are ready")


class Following(_Section):
    """How a long job behind an address is followed to its end."""

    at: AnswerPath = Field(description="where the answer says how to look, such as links.self")
    state: AnswerPath = Field(default="status", description="where the job says how it stands")
    running: tuple[str, ...] = Field(
        default=("queued", "pending", "running"), description="states in which it goes on"
    )
    every: float = Field(default=2, ge=0.2, le=60, description="seconds between looks")
    within: float = Field(default=1800, gt=0, le=86400, description="seconds until it is given up")


class HttpBinding(_Section):
    """One call of one address; redirects are not followed."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"] = Field(
        default="POST", description="HTTP method"
    )
    url: WebTarget = Field(description="address; {name} is filled in behind the host only")
    headers: dict[HeaderName, str] = Field(
        default={}, description='such as Authorization: "Bearer ${OPERATIONS_TOKEN}"'
    )
    body: dict[str, Any] | None = Field(
        default=None, description='JSON; a lone "{name}" keeps its type, or is left out'
    )
    success: tuple[Annotated[int, Field(ge=100, le=599)], ...] = Field(
        default=(), description="statuses that mean done; empty: 200 to 299"
    )
    output: dict[OutputName, AnswerPath] = Field(
        default={}, description="output to its place in the answer; success may be one of them"
    )
    timeout: float = Field(default=30, gt=0, le=600, description="seconds for one call")
    repeatable: bool = Field(
        default=False, description="the other side knows Idempotency-Key: a lost call is repeated"
    )
    follow: Following | None = Field(default=None, description="when the answer is only a receipt")


class ProcessBinding(_Section):
    """A program on this machine, started without a shell."""

    argv: tuple[str, ...] = Field(min_length=1, description="full path and fixed first words")
    options: dict[OptionName, str] = Field(
        default={}, description='option to text, handed on as --option=value; "{name}" is filled in'
    )
    directory: AbsolutePath = Field(default="/", description="where it runs")
    environment: dict[VariableName, str] = Field(
        default={}, description="all it is given, beside PATH, TGK_COMMAND and TGK_KEY"
    )
    timeout: float = Field(default=300, gt=0, le=86400, description="seconds until it is ended")
    output: dict[OutputName, AnswerPath] = Field(
        default={}, description="output to its place in the JSON that it writes"
    )


class PrometheusBinding(_Section):
    """A figure that must be good enough, by itself or beside an earlier one."""

    query: str = Field(description="PromQL with one number; {environment} and others are filled in")
    threshold: float | None = Field(
        default=None, description="bound when none is asked for; per cent beside a baseline"
    )
    better: Literal["higher", "lower"] = Field(
        default="higher", description="which side of the bound is good"
    )
    baselines: dict[Name, str] = Field(
        default={}, description="name, such as previous, to the PromQL it stands for"
    )
    figure: str = Field(default="", max_length=60, description="what is measured, in words")


class NotificationTarget(_Section):
    """One place to tell; exactly one of its ways is named."""

    channel: Channel | None = Field(default=None, description="Discord channel")
    council: bool = Field(default=False, description="the Telegram council")
    slack: VariableText | None = Field(
        default=None, description="variable with an incoming webhook, as in ${SLACK_WEBHOOK}"
    )
    pagerduty: VariableText | None = Field(
        default=None, description="variable with a routing key of Events API v2"
    )
    opsgenie: VariableText | None = Field(default=None, description="variable with an API key")
    url: WebTarget | None = Field(
        default=None, description="another address of PagerDuty or Opsgenie, such as the EU's"
    )
    teams: tuple[Name, ...] = Field(default=(), description="only for these; empty: every team")
    severities: tuple[Severity, ...] = Field(default=(), description="only for these; empty: all")


class NotificationBinding(_Section):
    """Who is told."""

    targets: tuple[NotificationTarget, ...] = Field(
        description="each that fits team and severity is told"
    )


class Provider(_Section):
    """Who does a command; exactly one of the kinds is named."""

    component: Name | None = Field(
        default=None, description="meant when a command names none; without it, every service"
    )
    github: GitHubBinding | None = Field(default=None, description="a workflow")
    kubernetes: KubernetesBinding | None = Field(default=None, description="the cluster itself")
    http: HttpBinding | None = Field(default=None, description="an address")
    process: ProcessBinding | None = Field(default=None, description="a program")
    prometheus: PrometheusBinding | None = Field(default=None, description="a figure")
    notification: NotificationBinding | None = Field(default=None, description="people")

    @property
    def kinds(self) -> tuple[str, ...]:
        """Every kind that is named; a sound provider has one."""
        named = (name for name in type(self).model_fields if name != "component")
        return tuple(name for name in named if getattr(self, name) is not None)
