"""Lives of a process that ends by SIGKILL at any event, each forked from one that opened nothing.

Started as a program it reads a life from each line, lets a process of its own live it, and writes
how that ended: 0, or minus the signal. What a life leaves is in its folder alone, or in the
database whose address is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import traceback
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from loguru import logger

from bot.runtime.clock import SystemClock
from tests.unit.runs.runs_world import BEN, DANA, World, world
from tgk.errors import Conflict
from tgk.ports.runs import ENDED, RunFilter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.postgres_server import Server
    from tgk.ports.runs import RunView, StepView

ROOT: Final = Path(__file__).parents[3]
NEVER: Final = 1_000_000
URL: Final = "url"
"""The file of a home with the address of its database, if it has one."""
NO: Final = "Not this"
"""A question of this title is answered with no."""


class Nursery:
    """A process that has imported everything, and from which others are born.

    With a server each home has a database of its own there, else files.
    """

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self._fresh = folder
        self._server = server
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.unit.runs.run_lives", *(["shared"] if server else [])],
            cwd=ROOT,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._fresh.mkdir()
        if server:
            (self._fresh / URL).write_text(server.made())
        assert self.live(self._fresh, acts="open") == 0

    def home(self, folder: Path, **stories: str) -> Path:
        """Make a folder for a run, with the databases of a process that has done nothing yet."""
        shutil.copytree(self._fresh, folder)
        if self._server:
            (folder / URL).write_text(self._server.made(like=_url(self._fresh)))
        for name, text in stories.items():
            (folder / f"{name}.yaml").write_text(text)
        return folder

    def forget(self, home: Path) -> None:
        """Let go of all that is left in a home."""
        if self._server:
            self._server.drop(_url(home))
        shutil.rmtree(home)

    def live(self, folder: Path, fuse: int = NEVER, acts: str = "play") -> int:
        """Let a process live that kills itself after so many events; return how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with self._lock:
            line = {"folder": str(folder), "fuse": fuse, "acts": acts}
            self._process.stdin.write(json.dumps(line) + "\n")
            self._process.stdin.flush()
            return int(self._process.stdout.readline())

    def close(self) -> None:
        """End it."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(20)
        self._process.stdout.close()


def _url(folder: Path) -> str:
    """Return the address of a home's database; empty where it has files."""
    path = folder / URL
    return path.read_text() if path.exists() else ""


def _world(folder: Path, **more: Any) -> World:
    """Return the world of a home, there a worker among others where it has a database."""
    url = _url(folder)
    return world(folder, url=url, member="one" if url else "", **more)


def last_words(folder: Path) -> dict[str, Any]:
    """Return what the life said that reached the end of the run."""
    path = folder / "end.json"
    found: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    return found


def _serve() -> None:
    """Let one life after the other be lived, until nobody asks for more."""
    from orchestration.dbos_import import dbos

    shared = "shared" in sys.argv
    if shared:
        import psycopg

        assert psycopg.apilevel
    dbos(sqlite=not shared)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            _born(**json.loads(line))
        _, status = os.waitpid(child, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)  # noqa: T201 - to who asked


def _born(folder: str, fuse: int, acts: str) -> None:
    """Live, and never return."""
    os.dup2(os.open(os.devnull, os.O_RDWR), 0)
    os.dup2(2, 1)  # where its parent answers
    try:
        asyncio.run(asyncio.wait_for(_ACTS[acts](Path(folder), fuse), 60))
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        os._exit(1 if sys.exc_info()[0] else 0)


def _lit(made: World, fuse: int) -> Iterator[int]:
    """Let every event burn the fuse: a handler, an effect, a commit of the engine, a write.

    Writes of the store are two events, one on each side.
    """
    from sqlalchemy import event
    from sqlalchemy.engine import Engine

    seen = itertools.count(1)

    def burn(*_: object) -> None:
        if next(seen) == fuse:
            os.kill(os.getpid(), signal.SIGKILL)

    original = made.store.write

    async def write(act: Callable[[Any], Any]) -> Any:
        burn()
        value = await original(act)
        burn()
        return value

    made.effects.tell = burn
    made.store.write = write  # type: ignore[method-assign] # every change of the store is an event
    event.listen(Engine, "commit", burn)
    return seen


async def _open(folder: Path, _: int) -> None:
    """Open the databases and leave them."""
    async with _world(folder, clock=SystemClock()).open():
        pass


async def _play(folder: Path, fuse: int) -> None:
    """Play the story, from wherever it stands, to the end of the run or of the fuse."""
    logger.remove()
    made = _world(folder, clock=SystemClock())
    seen = _lit(made, fuse)
    made.effects.held["forever"] = asyncio.Event()
    texts = _texts(folder)
    for text in texts.values():
        made.write(text)
    async with made.open(), asyncio.TaskGroup() as group:
        group.create_task(_people(made))
        view = await made.start(texts["story"], delivery="story")
        while (view := await made.runs.view(view.id)).state not in ENDED:
            await asyncio.sleep(0.002)
        said = {"state": view.state, "reason": view.reason, "events": next(seen) - 1}
        (folder / "end.json").write_text(json.dumps({**said, "steps": _played(view)}))
        os._exit(0)  # how a process closes is another story


def _texts(folder: Path) -> dict[str, str]:
    """Return the playbooks of a folder by the name of their file."""
    return {path.stem: path.read_text() for path in folder.glob("*.yaml")}


async def _pause(folder: Path, _: int) -> None:
    """Pause the story for half an hour after its first step, and die."""
    made = _world(folder)
    async with made.open():
        made.effects.held["one"] = asyncio.Event()
        view = await made.start(_texts(folder)["story"])
        await made.seen(lambda: "one" in made.effects.running)
        until = made.clock.now() + timedelta(minutes=30)
        await made.runs.pause(view.id, who="dana", reason="look", until=until, checkpoint=False)
        made.effects.held.pop("one").set()
        await made.state(view.id, "paused")
        os.kill(os.getpid(), signal.SIGKILL)


async def _otherwise(folder: Path, fuse: int) -> None:
    """Pause the story after its first step, and let it go on otherwise; dies on the way to that."""
    made = _world(folder, clock=SystemClock())
    async with made.open():
        made.effects.held["one-x"] = asyncio.Event()
        view = await made.start(_texts(folder)["story"], delivery="story")
        await made.seen(lambda: "one-x" in made.effects.running)
        await made.runs.pause(view.id, who="dana", reason="look", until=None, checkpoint=False)
        made.effects.held.pop("one-x").set()
        await made.state(view.id, "paused")
        seen = _lit(made, fuse)
        await made.runs.resume(view.id, who=DANA, from_step="two", parameters={"v": "y"})
        (folder / "end.json").write_text(json.dumps({"events": next(seen) - 1}))
        os._exit(0)


async def _left(folder: Path, _: int) -> None:
    """Play what a former life left to its end, and tell how each generation ended."""
    made = _world(folder, clock=SystemClock())
    async with made.open():
        while going := [view for view in await made.runs.find(RunFilter()) if not _over(view)]:
            if len(going) == 1 and going[0].state == "paused":
                await asyncio.sleep(0.2)  # unless it only ends by and by
                with contextlib.suppress(Conflict):
                    await made.runs.resume(going[0].id, who=DANA)
            await asyncio.sleep(0.002)
        ends = {view.id: view.state for view in await made.runs.find(RunFilter())}
        (folder / "end.json").write_text(json.dumps({"ends": ends}))
        os._exit(0)


def _over(view: RunView) -> bool:
    return view.state in ENDED


async def _people(made: World) -> None:
    """Vote, and force the end once of a run whose step would take forever."""
    forced: set[str] = set()
    while True:
        for question in await made.approvals.open():
            await made.approvals.vote(question.id, BEN, approve=not question.title.startswith(NO))
        if "forever" in made.effects.running and (made.folder / "forced").exists():
            for view in await made.runs.find(RunFilter()):
                if view.id not in forced:
                    forced.add(view.id)
                    await made.runs.complete(view.id, who="dana", reason="enough")
        await asyncio.sleep(0.005)


def _played(view: RunView) -> int:
    """Count the steps that were played and hold no others."""

    def count(step: StepView) -> int:
        inside = sum(map(count, step.steps))
        return inside or step.state in ("succeeded", "failed", "undone")

    return sum(map(count, (*view.steps, *view.undoes)))


_ACTS: Final = {
    "open": _open, "play": _play, "pause": _pause, "otherwise": _otherwise, "left": _left,
}  # fmt: skip

if __name__ == "__main__":
    _serve()
