"""Every verb of ``/orchestrate`` with every option, as people write them on every surface."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from tgk.ports.runs import Checkpoint, RunRequest, RunView, StepView
from tgk.spelling import spelled
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.conftest import World

FILE = "name: nightly\nsteps:\n  - {name: look, command: /monitor health}\n"
_RUN = {"playbook": "deploy-web-app", "parameters": "version=v1.4.0"}
_ID = {"workflow": "WF-2026-001"}
_CURRENT = {"workflow": "current"}


@dataclass(frozen=True)
class Case:
    """One line; ``text`` is how it is typed, ``state`` how the only run stands before."""

    verb: str
    options: dict[str, object] = field(default_factory=dict)
    state: str = "running"
    result: str = "success"

    @property
    def name(self) -> str:
        """The command."""
        return f"orchestrate {self.verb}"

    @property
    def words(self) -> tuple[str, ...]:
        """The line as a shell hands it over."""
        return (*self.name.split(), *(w for o in self.options.items() for w in _word(*o)))

    @property
    def text(self) -> str:
        """The line as it is typed in a chat."""
        quoted = (f'"{word}"' if " " in word else word for word in self.words)
        return "/" + " ".join(quoted)

    def __str__(self) -> str:
        return " ".join(self.words)[:80]


def _word(name: str, value: object) -> tuple[str, ...]:
    flag = f"--{spelled(name)}"
    return (flag,) if value is True else (flag, str(value))


CASES = (
    Case("run", _RUN),
    Case("run", {**_RUN, "environment": "staging"}),
    Case("run", {**_RUN, "parallel": True}),
    Case("run", {**_RUN, "dry_run": True}),
    Case("run", {**_RUN, "checkpoint": True}),
    Case("run", {**_RUN, "timeout": 15}),
    Case("run", {**_RUN, "debug": True, "verbose": True}),
    Case("create", {"name": "mine"}),
    Case("create", {"name": "mine", "replace": True, "template": "deployment"}),
    Case("create", {"name": "mine", "replace": True, "description": "Restart it at night"}),
    Case("create", {"name": "mine", "replace": True, "interactive": True}),
    Case("create", {"name": "mine", "replace": True, "validate_": True}),
    Case("build", {"playbook": "draft"}),
    Case("status"),
    Case("status", _ID),
    Case("status", _CURRENT),
    Case("status", {"all": True}),
    Case("status", {"running": True}),
    Case("status", {"history": 7}),
    Case("status", {**_ID, "detailed": True}),
    Case("pause", _ID),
    Case("pause", {**_CURRENT, "reason": "Manual verification required"}),
    Case("pause", {**_CURRENT, "checkpoint": True, "timeout": 30}),
    Case("resume", _ID, "paused"),
    Case("resume", _CURRENT, "paused"),
    Case("resume", {**_ID, "from_step": "verify"}, "failed"),
    Case("resume", {**_CURRENT, "skip_failed": True}, "failed"),
    Case("resume", {**_ID, "parameters": "version=v1.4.1"}, "failed"),
    Case("resume", {**_ID, "checkpoint": "CP-123"}, "failed"),
    Case("schedule"),
    Case("schedule", {"playbook": "daily-backup", "cron": "0 2 * * *", "enabled": True}),
    Case("schedule", {"playbook": "monthly-audit", "cron": "0 0 1 * *", "name": "audit-schedule"}),
    Case("schedule", {**_RUN, "cron": "0 3 * * SUN"}),
    Case("validate", {"playbook": "deploy-web-app"}),
    Case("validate", {"playbook": "deploy-web-app", "environment": "production"}),
    Case("validate", {"playbook": "deploy-web-app", "dependencies": True}),
    Case("validate", {"playbook": "disaster-recovery", "simulate": True}),
    Case("validate", {"playbook": "draft", "fix": True}),
    Case("library"),
    Case("library", {"list": True, "category": "deployment"}),
    Case("library", {"search": "database"}),
    Case("library", {"export": "deploy-web-app", "format": "yaml"}),
    Case("analyze", _ID),
    Case("analyze", _CURRENT, "failed"),
    Case("trace", _ID),
    Case("trace", {**_CURRENT, "export": True}),
    Case("checkpoints", _ID),
    Case("checkpoints", _CURRENT),
    Case("complete", {**_ID, "force": True, "typed": "WF-2026-001"}),
    Case("complete", {**_CURRENT, "force": True, "reason": "It hangs"}, result="pending"),
)  # fmt: skip
"""``library --import`` takes a file, which every surface is given in its own way."""


class SwiftRuns(FakeRuns):
    """Runs that nobody has to wait for."""

    async def ended(self, run: str, watch: Callable[[RunView], Awaitable[None]]) -> RunView:
        """Show the run as it stands and let it have ended well."""
        await watch(await self.view(run))
        return self.change((await self.view(run)).id, state="succeeded")


async def furnish(world: World, dispatcher: Any, case: Case) -> SwiftRuns:
    """Put one run of dana's, its checkpoint, and a draft there."""
    runs, now = SwiftRuns(world.clock), world.clock.now()
    dispatcher.backends = replace(dispatcher.backends, runs=runs)
    step = StepView(path="verify", name="verify", kind="command", state="succeeded",
                    began=now, ended=now)  # fmt: skip
    run: dict[str, Any] = {
        "id": "WF-2026-001", "playbook": "canary", "digest": "0" * 64, "state": case.state,
        "request": RunRequest(playbook="canary"), "starter": world.caller("dana"),
        "asked": now, "began": now, "ended": now if case.state == "failed" else None,
        "steps": (step,),
    }  # fmt: skip
    runs.put(RunView(**run))
    kept = {"id": "CP-123", "run": "WF-2026-001", "at": now, "step": "verify", "reason": "kept"}
    runs.keep(Checkpoint(**kept, done=1))
    await world.playbooks.save("draft", FILE.replace("nightly", "draft"), who="dana")
    return runs


def understood(world: World, case: Case) -> object:
    """Return the request that a case is, as the registry reads it."""
    return world.registry[case.name].parse(case.options)


def asked(world: World, case: Case) -> tuple[object, str]:
    """Return the request that was recorded last, and how it ended."""
    attempt, conclusion = world.journal.conclusions[-1]
    name = attempt.command.removeprefix("/")
    if name == "orchestrate mend":  # what validate --fix means
        return understood(world, case), conclusion.result
    return world.registry[name].parse(attempt.args), conclusion.result
