"""What a run has done that can be taken back, and what became of that."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from orchestration.playbook.model import ACTING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from orchestration.playbook.model import Step
    from orchestration.runs.frame import Frame
    from orchestration.runs.halt import Halt
    from orchestration.runs.means import Means
    from orchestration.runs.records import Result

    Lists = Callable[[Sequence[Step], Frame], Awaitable[Result | None]]

LAST_WORDS_SECONDS: Final = 1800.0
"""How much of its own time a run has for undoing, and again for ``finally``, in each life."""


@dataclass(frozen=True, slots=True)
class Done:
    """One attempt that can be rolled back."""

    step: Step
    frame: Frame
    path: str
    label: str


@dataclass(slots=True)
class Rollback:
    """Remembers what could be undone, undoes it, and accounts for it; ``play`` plays a list."""

    means: Means
    play: Lists
    done: list[Done] = field(default_factory=list)
    undone: list[str] = field(default_factory=list)
    """Paths of what was rolled back."""
    stuck: list[str] = field(default_factory=list)
    """Paths of what could not be rolled back, as its undoing failed."""
    left: list[str] = field(default_factory=list)
    """Paths of what failed after it was begun and is not rolled back."""

    def remember(self, step: Step, frame: Frame, path: str, result: Result) -> None:
        """Note what can be rolled back, and what failed and may have left something behind."""
        if result.status != "succeeded" and not self._touched(step, frame, path, result):
            return
        done = Done(step, frame.frozen(), path, frame.label(result.attempts))
        if result.status == "succeeded" or step.undo_failed:
            self.done.append(done)
        elif not step.on_failure:  # else the author has said what is done about it
            self.left.append(path)

    async def take_back(self, below: Halt, inside: str = "", era: str = "") -> bool | None:
        """Undo what completed, the last first; one that fails does not stop the others.

        Only what lies in ``inside``, of attempts of that ``era``, where it is given. Returns
        whether all of it was rolled back, None where there is nothing to take back.
        """
        pulse, memory, well = self.means.pulse, self.means.memory, True
        found = [each for each in self.done if each.path.startswith(inside)]
        found = [each for each in found if each.label.startswith(era)]
        self.done[:] = [each for each in self.done if each not in found]
        async with pulse.limited(below, LAST_WORDS_SECONDS, pulse.now()) as halt:
            for each in sorted(found, key=lambda each: -self._order(each)):
                record = memory.get(each.path, each.label)
                if record and record.undone:
                    self.undone.append(each.path)
                    continue
                bad = await self.play(each.step.undo, each.frame.under(halt))
                well = well and bad is None
                (self.stuck if bad else self.undone).append(each.path)
                if bad is None and record:
                    await memory.note(record, undone=True)
        return well if found else None

    def account(self) -> str:
        """Say what was rolled back and what was not; empty where nothing was to be."""
        parts = []
        if self.undone:
            parts.append(f"rolled back: {', '.join(self.undone)}")
        if self.stuck:
            parts.append(f"NOT rolled back, as its undo failed: {', '.join(self.stuck)}")
        if self.left:
            whose = "itself" if len(self.left) == 1 else "themselves"
            was = "was" if len(self.left) == 1 else "were"
            names = ", ".join(self.left)
            parts.append(f"{names} failed {whose} and {was} not rolled back: look at it")
        return "; ".join(parts)

    def _touched(self, step: Step, frame: Frame, path: str, result: Result) -> bool:
        """Say whether a step that acts itself failed in an attempt that was really begun."""
        if not result.bad or not isinstance(step, ACTING):
            return False
        tries = (self.means.memory.get(path, frame.label(n + 1)) for n in range(result.attempts))
        return any(each.result.touched for each in tries if each and each.result)

    def _order(self, done: Done) -> int:
        record = self.means.memory.get(done.path, done.label)
        return record.order if record else 0
