"""What must go on in the background as long as the process lives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from bot.runtime.company import inheriting, seated
from bot.runtime.playbooks import StandingSchedules
from bot.runtime.timetable import Timetable
from bot.runtime.witness import Witness
from integrations.otlp import OtlpSpans
from orchestration.membership import Members
from orchestration.runs.live import LiveTraces
from orchestration.upkeep import keep_tidy
from tgk.renewal import Renewal

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from bot.runtime.core import Core


def duties(core: Core) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what must go on in the background as long as the core lives."""
    witness = Witness(
        core.journal,
        core.board,
        core.discovery,
        clock=core.clock,
        state=core.settings.state,
        whose=core.memory.name if core.memory.store.shared else "",
    )
    chores = {
        "buttons": core.memory.buttons.purge,
        "deliveries": core.memory.deliveries.purge,
        "board": core.board.purge,
        "approvals": core.approvals.purge,
        "operations": core.engine.purge,
    }
    renew = Renewal(core.policy.directory, core.couriers.groups)
    timetable = Timetable(core.memory.schedules, core.dispatcher, core.engine, renew=renew)
    members, clock = core.memory.members, core.clock
    return (
        *_tracing(core),
        *_together(core),
        core.approvals.run(),
        core.policy.watch(),
        core.runs.run(),
        seated(members, "timetable", clock, timetable.run),
        seated(members, "schedules", clock, _standing(core).run),
        witness.run(),
        seated(members, "tidiness", clock, lambda: keep_tidy(clock, chores)),
    )


def _together(core: Core) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what a process does for those that share its database."""
    members = core.memory.members
    if not isinstance(members, Members):
        return ()
    return members.run(), inheriting(members, core.engine, core.runs, core.clock)


def _tracing(core: Core) -> tuple[Coroutine[Any, Any, None], ...]:
    """Return what tells runs to a backend of traces, where one is named."""
    if core.settings.otlp_endpoint is None:
        return ()
    headers = core.settings.otlp_headers
    spans = OtlpSpans(
        core.settings.otlp_endpoint,
        core.clock,
        headers=headers.get_secret_value() if headers else "",
    )
    traces = LiveTraces(core.runs, spans, core.clock)
    return spans.run(), seated(core.memory.members, "traces", core.clock, traces.run)


def _standing(core: Core) -> StandingSchedules:
    return StandingSchedules(
        core.memory.schedules,
        core.playbooks,
        core.policy.directory,
        allowed=core.discovery.event_gateway.triggers,
        clock=core.clock,
    )
