"""A process that kills itself at a chosen line, and goes on when it is started again.

``python dying.py <story> <directory> [die]`` prints as JSON what the outside world saw.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loguru import logger
from pydantic import BaseModel

from orchestration.approvals import StoredApprovals
from orchestration.board import DurableBoard
from orchestration.engine import Engine
from orchestration.store import Store
from tgk.caller import Caller
from tgk.outcome import Outcome
from tgk.ports.board import MessageRef, Place
from tgk.ports.council import Approval
from tgk.ports.operations import Operation
from tgk.reply import Reply
from tgk.testing.board import FakeBoard
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tgk.context import Show
    from tgk.ports.operations import Steps

COUNCIL = Place(platform="telegram", room="council")
OPERATION = Operation(
    corr="abcdefghijklmnop",
    command="deploy",
    raw={"env": "production", "tag": "v1.4.0"},
    caller=Caller(person="dana", user_id="7000002", platform="telegram"),
    delivery="telegram:4711",
)


class Done(BaseModel):
    """What a step remembers."""

    text: str


class World:
    """Whatever is outside of the process: a file of lines that survives it."""

    def __init__(self, directory: Path, *, die: bool) -> None:
        self.path = directory / "world.jsonl"
        self.die = die

    def lines(self) -> list[dict[str, Any]]:
        """Return everything that was ever done."""
        text = self.path.read_text() if self.path.exists() else ""
        return [json.loads(line) for line in text.splitlines()]

    def do(self, **effect: object) -> int:
        """Do something and return its number."""
        with self.path.open("a") as file:
            file.write(json.dumps(effect) + "\n")
        return len(self.lines())

    def kill_here(self) -> None:
        """End this process like a power cut would, if this is the life that ends."""
        if self.die:
            os.kill(os.getpid(), signal.SIGKILL)


class FileCourier:
    """A platform kept in the world; dies before or after the message arrives."""

    platform = "telegram"
    edit_interval = 0.0

    def __init__(self, world: World, *, after: bool) -> None:
        self.world = world
        self.after = after

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Put up a message."""
        if key == "b" and not self.after:
            self.world.kill_here()
        number = self.world.do(key=key, title=reply.title)
        if key == "b" and self.after:
            self.world.kill_here()
        return MessageRef(platform="telegram", channel=place.room, message=str(number))

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change nothing that is asked about here."""

    async def find(
        self, place: Place, reply: Reply, *, key: str, after: MessageRef | None, **_: object
    ) -> MessageRef | None:
        """Look for the key after the last message known."""
        known = int(after.message) if after else 0
        for number, line in enumerate(self.world.lines(), 1):
            if number > known and line.get("key") == key:
                return MessageRef(platform="telegram", channel=place.room, message=str(number))
        return None


async def tell_board(world: World, directory: Path, *, after: bool) -> None:
    """Show three messages; the second one's sending is cut off."""
    async with Store(directory / "tgk.sqlite") as store:
        courier: Any = FileCourier(world, after=after)
        async with DurableBoard(store, [courier], FakeClock(flows=True)) as board:
            for key in "abc":
                await board.show(key, COUNCIL, Reply(topic="notice", title=key))
            while board.depths():
                await store.read(lambda connection: connection.total_changes)


class Fuse(FileCourier):
    """A platform on which the process dies at a given call, before or after its effect."""

    def __init__(self, world: World, burns: int) -> None:
        super().__init__(world, after=False)
        self.burns = burns
        self.odd = burns % 2 == 1

    def burn(self, *, before: bool) -> None:
        """Come closer to the end; odd fuses end before the effect, even ones after it."""
        self.burns -= before
        if self.burns == 0 and before == self.odd:
            self.world.kill_here()

    async def send(self, place: Place, reply: Reply, *, key: str, loud: bool) -> MessageRef:
        """Put up a message, or die over it."""
        self.burn(before=True)
        number = self.world.do(key=key, title=reply.title)
        self.burn(before=False)
        return MessageRef(platform="telegram", channel=place.room, message=str(number))

    async def edit(self, ref: MessageRef, reply: Reply) -> None:
        """Change a message, or die over it."""
        self.burn(before=True)
        self.world.do(edit=self.world.lines()[int(ref.message) - 1]["key"], title=reply.title)
        self.burn(before=False)


async def storm(world: World, directory: Path, burns: int) -> None:
    """Show thirty messages twice each; whoever asked asks again from where it stopped."""
    progress = directory / "progress"
    begun = int(progress.read_text()) if progress.exists() else 0
    async with Store(directory / "tgk.sqlite") as store:
        courier: Any = Fuse(world, burns)
        async with DurableBoard(store, [courier], FakeClock()) as board:
            for number in range(begun, 30):
                for title in ("begun", "ended"):
                    await board.show(f"k{number}", COUNCIL, Reply(topic="notice", title=title))
                progress.write_text(str(number + 1))
            while board.depths():
                await store.read(lambda connection: connection.total_changes)


async def run_operation(
    directory: Path, perform: Callable[[Operation, Steps, Show], Awaitable[Outcome]]
) -> Outcome:
    """Run the operation, or join the one that the last life left."""
    engine = Engine(directory, FakeClock())
    await engine.start(perform)

    async def watch(reply: Reply) -> None:
        """Look away."""

    outcome = await engine.run(OPERATION, watch)
    await engine.stop()
    return outcome


async def deploy(world: World, directory: Path, *, inside: bool) -> None:
    """Do three steps; the process ends after the first, or within the second."""

    async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
        async def step(name: str) -> Done:
            if not any(line["step"] == name for line in world.lines()):  # safe to repeat
                world.do(step=name)
            if inside and name == "dispatch":
                world.kill_here()
            return Done(text=name)

        for name in ("lock", "dispatch", "unlock"):
            await steps.once(name, lambda name=name: step(name), Done)  # type: ignore[misc] # bound
            world.do(step=f"{name} returned")
            if name == "lock" and not inside:
                world.kill_here()
        return Outcome(result="success", reply=Reply(topic="deploy", title="deployed"))

    outcome = await run_operation(directory, perform)
    world.do(step=outcome.reply.title)


async def wait_for_council(world: World, directory: Path) -> None:
    """Ask the council and die while waiting; in the next life somebody votes."""
    clock = FakeClock()
    async with Store(directory / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, FakeBoard(), clock, [COUNCIL])

        async def perform(operation: Operation, steps: Steps, show: Show) -> Outcome:
            asked = await approvals.ask(question(operation, clock))
            group.create_task(answer(world, approvals, asked))
            verdict = await approvals.decided(asked.id)
            world.do(step=verdict.state)
            return Outcome(result="success", reply=Reply(topic="deploy", title="deployed"))

        outcome = await run_operation(directory, perform)
        world.do(step=outcome.reply.title)


async def answer(world: World, approvals: StoredApprovals, asked: Approval) -> None:
    """Let the process end, or a member say yes."""
    world.do(step=f"asked {asked.id}")
    world.kill_here()
    caller = Caller(person="ana", user_id="7000005", platform="telegram")
    await approvals.vote(asked.id, caller, approve=True)


async def vote(world: World, directory: Path) -> None:
    """Vote, and die before the card shows it; the next life draws the card."""

    class WorldBoard(FakeBoard):
        async def show(self, key: str, place: Place, reply: Reply, *, loud: bool = False) -> None:
            if reply.data["state"] == "approved":
                world.kill_here()
            world.do(step=reply.data["state"])

    clock = FakeClock()
    async with Store(directory / "tgk.sqlite") as store, asyncio.TaskGroup() as group:
        approvals = StoredApprovals(store, WorldBoard(), clock, [COUNCIL])
        if world.die:
            asked = await approvals.ask(question(OPERATION, clock))
            caller = Caller(person="ana", user_id="7000005", platform="telegram")
            await approvals.vote(asked.id, caller, approve=True)
        owner = group.create_task(approvals.run())
        while len(world.lines()) < 2:
            await asyncio.sleep(0.01)
        owner.cancel()


def question(operation: Operation, clock: FakeClock) -> Approval:
    """Return what the council is asked."""
    return Approval(
        id=operation.corr[:10],
        corr=operation.corr,
        title="Deploy v1.4.0 to production",
        requester="dana",
        members=("ana", "ben", "chi"),
        needed=1,
        digest="d1",
        asked_at=clock.now(),
        expires_at=clock.now() + timedelta(minutes=30),
    )


def main(story: str, directory: Path, *, die: bool) -> None:
    """Live one life and tell what the world saw in all of them."""
    logger.remove()
    world = World(directory, die=die)
    stories = {
        "board before": lambda: tell_board(world, directory, after=False),
        "board after": lambda: tell_board(world, directory, after=True),
        "between steps": lambda: deploy(world, directory, inside=False),
        "within a step": lambda: deploy(world, directory, inside=True),
        "council": lambda: wait_for_council(world, directory),
        "vote": lambda: vote(world, directory),
    }
    if story.startswith("storm"):
        asyncio.run(storm(world, directory, int(story.split()[1])))
    else:
        asyncio.run(stories[story]())
    sys.stdout.write(json.dumps(world.lines()))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), die=sys.argv[3:] == ["die"])
