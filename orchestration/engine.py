"""Changes run to their end over kills of the process; the only place that knows DBOS."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, Protocol

from loguru import logger

from orchestration.dbos_import import configuration, dbos, recover
from orchestration.remembered import DurableSteps, Parked, always
from orchestration.store import wait_for_stores
from orchestration.watchers import Watchers
from tgk.errors import Declined, Unavailable
from tgk.outcome import Outcome
from tgk.ports.operations import Operation

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection
    from pathlib import Path

    from orchestration.remembered import Permit
    from tgk.context import Show
    from tgk.ports.operations import Steps
    from tgk.ports.time import Clock

    Perform = Callable[[Operation, Steps, Show], Awaitable[Outcome]]

    class Guest(Protocol):
        """Another kind of workflow that lives on the engine."""

        def declare(self, dbos: Any) -> None:
            """Name the workflow, before the engine starts."""

        async def stop(self, grace: float) -> None:
            """Leave everything for the next process, before the engine stops."""


VERSION: Final = "operations-2"
"""Changed only when the order of durable steps changes; recovery takes up no other version."""
_WORKFLOW: Final = "command"
_WAITING: Final = ["PENDING", "ENQUEUED", "DELAYED"]
_THREADS: Final = 16
_POLL_SECONDS: Final = 0.2
_LATE_SECONDS: Final = 2.0


class Engine:
    """Implements Operations; one per process.

    ``start`` must be awaited on the loop that runs everything else. Until then, and once it stops,
    ``run`` raises Unavailable. ``executor`` must be stable and unique among processes that share a
    database: at its start a process takes up what the last one of its name left. Before
    each act, ``permit`` is awaited.
    """

    def __init__(
        self,
        state: Path,
        clock: Clock,
        *,
        database_url: str = "",
        executor: str = "tgk",
        permit: Permit = always,
        most_at_once: int = 256,
        start_patience: float = 5.0,
    ) -> None:
        self.ready = asyncio.Event()
        self._state = state
        self._clock = clock
        self._database_url = database_url
        self._executor = executor
        self._permit = permit
        self._most_at_once = most_at_once
        self._start_patience = start_patience
        self._stopping = False
        self._dbos: Any = None
        self._workflow: Any = None
        self._guests: list[Guest] = []
        self._withdrawn: dict[str, asyncio.Event] = {}
        self._refused: set[str] = set()  # withdrawn, and whoever waits does not know it yet
        self._perform: Perform | None = None
        self._running: dict[str, asyncio.Task[Any]] = {}
        self._ends: dict[str, asyncio.Future[Outcome]] = {}
        self._awaited: dict[str, Operation] = {}
        self._beginnings: set[asyncio.Future[None]] = set()
        self._former: set[str] = set()  # begun before they were asked for here
        self._steps: Steps = DurableSteps(None, permit)
        self._watchers = Watchers()

    @property
    def running(self) -> int:
        """How many operations this process works on now."""
        return len(self._running)

    @property
    def clock(self) -> Clock:
        """What it waits by."""
        return self._clock

    def host(self, guest: Guest) -> None:
        """Let another kind of workflow live here; before the start."""
        self._guests.append(guest)

    async def start(self, perform: Perform) -> None:
        """Bring the engine up and take up what a former process left; ``perform`` does the work.

        Raises Unavailable when its database cannot be opened or written.
        """
        self._dbos = await asyncio.to_thread(dbos, sqlite=not self._database_url)
        from sqlalchemy.exc import SQLAlchemyError

        self._perform = perform
        try:
            self._launch()
        except (SQLAlchemyError, self._dbos.error.DBOSException) as error:
            why = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise Unavailable(
                "the engine",
                f"Its database cannot be used: {why}.",
                remedy="Make room in the state folder, or mend DATABASE_URL.",
            ) from error
        self.ready.set()

    def _launch(self) -> None:
        self._steps = DurableSteps(self._dbos, self._permit)
        self._dbos.DBOS(config=self._config())

        async def command(text: str) -> str:
            return await self._command(text)

        self._workflow = self._dbos.DBOS.workflow(name=_WORKFLOW)(command)
        for guest in self._guests:
            guest.declare(self._dbos)
        self._dbos.DBOS.launch()

    async def run(self, operation: Operation, watch: Show) -> Outcome:
        """Start or join the operation and wait for its end.

        Raises Unavailable while the engine is not up or has too much to do, and Conflict when
        something else runs under its id. When the process stops first, the call is cancelled and
        the next process goes on with the operation.
        """
        await self._require_room(operation.corr)
        try:
            with self._watchers.watching(operation.corr, watch):
                return await self._joined(operation)
        finally:
            self._former.discard(operation.corr)

    async def known(self, operation: Operation) -> bool:
        """Say whether an operation has begun, in any life of the process.

        Raises Conflict when what has begun under its id is not the same request.
        """
        begun = self._awaited.get(operation.corr) or await self._stored(operation.corr)
        if begun is None:
            return False
        begun.require_same(operation)
        if operation.corr not in self._awaited:
            self._former.add(operation.corr)
        return True

    async def over(self, corr: str) -> bool:
        """Say whether an operation of this id has begun and ended, in any life of the process."""
        if not self.ready.is_set() or corr in self._awaited:
            return False
        status = await self._dbos.DBOS.get_workflow_status_async(corr)
        return status is not None and status.status not in _WAITING

    async def _stored(self, corr: str) -> Operation | None:
        if not self.ready.is_set():
            return None
        status = await self._dbos.DBOS.get_workflow_status_async(corr)
        return Operation.model_validate_json(status.input["args"][0]) if status else None

    async def pending(self) -> frozenset[str]:
        """Return every operation that has begun and not ended, in any life of the process."""
        await self.ready.wait()
        listed = await self._dbos.DBOS.list_workflows_async(
            name=_WORKFLOW, status=_WAITING, load_input=False, load_output=False
        )
        return frozenset(entry.workflow_id for entry in listed)

    async def succeeded(self, corrs: Collection[str]) -> frozenset[str]:
        """Return those that came to their end, in whichever process."""
        if not corrs:
            return frozenset()
        ended = await self._dbos.DBOS.list_workflows_async(
            workflow_ids=list(corrs), status=["SUCCESS"], load_input=False, load_output=False
        )
        return frozenset(entry.workflow_id for entry in ended)

    async def adopt(self, living: Callable[[], Awaitable[Collection[str]]]) -> None:
        """Let somebody go on with operations whose process is not among the living.

        Who lives is asked after what is under way: a process is listed before it begins anything.
        """
        await self.ready.wait()
        listed = await self._dbos.DBOS.list_workflows_async(
            name=_WORKFLOW, status=["PENDING"], load_input=False, load_output=False
        )
        lost = {str(each.executor_id) for each in listed} - set(await living())
        if lost:
            logger.bind(processes=sorted(lost)).warning("operations of lost processes go on")
            await asyncio.to_thread(recover, self._dbos, lost)

    async def withdraw(self, corr: str, why: str) -> None:
        """Stop an operation for good, if it is under way; its record says why, here and later."""
        if self._stopping or corr in self._withdrawn:
            return
        refused = self._withdrawn[corr] = asyncio.Event()
        self._refused |= {corr} & self._ends.keys()
        if corr in self._ends and corr not in self._running:  # it only begins
            with contextlib.suppress(TimeoutError):  # it began elsewhere, or has ended meanwhile
                await asyncio.wait_for(refused.wait(), _LATE_SECONDS)
        if await self._under_way(corr):
            await self._dbos.DBOS.cancel_workflow_async(corr)  # no later process takes it up
        if task := self._running.get(corr):
            task.cancel(Declined("It was stopped.", why=why[:1].upper() + why[1:] + "."))
            await asyncio.wait({task}, timeout=_LATE_SECONDS)
        self._withdrawn.pop(corr, None)

    async def _under_way(self, corr: str) -> bool:
        status = await self._dbos.DBOS.get_workflow_status_async(corr)
        return status is not None and status.status in _WAITING

    async def purge(self, *, older: timedelta = timedelta(days=30)) -> int:
        """Forget operations that ended long ago; returns how many."""
        await self.ready.wait()
        ended = await self._dbos.DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            end_time=(self._clock.now() - older).isoformat(),
            limit=1000,
            load_input=False,
            load_output=False,
        )
        if ended:
            await self._dbos.DBOS.delete_workflows_async([entry.workflow_id for entry in ended])
        return len(ended)

    async def stop(self, grace: float = 1.0) -> None:
        """Take nothing new, let end what ends in ``grace`` seconds, leave the rest for later."""
        for guest in self._guests:
            await guest.stop(_LATE_SECONDS)
        self._stopping = True
        if not self.ready.is_set():
            return
        await self._let_end(grace)
        if self._beginnings:
            await asyncio.wait(set(self._beginnings), timeout=2 * _POLL_SECONDS)
        for end in self._ends.values():
            end.cancel()
        for begun in self._beginnings:
            begun.cancel()
        self.ready.clear()
        await self._close()

    async def _let_end(self, grace: float) -> None:
        """Wait a moment for what is nearly done, then cut off the rest."""
        tasks = set(self._running.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            if late:
                await asyncio.wait(late, timeout=_LATE_SECONDS)

    async def _require_room(self, corr: str) -> None:
        if not self.ready.is_set() and not self._stopping:
            try:
                async with asyncio.timeout(self._start_patience):
                    await self.ready.wait()
            except TimeoutError:
                raise Unavailable("engine", "It is not up yet.") from None
        if self._stopping:
            raise Unavailable("engine", "The process is stopping.")
        if corr not in self._running and len(self._running) >= self._most_at_once:
            raise Unavailable("engine", f"{len(self._running)} changes run already.")

    async def _joined(self, operation: Operation) -> Outcome:
        end = self._ends.get(operation.corr)
        if end is not None:
            self._awaited[operation.corr].require_same(operation)
        else:
            end = asyncio.get_running_loop().create_future()
            self._ends[operation.corr] = end
            self._awaited[operation.corr] = operation
            begun = asyncio.ensure_future(self._begin(operation, end))
            self._beginnings.add(begun)
            begun.add_done_callback(self._beginnings.discard)
        return await asyncio.shield(end)

    async def _begin(self, operation: Operation, end: asyncio.Future[Outcome]) -> None:
        """Hand the operation to DBOS; goes on when the asker is gone, until there is an answer."""
        try:
            handle = await self._handle(operation)
            text = await handle.get_result(polling_interval_sec=_POLL_SECONDS)
            result: Outcome | Exception = Outcome.model_validate_json(text)
        except (Parked, asyncio.CancelledError) as left:  # the latter of what was cut off
            if operation.corr not in self._refused:
                end.cancel()
                if isinstance(left, Parked):
                    return
                raise
            result = Declined("It was stopped before its end.")
        except Exception as error:  # noqa: BLE001 - raised where the operation is waited for
            result = self._readable(error)
        self._ends.pop(operation.corr, None)
        self._awaited.pop(operation.corr, None)
        self._refused.discard(operation.corr)
        if end.cancelled():
            return
        if isinstance(result, Outcome):
            end.set_result(result)
        else:
            end.set_exception(result)
            end.exception()  # whoever asked may be gone by now

    async def _handle(self, operation: Operation) -> Any:
        """Start the operation, or find it where it is begun already."""
        if operation.corr in self._former:
            return await self._dbos.DBOS.retrieve_workflow_async(operation.corr)
        with self._dbos.SetWorkflowID(operation.corr):
            return await self._dbos.DBOS.start_workflow_async(
                self._workflow, operation.model_dump_json()
            )

    def _readable(self, error: Exception) -> Exception:
        """Return what the asker reads of a change that was withdrawn, here or in a former life."""
        if isinstance(error, self._dbos.error.DBOSAwaitedWorkflowCancelledError):
            return Declined("It was stopped before its end.")
        return error

    async def _command(self, text: str) -> str:
        """Run one operation; DBOS calls it, again after a kill until it has ended."""
        operation = Operation.model_validate_json(text)
        task = asyncio.current_task()
        if self._stopping or self._perform is None or task is None:
            raise Parked
        if refused := self._withdrawn.get(operation.corr):
            refused.set()
            raise Parked
        wait_for_stores()
        self._running[operation.corr] = task  # until its end is recorded, not only reached
        task.add_done_callback(lambda _: self._running.pop(operation.corr, None))
        try:
            outcome = await self._perform(
                operation, self._steps, self._watchers.relay(operation.corr)
            )
        except asyncio.CancelledError:
            raise Parked from None
        return outcome.model_dump_json()

    def _config(self) -> dict[str, Any]:
        return configuration(
            self._dbos,
            url=self._database_url,
            file=self._state / "operations.sqlite",
            version=VERSION,
            executor=self._executor,
            threads=_THREADS,
        )

    async def _close(self) -> None:
        """Shut DBOS down beside the loop, and give the loop threads of its own again."""
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(max_workers=_THREADS))
        closed = asyncio.Event()

        def destroy() -> None:
            self._dbos.DBOS.destroy(destroy_registry=True)
            loop.call_soon_threadsafe(closed.set)

        threading.Thread(target=destroy, name="tgk-engine-close", daemon=True).start()
        await closed.wait()
