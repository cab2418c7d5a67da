"""What runs are built from, and the means of one life of one of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.runs.consents import Consents
from orchestration.runs.means import Means
from orchestration.runs.memory import Memory
from orchestration.runs.pulse import Pulse
from orchestration.runs.slots import LONGEST_WAIT
from orchestration.runs.standing import Standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from orchestration.playbook.model import Playbook
    from orchestration.runs.heralds import Heralds
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.means import Voters
    from orchestration.runs.ports import Carrier, Outward, Playbooks, Secrets
    from orchestration.runs.records import RunRecord, StepRecord
    from orchestration.runs.slots import Slots, Turns
    from orchestration.store import Store
    from tgk.dispatcher import Dispatcher
    from tgk.ports.council import Approvals, Locks
    from tgk.ports.journal import Journal
    from tgk.ports.time import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """Bounds that keep runs from drowning the process."""

    at_once: int = 5
    waiting: int = 200
    """Runs that have not ended, queued and paused ones included."""
    lock_wait: float = LONGEST_WAIT
    """Seconds that a run or a step waits for a lock."""
    per_minute: int = 30
    """Runs that one person starts in a minute."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What runs are built from."""

    store: Store
    clock: Clock
    playbooks: Playbooks
    carrier: Carrier
    approvals: Approvals
    locks: Locks
    heralds: Heralds
    journal: Journal
    outward: Outward | None = None
    secrets: Secrets | None = None
    council: tuple[str, ...] = ()
    voters: Voters = lambda name: (name,)
    redact: Callable[[str], str] = str
    limits: RunLimits = RunLimits()


@dataclass(frozen=True, slots=True)
class Stage:
    """Puts together what runs are played with."""

    parts: Parts
    ledger: Ledger
    slots: Slots
    turns: Turns
    dispatcher: Dispatcher

    def means(
        self, record: RunRecord, books: Mapping[str, Playbook], steps: Iterable[StepRecord]
    ) -> Means:
        """Return everything that one life of this run works with."""
        parts, clock = self.parts, self.parts.clock
        pulse = Pulse(self.ledger, clock, self.slots, record)
        results: dict[str, Any] = {}
        outside = self.dispatcher.admission.discovery.playbooks
        return Means(
            run=record.id,
            memory=Memory(record.id, self.ledger, clock, steps),
            pulse=pulse,
            turns=self.turns,
            clock=clock,
            registry=self.dispatcher.admission.registry,
            dispatch=self.dispatcher.run,
            standing=Standing(self.ledger, pulse, clock, self.dispatcher.renew),
            carrier=parts.carrier,
            approvals=parts.approvals,
            council=parts.council,
            voters=parts.voters,
            playbooks=books,
            results=results,
            outward=parts.outward,
            hosts=outside.hosts,
            programs=outside.programs,
            secrets=parts.secrets,
            journal=parts.journal,
            consents=Consents(
                ledger=self.ledger,
                pulse=pulse,
                clock=clock,
                approvals=parts.approvals,
                admission=self.dispatcher.admission,
                council=parts.council,
                playbook=books[record.playbook],
                playbooks=books,
                results=results,
                redact=parts.redact,
            ),
        )
