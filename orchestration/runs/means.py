"""What the steps of a run may use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from orchestration.playbook.model import Playbook
    from orchestration.runs.consents import Consents
    from orchestration.runs.memory import Memory
    from orchestration.runs.ports import Carrier, Outward, Secrets
    from orchestration.runs.pulse import Pulse
    from orchestration.runs.slots import Turns
    from orchestration.runs.standing import Standing
    from tgk.context import Invocation
    from tgk.outcome import Outcome
    from tgk.ports.council import Approvals
    from tgk.ports.journal import Journal
    from tgk.ports.time import Clock
    from tgk.registry import Registry

    Dispatch = Callable[[Invocation], Coroutine[Any, Any, Outcome]]
    Voters = Callable[[str], tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """Everything that one life of one run works with."""

    run: str
    memory: Memory
    pulse: Pulse
    turns: Turns
    clock: Clock
    registry: Registry
    dispatch: Dispatch
    standing: Standing
    carrier: Carrier
    approvals: Approvals
    council: tuple[str, ...]
    voters: Voters
    """Turns a role, or a person, into people."""
    playbooks: Mapping[str, Playbook]
    """Every playbook that the run reaches, as it was at the start."""
    outward: Outward | None
    """Who does http and shell steps; None where nobody does."""
    hosts: tuple[str, ...]
    programs: Mapping[str, str]
    """What such steps may reach: origins, and programs by name."""
    secrets: Secrets | None
    journal: Journal
    consents: Consents
    """What people approve of several steps at once."""
    results: dict[str, Any]
    """What the named steps at the top found; read by whoever looks ahead."""
