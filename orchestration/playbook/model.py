"""A playbook as a tree: what its author wrote, typed, with the position and the path of each part.

The tree is frozen and holds no values of a run. Durations are seconds everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.expression import Expression
    from orchestration.playbook.origin import Origin, Span
    from orchestration.playbook.template import Template

ParameterType = Literal[
    "string", "int", "number", "bool", "duration", "list", "secret", "user", "component",
    "environment", "service",
]  # fmt: skip
FailFast = Literal["cancel", "drain", "off"]
"""What a failure does to those beside it: stop them, begin no more, or nothing."""
OnTimeout = Literal["fail", "approve", "skip"]
RunEvent = Literal["start", "failure", "success"]
TriggerType = Literal["schedule", "event", "webhook"]
Plain: TypeAlias = str | int | float | bool | tuple["Plain", ...] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One value that a run is given."""

    name: str
    span: Span
    type: ParameterType = "string"
    description: str = ""
    required: bool = False
    default: Plain = None
    has_default: bool = False
    """Tells an absent default from ``null``: absent is not empty."""
    choices: tuple[Plain, ...] = ()
    pattern: str = ""
    minimum: float | None = None
    maximum: float | None = None
    implied: bool = False
    """Declared nowhere: a name that the file uses and that must therefore be given."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Secret:
    """A value that is fetched where it is used, and shown, stored and logged nowhere."""

    name: str
    span: Span
    source: Literal["environment", "vault"]
    variable: str = ""
    path: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """How often a failed attempt is repeated: ``more`` tries after the first."""

    more: int = 0
    delay: float = 1.0
    backoff: float = 2.0
    max_delay: float = 60.0
    jitter: bool = True
    max_elapsed: float | None = None
    when: Expression | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Common:
    """What every step may say."""

    path: str
    """Stable and unique in the playbook, such as ``roll/api/#1``; independent of any run."""
    name: str
    """What the author called it; empty for a step without a name."""
    span: Span
    label: str = ""
    """A free word of ``type:`` such as ``validation``; it means nothing to the engine."""
    description: str = ""
    condition: Expression | None = None
    retry: Retry = field(default_factory=Retry)
    timeout: float | None = None
    """For one attempt."""
    total_timeout: float | None = None
    """Over all attempts."""
    continue_on_error: bool = False
    recover: bool = False
    """Whether ``on_failure`` heals the step for the run; its own status stays."""
    on_failure: tuple[Step, ...] = ()
    on_success: tuple[Step, ...] = ()
    undo: tuple[Step, ...] = ()
    undo_failed: bool = False
    """Whether ``undo`` also runs when this step itself failed after it was begun."""
    locks: tuple[Template, ...] = ()
    idempotency_key: Template | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandStep(Common):
    """Runs one command of the registry as the run's starter."""

    command: CommandLine


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One of several that run at once."""

    name: str
    path: str
    span: Span
    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parallel(Common):
    """Runs its branches at once."""

    branches: tuple[Branch, ...]
    fail_fast: FailFast = "cancel"
    max_parallel: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Conditional(Common):
    """Runs one of two lists of steps, by ``test``."""

    test: Expression
    then: tuple[Step, ...] = ()
    otherwise: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ForEach(Common):
    """Runs its steps for each item; one after another unless ``max_parallel`` is above one."""

    items: Template | tuple[Template, ...]
    variable: str
    steps: tuple[Step, ...]
    max_parallel: int = 1
    fail_fast: FailFast = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group(Common):
    """Steps that share one condition, retry, timeout or handler."""

    steps: tuple[Step, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ApprovalStep(Common):
    """Waits for ``count`` yes votes of different people."""

    prompt: Template
    approvers: tuple[str, ...] = ()
    """People or roles; empty means the council."""
    count: int = 1
    exclude_requester: bool = True
    expires: float = 1800.0
    on_timeout: OnTimeout = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wait(Common):
    """Waits for a time, or until a condition holds (asked again ``every`` so many seconds)."""

    seconds: Template | None = None
    until: Expression | None = None
    command: CommandLine | None = None
    """Asked before each look at ``until``; its result is the step's own output."""
    every: float = 10.0
    limit: float | None = None
    """After so many seconds without ``until`` the step has timed out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubPlaybook(Common):
    """Runs another playbook with typed parameters."""

    playbook: str
    parameters: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class SetValues(Common):
    """Computes values; they are the step's output."""

    values: Mapping[str, Template]


@dataclass(frozen=True, slots=True, kw_only=True)
class Assert(Common):
    """Fails with ``message`` unless ``test`` holds."""

    test: Expression
    message: Template


@dataclass(frozen=True, slots=True, kw_only=True)
class Http(Common):
    """Calls an allow-listed host; off by default."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    url: Template
    headers: Mapping[str, Template]
    body: Template | None = None
    expect: tuple[int, ...] = ()
    """Statuses that count as success; empty means 200 to 299."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell(Common):
    """Runs an allow-listed program; off by default, never through a shell."""

    program: str
    arguments: tuple[Template, ...] = ()


Step: TypeAlias = (
    CommandStep
    | Parallel
    | Conditional
    | ForEach
    | Group
    | ApprovalStep
    | Wait
    | SubPlaybook
    | SetValues
    | Assert
    | Http
    | Shell
)


ACTING = (CommandStep, Http, Shell)
"""Kinds of steps that do something outside by themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """What starts a run by itself."""

    span: Span
    type: TriggerType
    cron: str = ""
    timezone: str = "UTC"
    source: str = ""
    event: str = ""
    condition: Expression | None = None
    """Asked of ``event``; only an event for which it holds starts a run."""
    url: str = ""
    """Where senders reach the webhook, for people: the bot's own address is in its settings."""
    parameters: Mapping[str, Plain] = field(default_factory=dict)
    """Fixed by the author: nobody outside can change them."""
    filled: Mapping[str, Template] = field(default_factory=dict)
    """Read from ``event``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Integration:
    """Who else hears of a run; it can never fail one."""

    span: Span
    type: Literal["slack", "jira", "datadog"]
    events: tuple[RunEvent, ...] = ("start", "failure", "success")
    settings: Mapping[str, Template] = field(default_factory=dict)
    """``webhook``, ``project``, ``create_issue_on_failure``, ``api_key``, ``track_metrics`` …"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Playbook:
    """The whole file."""

    name: str
    file: str
    digest: str
    """SHA-256 of the file as read: what an approval and a run are bound to."""
    steps: tuple[Step, ...]
    description: str = ""
    version: str = ""
    category: str = ""
    parameters: tuple[Parameter, ...] = ()
    variables: Mapping[str, Plain] = field(default_factory=dict)
    secrets: tuple[Secret, ...] = ()
    finally_: tuple[Step, ...] = ()
    outputs: Mapping[str, Template] = field(default_factory=dict)
    triggers: tuple[Trigger, ...] = ()
    integrations: tuple[Integration, ...] = ()
    locks: tuple[Template, ...] = ()
    idempotency_key: Template | None = None
    """Runs are started once for each of its values, whoever or whatever asks."""
    timeout: float | None = None
    """For the whole run, pauses and approvals not counted."""
    transaction: bool = False
    """All or nothing: a failure undoes the steps that completed, in reverse."""
    priority: int = 10
    """Lower runs first."""
    draft: bool = False
    """Imported and not approved: no triggers, no ``http``, no ``shell``."""
    places: Mapping[tuple[str, str], Origin] = field(
        default_factory=dict, compare=False, repr=False
    )
    """Where the texts of a step (its path; empty for the playbook) stand, by their keys."""
