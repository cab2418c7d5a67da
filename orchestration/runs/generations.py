"""Another try of a run: which results are kept, and which steps are played again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from orchestration.playbook import model
from orchestration.runs.authority import inner
from orchestration.runs.changes import Changes
from orchestration.runs.records import BAD, RunRecord, StepRecord, Wish
from tgk.errors import Conflict, Missing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestration.playbook.model import Playbook, Step

_INDEX = re.compile(r"\[\d+\]")


def kept(
    steps: Iterable[StepRecord], playbooks: Mapping[str, Playbook], name: str, wish: Wish
) -> tuple[StepRecord, ...]:
    """Return the results that the next generation takes over.

    What succeeded is kept, unless it was undone, comes at or after the step to begin from, or
    stands in ``finally`` or a handler. Raises Missing for a step that does not exist.
    """
    book = playbooks[name]
    again = _again(book, wish.from_step)
    latest: dict[str, StepRecord] = {}
    for step in sorted(steps, key=lambda each: each.seq):
        if wish.upto is None or 0 < step.order <= wish.upto:
            latest[step.path] = step
    own = _body(book)
    found = []
    for path, step in latest.items():
        static = _INDEX.sub("", path)
        if static in again or step.result is None or (step.undone and not step.result.bad):
            continue
        if static not in own and not _in_playbook(static, own):
            continue
        if step.result.status in ("succeeded", "skipped") and not _has_undone(path, latest):
            found.append(step.model_copy(update={"kept": True}))
        elif wish.skip_failed and step.result.status in BAD and _is_cause(path, latest):
            note = f"skipped: {step.result.note}"
            result = step.result.model_copy(update={"status": "skipped", "note": note})
            found.append(step.model_copy(update={"kept": True, "result": result}))
    return tuple(step for step in found if not _replaced(_INDEX.sub("", step.path), again))


def failed(steps: Iterable[StepRecord]) -> bool:
    """Say whether a step stands failed, so that there is something to skip."""
    latest = {step.path: step for step in sorted(steps, key=lambda each: each.seq)}
    return any(step.result is not None and step.result.bad for step in latest.values())


def inherited(
    run: RunRecord, steps: Iterable[StepRecord], playbooks: Mapping[str, Playbook]
) -> tuple[StepRecord, ...]:
    """Return what the heir of a run takes over; those done with other values say so."""
    if run.heir is None:
        return ()
    found = kept(steps, playbooks, run.playbook, run.heir.wish)
    return Changes.between(run, run.heir.record.parameters, playbooks).marked(found)


def _again(book: Playbook, wanted: str) -> frozenset[str]:
    """Return the paths that are played again whatever they found: the step, and what follows."""
    if not wanted:
        return frozenset()
    listed = _every(book.steps)
    static = _INDEX.sub("", wanted)
    matches = [step for step in listed if static in (step.path, step.name)]
    if not matches:
        names = [step.name or step.path for step in listed]
        raise Missing("step", wanted, nearest(wanted, names), known=names)
    if len(matches) > 1:
        paths = ", ".join(step.path for step in matches)
        raise Conflict(f'"{wanted}" is the name of several steps.', why=paths)
    lost: set[str] = set()
    _mark(book.steps, matches[0].path, lost)
    return frozenset(lost)


def _mark(steps: Sequence[Step], wanted: str, lost: set[str]) -> bool:
    """Mark the wanted step, those after it and those around it; says whether it was inside."""
    for place, step in enumerate(steps):
        inside = step.path == wanted or any(_mark(part, wanted, lost) for part in _lists(step))
        if not inside:
            continue
        lost.add(step.path)
        if step.path == wanted:
            lost.update(each.path for each in _every(inner(step)))
        for later in steps[place + 1 :]:
            lost.update(each.path for each in _every((later,)))
        return True
    return False


def _lists(step: Step) -> tuple[Sequence[Step], ...]:
    match step:
        case model.Conditional():
            return (step.then, step.otherwise)
        case model.Group() | model.ForEach():
            return (step.steps,)
        case model.Parallel():
            return tuple(branch.steps for branch in step.branches)
        case _:
            return ()


def _every(steps: Sequence[Step]) -> list[Step]:
    return [each for step in steps for each in (step, *_every(inner(step)))]


def _body(book: Playbook) -> frozenset[str]:
    """Return the paths of the body, without handlers and undoing."""

    def own(steps: Sequence[Step]) -> list[str]:
        return [
            path
            for step in steps
            for path in (step.path, *(each for part in _lists(step) for each in own(part)))
        ]

    return frozenset(own(book.steps))


def _in_playbook(static: str, own: frozenset[str]) -> bool:
    """Say whether a path lies inside a step that plays another playbook."""
    parts = static.split("/")
    heads = ("/".join(parts[:n]) for n in range(1, len(parts)))
    handled = {"on_failure", "on_success", "undo", "finally"} & set(parts)
    return not handled and any(head in own for head in heads)


def _is_cause(path: str, latest: Mapping[str, StepRecord]) -> bool:
    """Say whether a failure is its own and no failure inside explains it."""
    return not any(
        _is_inside(other, path) and step.result is not None and step.result.status in BAD
        for other, step in latest.items()
    )


def _has_undone(path: str, latest: Mapping[str, StepRecord]) -> bool:
    """Say whether something inside was taken back, so that it must be played again."""
    return any(step.undone and _is_inside(other, path) for other, step in latest.items())


def _is_inside(path: str, outer: str) -> bool:
    return path != outer and path.startswith((f"{outer}/", f"{outer}["))


def _replaced(static: str, again: frozenset[str]) -> bool:
    """Say whether a path lies in a step that is played again as a whole."""
    return any(
        static.startswith(f"{path}/") and not any(other.startswith(f"{path}/") for other in again)
        for path in again
    )
