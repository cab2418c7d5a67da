"""What one invocation brings along, from the surface to the dispatcher and to the handler."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, Protocol

from tgk.reply import Reply

if TYPE_CHECKING:
    from tgk.backends import Backends
    from tgk.caller import Caller
    from tgk.discovery import Discovery
    from tgk.doors import Door
    from tgk.guard import Decision
    from tgk.options import Option, Request
    from tgk.outcome import Outcome
    from tgk.ports.board import Place
    from tgk.ports.council import ApprovalRule
    from tgk.ports.operations import Steps
    from tgk.ports.time import Clock

Show = Callable[[Reply], Awaitable[None]]


async def show_nothing(reply: Reply) -> None:
    """Ignore progress, for callers that only want the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """What a surface knows when somebody asks: a name, raw arguments and a caller."""

    name: str
    raw: Mapping[str, object]
    caller: Caller
    delivery: str
    """Unique, such as ``telegram:4711``: the same one again is answered from the first."""
    door: Door
    confirmed: bool = False
    """Whether a confirmation button was pressed or ``--yes`` was given."""
    pleads: bool = False
    """Whether the council is asked to let the caller do it once, should the right be missing."""
    key: str = ""
    """What other systems are told, so that they do it once; empty: the id of this invocation."""
    origin: Place | None = None
    """Where a durable answer belongs; None for surfaces that wait for the outcome."""
    show: Show = field(default=show_nothing)


class Listed(Protocol):
    """What one command may know of another."""

    @property
    def name(self) -> str:
        """One word, or a family and a verb."""

    @property
    def family(self) -> str:
        """The first of two words; empty for a command of one word."""

    @property
    def verb(self) -> str:
        """The second of two words; empty for a command of one word."""

    @property
    def default_verb(self) -> bool:
        """Whether the family's name alone means this one."""

    @property
    def permission(self) -> str:
        """The object in the policy."""

    @property
    def effect(self) -> Literal["read", "change"]:
        """Whether it may change anything."""

    @property
    def summary(self) -> str:
        """The first line of the help."""

    @property
    def usage(self) -> str:
        """The command line with its options."""

    @property
    def options(self) -> tuple[Option, ...]:
        """The options in positional order."""

    @property
    def request(self) -> type[Request]:
        """The shape of what it is asked."""


class Access(Protocol):
    """What the caller may see of the registry, answered by the dispatcher."""

    def allowed(self) -> tuple[Listed, ...]:
        """Return the listed commands that the caller may run somewhere, by name."""

    def known(self) -> tuple[Listed, ...]:
        """Return every listed command of this door, whoever may run it."""

    def unlisted(self) -> tuple[Listed, ...]:
        """Return the other commands of this door: buttons and options lead to them."""

    def decide(self, name: str, raw: Mapping[str, object]) -> Decision:
        """Say whether the caller could run this."""

    async def dispatch(self, name: str, raw: Mapping[str, object]) -> Outcome:
        """Run a read-only command as the same caller, checked and audited like any other."""

    async def rehearse(self, name: str, raw: Mapping[str, object], context: Context) -> None:
        """Ask a command whether it could be done now; raises what speaks against it."""

    def question(self, name: str, raw: Mapping[str, object]) -> ApprovalRule | None:
        """Return what the council would be asked first; raises InvalidRequest."""

    def may(self, name: str, given: Mapping[str, object]) -> bool:
        """Say whether some complete form of a half-given request could be allowed."""

    def explain(self, permission: str, action: str = "-") -> Decision:
        """Say who may use a permission, or one verb of it, anywhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Everything a handler may use; never stored."""

    invocation: Invocation
    corr: str
    """Joins the audit records of this invocation."""
    discovery: Discovery
    backends: Backends
    clock: Clock
    steps: Steps
    access: Access
    show: Show
    """Shows progress: the last one wins, and the end replaces it."""
    redact: Callable[[str], str]
    """Masks secrets in foreign text; everything from logs and models passes it."""
    simulated: bool = False
    """Whether the world behind the ports is the sandbox."""

    @property
    def caller(self) -> Caller:
        """Who asks."""
        return self.invocation.caller

    @property
    def key(self) -> str:
        """What names this to other systems: the same key again is the same effect."""
        return self.invocation.key or self.corr
