"""What a command answers: blocks that each surface renders within its own limits.

Nothing here is platform text. Renderers escape every string; none carries markup.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Tone = Literal["ok", "running", "warning", "bad", "off"]
Topic = Literal[
    "status", "logs", "deploy", "scale", "ask", "help", "whoami", "lock", "approval",
    "alert", "pull_request", "build", "push", "denied", "invalid", "unavailable", "failure",
    "orchestrate", "audit", "notice",
]  # fmt: skip
StageState = Literal["waiting", "running", "done", "failed", "skipped", "paused"]
Style = Literal["primary", "secondary", "success", "danger"]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Fact(_Part):
    """One named value. ``at`` is shown in the reader's own time, ``code`` fixed-width."""

    label: str
    value: str = ""
    at: datetime | None = None
    code: bool = False
    url: str = ""


class Facts(_Part):
    """Named values, shown together on as few lines as the surface likes."""

    kind: Literal["facts"] = "facts"
    facts: tuple[Fact, ...]


class Text(_Part):
    """A paragraph. ``small`` is for what one may skip; ``quote`` for foreign words."""

    kind: Literal["text"] = "text"
    text: str
    style: Literal["normal", "small", "quote", "strong"] = "normal"


class Table(_Part):
    """Rows under headers; a renderer may turn it into lines where tables do not exist."""

    kind: Literal["table"] = "table"
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Stage(_Part):
    """One part of a longer job."""

    name: str
    state: StageState
    note: str = ""
    url: str = ""


class Progress(_Part):
    """How far a long job is; ``done`` of ``total`` with the stages by name."""

    kind: Literal["progress"] = "progress"
    done: int = Field(ge=0)
    total: int = Field(ge=0)
    note: str = ""
    stages: tuple[Stage, ...] = ()


class Picture(_Part):
    """An SVG drawn by us, with words for those who cannot see it."""

    kind: Literal["picture"] = "picture"
    svg: str
    alt: str
    passing: bool = False
    """It will be another in a moment: left out where pictures cannot be replaced."""
    mirrored: bool = True
    """Whether others than the asker get it, too."""


class Log(_Part):
    """Output lines; a renderer shows head and tail and attaches the whole as ``filename``."""

    kind: Literal["log"] = "log"
    lines: tuple[str, ...]
    filename: str = "output.log"
    mirrored: bool = True
    """Whether others than the asker get it, too."""
    document: bool = False
    """A file for programs: a terminal writes its lines alone to standard output, exactly."""


Block = Annotated[Facts | Text | Table | Progress | Picture | Log, Field(discriminator="kind")]


class Blank(_Part):
    """One thing to fill in that the options of the command do not describe."""

    name: str
    """As in ``Action.asks``: ``parameters.version`` is a pair of the option ``parameters``."""
    description: str = ""
    choices: tuple[str, ...] = ()


class Action(_Part):
    """A button. Pressing it runs ``command`` as whoever pressed, fully re-checked."""

    label: str
    command: str = ""
    arguments: dict[str, Any] = {}
    style: Style = "secondary"
    asks: tuple[str, ...] = ()
    """Options of the command that the surface asks for (a modal) before running it."""
    blanks: tuple[Blank, ...] = ()
    """What is asked for beside options."""
    url: str = ""
    """A link instead of a command."""
    confirms: bool = False
    """Whether the press answers a confirmation."""
    pleads: bool = False
    """Whether the press asks the council to let the presser do this once, without the right."""
    only: str = ""
    """The only person who may press; empty means anybody the policy allows."""
    lifetime: float = 7 * 86400
    """Seconds until the button no longer works."""


class Plain(_Part):
    """The answer as bare text: the wording people script against."""

    headline: str
    lines: tuple[str, ...] = ()


class Reply(_Part):
    """One answer, whole: each surface shows as much of it as it can and never cuts silently."""

    topic: Topic = "notice"
    title: str
    tone: Tone = "off"
    subtitle: str = ""
    blocks: tuple[Block, ...] = ()
    actions: tuple[Action, ...] = ()
    footer: str = ""
    private: bool = False
    """Only for the one who asked."""
    failed: bool = False
    """Whether what was asked was tried and did not work; recorded as such."""
    mirrored: bool = True
    """Whether it is also told where the ends of its command are; a plan is nobody else's news."""
    mentions: tuple[str, ...] = ()
    """People to notify, by person; everything else in the text never pings."""
    plain: Plain | None = None
    data: dict[str, Any] = {}
    """The same answer for machines: what ``--json`` prints."""

    def retold(self) -> Reply:
        """Return it as others than the asker are told: without what is for the asker alone."""
        own = (Picture, Log)
        kept = [each for each in self.blocks if not isinstance(each, own) or each.mirrored]
        return self.model_copy(update={"blocks": tuple(kept)})
