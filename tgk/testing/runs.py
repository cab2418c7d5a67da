"""Runs in memory: they do nothing by themselves and become what a test says."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from tgk.errors import Conflict, Missing
from tgk.ports.runs import ENDED, Checkpoint, RunFilter, RunRequest, RunView, none_going
from tgk.suggest import nearest
from tgk.testing.faults import Faults

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from tgk.caller import Caller
    from tgk.ports.time import Clock


class FakeRuns:
    """Implements Runs; ``put`` sets how a run stands, ``faults`` orders refusals.

    ``ends_as`` lets every run end the moment it is started.
    """

    def __init__(self, clock: Clock, *, ends_as: str = "") -> None:
        self.faults = Faults()
        self.requests: list[RunRequest] = []
        self._clock = clock
        self._ends_as = ends_as
        self._views: dict[str, RunView] = {}
        self._deliveries: dict[str, str] = {}
        self._said: dict[str, str] = {}
        self._checkpoints: dict[str, list[Checkpoint]] = {}
        self._changed = asyncio.Event()

    def put(self, view: RunView) -> RunView:
        """Create or replace a run; watchers see it."""
        before = self._views.get(view.id)
        view = view.model_copy(update={"revision": before.revision + 1 if before else 1})
        self._views[view.id] = view
        self._changed.set()
        self._changed = asyncio.Event()
        return view

    def change(self, run: str, **update: Any) -> RunView:
        """Change some facts of a run; an end gets its time."""
        if update.get("state") in ENDED:
            update.setdefault("ended", self._clock.now())
        return self.put(self._views[run].model_copy(update=update))

    def keep(self, checkpoint: Checkpoint) -> None:
        """Add a checkpoint."""
        self._checkpoints.setdefault(checkpoint.run, []).append(checkpoint)

    async def start(
        self, request: RunRequest, starter: Caller, *, delivery: str, cause: str = "asked"
    ) -> RunView:
        """Note the run; the same delivery again returns the first."""
        self.faults.check()
        if delivery in self._deliveries:
            return self._views[self._deliveries[delivery]]
        self.requests.append(request)
        now = self._clock.now()
        view = RunView(
            id=f"WF-{now.year}-{len(self._deliveries) + 1:03}",
            playbook=request.playbook,
            digest="0" * 64,
            state="running",
            request=request,
            starter=starter,
            cause=cause,
            asked=now,
            began=now,
            parameters=dict(request.parameters),
        )
        self._deliveries[delivery] = view.id
        self.put(view)
        return self.change(view.id, state=self._ends_as) if self._ends_as else self._views[view.id]

    async def started(self, delivery: str) -> RunView | None:
        """Return the run of a delivery."""
        self.faults.check()
        run = self._deliveries.get(delivery)
        return self._views[run] if run else None

    async def view(self, run: str) -> RunView:
        """Return the newest generation of a run, or the one named."""
        self.faults.check()
        generations = [
            view for name, view in self._views.items() if name == run or name.startswith(f"{run}.")
        ]
        if not generations:
            raise Missing("run", run, nearest(run, self._views), newest=[*self._views][::-1])
        return generations[-1]

    async def current(self, person: str) -> RunView:
        """Return the person's newest run that has not ended, else the only one."""
        going = [view for view in self._views.values() if view.state not in ENDED]
        own = [view for view in going if view.starter.person == person]
        if own:
            return own[-1]
        if len(going) > 1:
            raise Conflict("Several runs are current.", why=", ".join(v.id for v in going))
        if not going:
            raise none_going([*self._views.values()][::-1], person)
        return going[0]

    async def find(self, wanted: RunFilter) -> tuple[RunView, ...]:
        """Return runs without their steps, the newest first."""
        self.faults.check()
        found = [
            view.model_copy(update={"steps": (), "undoes": ()})
            for view in reversed(self._views.values())
            if (not wanted.states or view.state in wanted.states)
            and wanted.playbook in ("", view.playbook)
            and (wanted.since is None or view.asked >= wanted.since)
        ]
        return tuple(found[: wanted.limit])

    async def ended(self, run: str, watch: Callable[[RunView], Awaitable[None]]) -> RunView:
        """Show each change of this very generation until somebody lets it end."""
        while True:
            changed = self._changed
            view = self._views.get(run) or await self.view(run)
            await watch(view)
            if view.state in ENDED:
                return view
            await changed.wait()

    async def pause(
        self,
        run: str,
        *,
        who: str,
        reason: str,
        until: datetime | None,
        checkpoint: bool,
        delivery: str = "",
    ) -> RunView:
        """Pause it at once."""
        if delivery in self._said:
            return self._views[self._said[delivery]]
        view = await self._going(run)
        if view.state == "paused":
            remedy = f"Let it go on with /orchestrate resume {view.id}."
            raise Conflict(f"{view.id} is paused already.", why=view.reason, remedy=remedy)
        if checkpoint:
            self.keep(
                Checkpoint(
                    id=f"CP-{sum(map(len, self._checkpoints.values())) + 1:03}",
                    run=view.id, at=self._clock.now(), step="", reason=f"{who}: {reason}", done=0,
                )
            )  # fmt: skip
        self._hear(delivery, view.id)
        return self.change(view.id, state="paused", reason=f"{who}: {reason}", until=until)

    async def resume(
        self,
        run: str,
        *,
        who: Caller,  # noqa: ARG002 - named by the protocol
        from_step: str = "",
        skip_failed: bool = False,
        parameters: Mapping[str, str] | None = None,
        checkpoint: str = "",
        delivery: str = "",
    ) -> RunView:
        """Go on, or put a new generation beside the old one."""
        if delivery in self._said:
            return self._views[self._said[delivery]]
        view = await self.view(run)
        skips = skip_failed and any(step.state == "failed" for step in view.steps)
        anew = bool(from_step or skips or parameters or checkpoint)
        if view.state == "paused" and not anew:
            self._hear(delivery, view.id)
            return self.change(view.id, state="running", reason="", until=None)
        over = view.state in ENDED and (anew or view.state != "succeeded")
        if view.state != "paused" and not over:
            remedy = f"See with /orchestrate status {view.id} what it waits for."
            why = f"It is {view.state}."
            raise Conflict(f"{view.id} cannot be resumed.", why=why, remedy=remedy)
        if view.state == "paused":
            view = self.change(view.id, state="cancelled", until=None)
        root, _, number = view.id.partition(".")
        update = {
            "id": f"{root}.{int(number or 1) + 1}",
            "state": "running",
            "previous": view.id,
            "reason": "",
            "ended": None,
            "parameters": {**view.parameters, **(parameters or {})},
        }
        self._hear(delivery, str(update["id"]))
        return self.put(view.model_copy(update=update))

    async def complete(
        self,
        run: str,
        *,
        who: str,
        reason: str,
        delivery: str = "",
    ) -> RunView:
        """End it as forced."""
        if delivery in self._said:
            return self._views[self._said[delivery]]
        view = await self._going(run)
        self._hear(delivery, view.id)
        return self.change(view.id, state="forced", reason=f"{who}: {reason}")

    async def checkpoints(self, run: str) -> tuple[Checkpoint, ...]:
        """Return the checkpoints of every generation of a run, oldest first."""
        root = (await self.view(run)).id.partition(".")[0]
        listed = (kept for name, kept in self._checkpoints.items() if name.startswith(root))
        return tuple(each for kept in listed for each in kept)

    def _hear(self, delivery: str, run: str) -> None:
        """Note what was said of a run, if that can be said again."""
        if delivery:
            self._said[delivery] = run

    async def _going(self, run: str) -> RunView:
        view = await self.view(run)
        if view.state in ENDED:
            raise Conflict(f"{view.id} has ended.", why=f"It is {view.state}.")
        return view
