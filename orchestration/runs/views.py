"""A run as it is shown: the tree of its playbook with what each step did."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from orchestration.playbook import model
from orchestration.runs.states import group, note_of, state_of
from tgk.ports.runs import ENDED, RunView, StepView, Try

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from orchestration.playbook.model import Playbook, Step
    from orchestration.runs.records import RunRecord, StepRecord
    from tgk.ports.council import Approval

_KINDS: dict[type, str] = {
    model.CommandStep: "command", model.Parallel: "parallel", model.Conditional: "conditional",
    model.ForEach: "foreach", model.Group: "group", model.ApprovalStep: "approval",
    model.Wait: "wait", model.SubPlaybook: "playbook", model.SetValues: "set",
    model.Assert: "assert", model.Http: "http", model.Shell: "shell",
}  # fmt: skip
_MOST_TRIES = 20


def bare(record: RunRecord) -> RunView:
    """Return a run without its steps."""
    pause, heir = record.pause, record.heir
    reason = f"{pause.who}: {pause.reason}" if pause else record.reason
    return RunView(
        id=record.id,
        playbook=record.playbook,
        version=record.version,
        digest=record.digest,
        state=record.state,
        request=record.request.model_copy(
            update={"parameters": _veiled(record.request.parameters, record)}
        ),
        starter=record.starter,
        cause=record.cause,
        asked=record.asked,
        began=record.began,
        ended=record.ended,
        deadline=_deadline(record),
        reason=reason,
        pausing=pause is not None and record.state in ("running", "waiting", "undoing"),
        until=pause.until if pause else None,
        pauses=record.pauses,
        parameters=_veiled(record.parameters, record),
        outputs=record.outputs,
        previous=record.previous,
        continued=heir.record.id if heir and record.state in ENDED else "",
        mark=record.mark,
        revision=record.revision,
    )


def whole(
    record: RunRecord,
    steps: Iterable[StepRecord],
    playbooks: Mapping[str, Playbook],
    redact: Callable[[str], str],
    questions: Iterable[Approval] = (),
) -> RunView:
    """Return a run with its whole tree, everything secret masked.

    ``questions`` are those that are open: a step that waits for one shows how it stands.
    """
    asked = {f"approval {each.id}": each for each in questions}
    drawing = _Drawing(record, tuple(steps), playbooks, redact, asked)
    tree = drawing.tree()
    return bare(record).model_copy(
        update={
            "consulted": bool(record.consents) or _asks(tree),
            "parameters": masked(_veiled(record.parameters, record), redact),
            "outputs": masked(record.outputs, redact),
            "reason": redact(bare(record).reason),
            "steps": tree,
            "undoes": drawing.undoes(),
            "kept_with": redact(drawing.kept_with()),
        }
    )


def _asks(steps: Iterable[StepView]) -> bool:
    """Say whether one of them has asked people for their voices."""
    return any(
        (each.kind == "approval" and each.began is not None) or _asks(each.steps) for each in steps
    )


def _veiled(values: Mapping[str, Any], record: RunRecord) -> dict[str, Any]:
    """Return values of parameters without those that nobody is shown."""
    return {name: "***" if name in record.hidden else each for name, each in values.items()}


def masked(value: Any, redact: Callable[[str], str]) -> Any:
    """Return plain data with every text masked."""
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, dict):
        return {key: masked(each, redact) for key, each in value.items()}
    if isinstance(value, list):
        return [masked(each, redact) for each in value]
    return value


def kind_of(step: Step) -> str:
    """Return what to call the kind of a step."""
    return _KINDS[type(step)]


def called(step: Step) -> str:
    """Return the author's name of a step, else its command, else its kind."""
    if step.name:
        return step.name
    if isinstance(step, model.CommandStep):
        return f"/{step.command.name}"
    return kind_of(step)


def _deadline(record: RunRecord) -> Any:
    from datetime import timedelta

    if record.timeout is None or record.counting is None or record.ended:
        return None
    return record.counting + timedelta(seconds=record.timeout - record.spent)


@dataclass(slots=True)
class _Drawing:
    record: RunRecord
    steps: tuple[StepRecord, ...]
    playbooks: Mapping[str, Playbook]
    redact: Callable[[str], str]
    asked: Mapping[str, Approval]

    @property
    def _latest(self) -> dict[str, StepRecord]:
        return {step.path: step for step in self.steps}

    def tree(self) -> tuple[StepView, ...]:
        """Return the body, and ``finally`` under a group of that name."""
        latest, book = self._latest, self.playbooks[self.record.playbook]
        drawn = [self._step(step, "", latest) for step in book.steps]
        if book.finally_:
            inner = tuple(self._step(step, "", latest) for step in book.finally_)
            drawn.append(group("finally", "finally", "finally", inner))
        return tuple(drawn)

    def kept_with(self) -> str:
        """Return what was kept although it was done with other values: ``version=v1: deploy``."""
        found: dict[str, list[str]] = {}
        for path, step in self._latest.items():
            if step.kept_with:
                found.setdefault(step.kept_with, []).append(path)
        return "; ".join(f"{values}: {', '.join(paths)}" for values, paths in found.items())

    def undoes(self) -> tuple[StepView, ...]:
        """Return what was done to take things back, in the order of its beginning."""
        latest = self._latest
        undo = {
            step.path: step for book in self.playbooks.values() for step in _undo_steps(book.steps)
        }
        found = []
        for path, seen in latest.items():
            step = undo.get(re.sub(r"\[\d+\]", "", path))
            if step is not None:
                found.append((seen.seq, self._step(step, "", latest, path)))
        return tuple(view for _, view in sorted(found, key=lambda each: each[0]))

    def _step(
        self, step: Step, prefix: str, latest: Mapping[str, StepRecord], path: str = "",
        static: str = "",
    ) -> StepView:  # fmt: skip
        path = path or prefix + step.path[len(static) :]
        seen = latest.get(path)
        inner = (*self._inside(step, prefix, static, path, latest),
                 *self._handlers(step, prefix, static, latest))  # fmt: skip
        result = seen.result if seen else None
        over = self.record.state in ENDED
        state = state_of(seen, ended=over)
        rests = seen is not None and seen.result is not None and state == "waiting"
        return StepView(
            path=path,
            name=called(step),
            kind=kind_of(step),
            state=state,
            attempt=seen.attempt if seen else 0,
            attempts=step.retry.more + 1,
            began=(seen.ended if rests else seen.began) if seen else None,
            ended=seen.ended if seen and not rests else None,
            freed=seen.freed if seen and not rests else None,
            note=self.redact(note_of(seen, ended=over)),
            output=masked(result.output if result else self._so_far(seen), self.redact),
            reference=result.reference if result else "",
            tries=self._tries(path, seen.seq + rests)
            if seen and (rests or seen.attempt > 1)
            else (),
            steps=inner,
        )

    def _tries(self, path: str, before: int) -> tuple[Try, ...]:
        """Return the attempts of a step before the one that is shown, or is waited for."""
        earlier = (each for each in self.steps if each.path == path and each.seq < before)
        return tuple(
            Try(
                began=each.began,
                ended=each.ended,
                state=each.result.status,
                note=self.redact(each.result.note),
                reference=each.result.reference,
            )
            for each in earlier
            if each.result and not each.kept
        )[-_MOST_TRIES:]

    def _so_far(self, seen: StepRecord | None) -> dict[str, Any]:
        """Return how the vote stands that a step waits for."""
        question = self.asked.get(seen.waits) if seen else None
        if question is None:
            return {}
        kept = {"person", "approve", "reason"}
        return {
            "approval": question.id,
            "votes": [vote.model_dump(include=kept) for vote in question.votes],
            "needed": question.needed,
            "asked": question.wanted,
        }

    def _list(
        self, steps: Sequence[Step], prefix: str, static: str, latest: Mapping[str, StepRecord]
    ) -> tuple[StepView, ...]:
        return tuple(self._step(each, prefix, latest, static=static) for each in steps)

    def _inside(
        self, step: Step, prefix: str, static: str, path: str, latest: Mapping[str, StepRecord]
    ) -> tuple[StepView, ...]:
        match step:
            case model.Group():
                return self._list(step.steps, prefix, static, latest)
            case model.Conditional():
                sides = (("then", step.then), ("else", step.otherwise))
                return tuple(
                    group(f"{path}/{name}", name, name, self._list(steps, prefix, static, latest))
                    for name, steps in sides
                    if steps
                )
            case model.Parallel():
                return tuple(
                    group(
                        prefix + each.path[len(static) :], each.name or f"branch {number}",
                        "branch", self._list(each.steps, prefix, static, latest),
                        _output(latest.get(path)).get(each.name),
                    )
                    for number, each in enumerate(step.branches, 1)
                )  # fmt: skip
            case model.ForEach():
                return self._items(step, path, latest)
            case model.SubPlaybook():
                book = self.playbooks.get(step.playbook)
                return self._list(book.steps, f"{path}/", "", latest) if book else ()
            case _:
                return ()

    def _items(
        self, step: model.ForEach, path: str, latest: Mapping[str, StepRecord]
    ) -> tuple[StepView, ...]:
        pattern = re.compile(re.escape(path) + r"\[(\d+)\]")
        begun = {int(found[1]) for each in latest if (found := pattern.match(each))}
        listed, ends = _listed(latest.get(path)), _output(latest.get(path)).get("items", ())
        count = max([len(listed), *(number + 1 for number in begun)], default=0)
        if not count:
            return self._list(step.steps, path, step.path, latest)
        return tuple(
            group(
                f"{path}[{n}]", str(listed[n]) if n < len(listed) else f"[{n}]", "item",
                self._list(step.steps, f"{path}[{n}]", step.path, latest),
                ends[n]["status"] if n < len(ends) else None,
            )
            for n in range(count)
        )  # fmt: skip

    def _handlers(
        self, step: Step, prefix: str, static: str, latest: Mapping[str, StepRecord]
    ) -> tuple[StepView, ...]:
        found = []
        for name, steps in (("on_failure", step.on_failure), ("on_success", step.on_success)):
            views = self._list(steps, prefix, static, latest)
            if views:
                at = f"{prefix}{step.path[len(static) :]}/{name}"
                found.append(group(at, name, name, views))
        return tuple(found)


def _listed(record: StepRecord | None) -> list[Any]:
    """Return the items of a loop that has begun."""
    if record is None:
        return []
    if record.result and "items" in record.result.output:
        return [each["item"] for each in record.result.output["items"]]
    return list(record.items)


def _undo_steps(steps: Sequence[Step]) -> list[Step]:
    """Return every undo step of a tree."""
    found: list[Step] = []
    for step in steps:
        found += [*step.undo, *_undo_steps(_inner(step))]
    return found


def _inner(step: Step) -> tuple[Step, ...]:
    match step:
        case model.Group() | model.ForEach():
            inner: tuple[Step, ...] = step.steps
        case model.Conditional():
            inner = (*step.then, *step.otherwise)
        case model.Parallel():
            inner = tuple(each for branch in step.branches for each in branch.steps)
        case _:
            inner = ()
    return (*inner, *step.on_failure, *step.on_success)


def _output(record: StepRecord | None) -> Mapping[str, Any]:
    """Return what a step told of the lists beside each other in it, once they have ended."""
    return record.result.output if record and record.result else {}
