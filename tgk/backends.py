"""The ports that commands may use, in one record built at start."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tgk.ports.board import Board
    from tgk.ports.cluster import Cluster
    from tgk.ports.council import Approvals, Locks
    from tgk.ports.library import Library
    from tgk.ports.logs import Logs
    from tgk.ports.metrics import Metrics
    from tgk.ports.model import Model
    from tgk.ports.notes import Notes
    from tgk.ports.pipelines import Pipelines
    from tgk.ports.playbooks import Playbooks
    from tgk.ports.providers import Providers
    from tgk.ports.runs import Runs
    from tgk.ports.schedules import Schedules


@dataclass(frozen=True, slots=True, kw_only=True)
class Backends:
    """Each is real, or off: an off port raises Unavailable with the reason at its first use."""

    cluster: Cluster
    logs: Logs
    metrics: Metrics
    pipelines: Pipelines
    providers: Providers
    model: Model
    library: Library
    board: Board
    approvals: Approvals
    locks: Locks
    notes: Notes
    runs: Runs
    playbooks: Playbooks
    schedules: Schedules
