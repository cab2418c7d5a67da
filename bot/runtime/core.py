"""Everything of a process but its doors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from audit.journal import AuditJournal
    from bot.runtime.couriers import Couriers
    from bot.runtime.memory import Memory
    from bot.runtime.settings import Settings
    from orchestration.approvals import StoredApprovals
    from orchestration.board import DurableBoard
    from orchestration.engine import Engine
    from orchestration.runs.runs import DurableRuns
    from orchestration.runs.shelf import FolderPlaybooks
    from rbac.policy_file import PolicyFile
    from tgk.discovery import Discovery
    from tgk.dispatcher import Dispatcher
    from tgk.ports.time import Clock
    from tgk.redaction import Redactor
    from tgk.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """Everything but the doors."""

    settings: Settings
    discovery: Discovery
    clock: Clock
    redactor: Redactor
    policy: PolicyFile
    registry: Registry
    memory: Memory
    board: DurableBoard
    approvals: StoredApprovals
    engine: Engine
    runs: DurableRuns
    playbooks: FolderPlaybooks
    """What may run, as it lies in its folders."""
    journal: AuditJournal
    couriers: Couriers
    dispatcher: Dispatcher
    off: dict[str, str]
    """Systems that are off, and why."""
