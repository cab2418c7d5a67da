"""The playbooks there are: read, searched, checked, imported and written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from tgk.caller import Caller
    from tgk.ports.runs import RunRequest, RunView

Origin = Literal["library", "own", "draft"]
"""Shipped or written by the operator; drafts were imported or created in a chat.

A draft may be checked and simulated; it runs nothing before somebody publishes it.
"""
ORIGINS: Mapping[Origin, str] = {
    "library": "came with the program", "own": "one of your own", "draft": "a draft",
}  # fmt: skip
"""Where a playbook is from, in words."""
TemplateName = Literal["blank", "deployment", "maintenance", "recovery"]


class _Shape(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Wanted(_Shape):
    """A parameter, for people who must fill it in."""

    name: str
    type: str = "string"
    required: bool = False
    default: str = ""
    description: str = ""
    choices: tuple[str, ...] = ()


class Entry(_Shape):
    """One playbook on the shelf."""

    name: str
    description: str = ""
    category: str = ""
    version: str = ""
    origin: Origin
    file: str
    """Its path on the machine of the bot."""
    steps: int = 0
    parameters: tuple[Wanted, ...] = ()
    errors: int = 0
    warnings: int = 0


class Source(_Shape):
    """The text of a playbook."""

    name: str
    file: str
    text: str
    origin: Origin


class Finding(_Shape):
    """One thing to mend, in the words of the checker."""

    code: str
    severity: Literal["error", "warning", "note"]
    line: int
    column: int
    message: str
    help: str = ""


class Gate(_Shape):
    """One question asked before anything runs."""

    name: str
    passed: bool | None
    """None: it could not be asked, or depends on what happens."""
    note: str = ""


class Examination(_Shape):
    """What the checker found."""

    name: str
    file: str
    findings: tuple[Finding, ...] = ()
    text: str = ""
    """As a compiler would print it, with the source lines."""
    sarif: dict[str, Any] = {}
    annotations: tuple[str, ...] = ()
    """Workflow commands that GitHub shows beside the lines."""
    gates: tuple[Gate, ...] = ()
    """Dependencies that were looked at."""
    draft: bool = False
    triggers: str = ""
    """Why its own triggers start nothing, or only what is refused; empty where all is well."""
    provided: tuple[str, ...] = ()
    """The commands that somebody outside would do, where dependencies are to be looked at."""
    fixed: str = ""
    """The text with the certain faults mended; empty when there is nothing to mend."""
    diff: str = ""

    @property
    def errors(self) -> int:
        """How many of the findings keep it from running."""
        return sum(each.severity == "error" for each in self.findings)


class PlanRow(_Shape):
    """One step of a plan."""

    path: str
    depth: int = 0
    what: str
    state: Literal["runs", "skipped", "depends"]
    note: str = ""
    """On what it depends, how often it is tried, how long at most."""


class OutcomeRow(_Shape):
    """One step of a simulation, and what follows each of its ends."""

    path: str
    """Empty for a heading, such as a branch."""
    depth: int = 0
    what: str
    state: Literal["runs", "depends", "skipped", "unreached"]
    note: str = ""
    asks: str = ""
    """What people are asked, and whose yes it takes; only of a step that waits for them."""
    attempts: int = 1
    longest: float | None = None
    """Seconds with all attempts, pauses and handlers; None where something has no limit."""
    success: str = ""
    failure: str = ""
    """What follows an attempt that fails."""
    exhausted: str = ""
    """What follows the last attempt that fails."""


class Simulation(_Shape):
    """A run on paper: what would happen, and what else could."""

    playbook: str
    digest: str
    parameters: dict[str, Any] = {}
    unknown: tuple[str, ...] = ()
    """Required parameters that are not given: whatever depends on them stays open."""
    assumed: str = ""
    rows: tuple[OutcomeRow, ...] = ()
    ends: Literal["succeeds", "fails", "depends"]
    """How the body ends as far as it is known; what nothing is assumed of succeeds."""
    longest: float | None = None
    """Seconds at the very most, people who take their time included."""
    waiting: float = 0.0
    """Seconds of it that are people's."""
    unlimited: tuple[str, ...] = ()
    """Steps that have no limit."""
    unreached: tuple[str, ...] = ()
    """Steps that do not run."""


class Call(_Shape):
    """One command that a run would come to."""

    path: str
    command: str
    arguments: dict[str, Any] = {}
    """As far as they are known before anything has run."""
    complete: bool = True
    """Whether all of them are known."""
    later: tuple[str, ...] = ()
    """Those that are given, with a value that only the run will tell."""
    depends: bool = False
    """Whether it is not known if it runs."""


class Plan(_Shape):
    """What a run would do; nothing was done to find out."""

    playbook: str
    digest: str
    parameters: dict[str, Any] = {}
    gates: tuple[Gate, ...] = ()
    rows: tuple[PlanRow, ...] = ()
    calls: tuple[Call, ...] = ()
    questions: tuple[str, ...] = ()
    """What its approval steps would ask, each behind the path of its step."""
    locks: tuple[str, ...] = ()
    """What it holds while it runs; a part that is not known yet stays as written."""
    longest: float | None = None
    """Seconds at the very most; None where something has no limit."""

    @property
    def allowed(self) -> bool:
        """Whether every gate that could be asked is open."""
        return all(gate.passed is not False for gate in self.gates)


class Playbooks(Protocol):
    """The shelf. Names that do not exist raise Missing with some that look alike."""

    async def entries(self) -> tuple[Entry, ...]:
        """Return all, by name; one that cannot be read is listed with its errors."""

    async def source(self, name: str) -> Source:
        """Return the text of one."""

    async def save(self, name: str, text: str, *, who: str, replace: bool = True) -> Entry:
        """Keep a text as a draft, and what it replaces beside it.

        Raises Conflict for a name that another origin has, and without ``replace`` for one that
        another draft has, naming who wrote it and when.
        """

    async def publish(self, name: str, text: str, *, who: str) -> Entry:
        """Make a draft one of our own, if this is still its text.

        Raises ConfigurationInvalid while it has errors, Conflict for another text by now, and
        where it would take the file of another playbook.
        """

    async def mend(self, name: str, text: str) -> Entry:
        """Replace the text of one that is ours to write; raises Refused for a shipped one."""

    async def examine(
        self, name: str, *, caller: Caller, environment: str = "", dependencies: bool = False
    ) -> Examination:
        """Check one; with ``dependencies`` also what it needs outside its own text."""

    async def plan(self, request: RunRequest, caller: Caller) -> Plan:
        """Ask every gate of a real run, and walk through it without doing anything.

        What is not known stays open, and both branches are shown. Raises InvalidRequest naming
        every fault of the parameters.
        """

    async def simulate(self, name: str, *, environment: str = "", outcomes: str = "") -> Simulation:
        """Walk through a run of which only the environment is given.

        ``outcomes`` is a table such as ``deploy-api: fail,fail,ok; verify: ok``: how steps are
        assumed to end, attempt by attempt. Raises InvalidRequest for a step that there is not.
        """

    async def outline(self, name: str, caller: Caller, *, now: datetime) -> RunView | None:
        """Return one as a run that has not begun, to be drawn; None where it cannot be read."""

    def template(self, template: TemplateName, *, name: str, description: str) -> str:
        """Return the text of a new playbook."""
