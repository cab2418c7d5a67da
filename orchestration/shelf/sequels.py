"""What follows a step in each of its ends, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, NamedTuple

from orchestration.playbook import model
from orchestration.runs.wording import took

if TYPE_CHECKING:
    from collections.abc import Sequence

    from orchestration.playbook.model import Playbook, Step


RUN_FAILS: Final = "the run fails"


class Sequels(NamedTuple):
    """The three ends of a step."""

    success: str
    failure: str
    """Of one attempt."""
    exhausted: str
    """Of the last attempt that is wanted."""


@dataclass(frozen=True, slots=True)
class Around:
    """What a list of steps leads to."""

    next: str = "the run succeeds"
    """When it comes to its end."""
    fails: str = RUN_FAILS
    """When a step ends it."""

    def inside(self, step: Step) -> Around:
        """Return what a list inside of a step leads to."""
        name = name_of(step)
        failed = f"{name} fails"
        if isinstance(step, model.ForEach):
            return replace(self, next=f"the next item of {name}, or its end", fails=_items(step))
        if isinstance(step, model.Parallel):
            return replace(self, next=f"{name} ends with its last branch", fails=_branches(step))
        if isinstance(step, model.Conditional):
            return replace(self, next=f"{name} ends", fails=failed)
        return replace(self, next=f"{name} succeeds", fails=failed)

    def handling(self, step: Step, handler: str) -> Around:
        """Return what a handler leads to."""
        name = name_of(step)
        if handler == "on success":
            return replace(self, next=f"what follows {name}")
        if step.continue_on_error:
            return replace(self, next=f"what follows {name}", fails=f"what follows {name}")
        after = f"what follows {name}" if step.recover else self.fails
        return replace(self, next=after, fails=self.fails)


def sequels(step: Step, following: Sequence[Step], around: Around) -> Sequels:
    """Return what follows a step that stands before ``following``."""
    after = name_of(following[0]) if following else around.next
    success = f"{_names(step.on_success)}, then {after}" if step.on_success else after
    exhausted = _given_up(step, after, around)
    if isinstance(step, model.ApprovalStep):
        exhausted = (
            f"{exhausted}; without an answer in {took(step.expires)} {_silence(step, after)}"
        )
        return Sequels(success, exhausted, exhausted)
    more = step.retry.more
    failure = _again(step) if more else exhausted
    return Sequels(success, failure, exhausted)


def last_words(book: Playbook, undone: Sequence[str]) -> str:
    """Return what a failed run still does: undo what it has done, the last first, and finally."""
    parts = [f"undo {', '.join(reversed(undone))}"] if undone else []
    if book.finally_:
        parts.append(f"finally {_names(book.finally_)}")
    return ", ".join(parts)


def _silence(step: model.ApprovalStep, after: str) -> str:
    """Say what it means that nobody answers."""
    return {"fail": "the same", "skip": f"{after}", "approve": f"{after}, as after a yes"}[
        step.on_timeout
    ]


def _again(step: Step) -> str:
    retry = step.retry
    between = took(min(retry.delay, retry.max_delay))
    when = f", while {retry.when.source}" if retry.when else ""
    return f"another try after {between}, up to {retry.more + 1} attempts{when}"


def _given_up(step: Step, after: str, around: Around) -> str:
    handled = f"{_names(step.on_failure)}, then " if step.on_failure else ""
    if step.continue_on_error:
        return f"{handled}{after} all the same"
    if step.recover and step.on_failure:
        return f"{handled}{after}; where that fails too, {around.fails}"
    return f"{handled}{around.fails}"


def _branches(step: model.Parallel) -> str:
    others = {
        "cancel": "the other branches are stopped",
        "drain": "the other branches end their step",
        "off": "the other branches go on",
    }[step.fail_fast]
    return f"{others}, and {name_of(step)} fails"


def _items(step: model.ForEach) -> str:
    others = {
        "cancel": "no other item begins",
        "drain": "items under way end, no other begins",
        "off": "the other items go on",
    }[step.fail_fast]
    return f"{others}, and {name_of(step)} fails"


def _names(steps: Sequence[Step]) -> str:
    return ", ".join(name_of(step) for step in steps)


def name_of(step: Step) -> str:
    """Return the shortest name that tells which step is meant."""
    if step.name:
        return step.name
    if isinstance(step, model.CommandStep):
        return f"/{step.command.name}"
    return step.path.rpartition("/")[2]
