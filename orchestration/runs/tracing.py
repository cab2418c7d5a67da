"""A run as a trace in the OTLP JSON encoding, for any backend that takes OpenTelemetry."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from orchestration.runs.shape import BAD, stages, walk

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tgk.ports.runs import RunState, RunView, StepState, StepView

Span = dict[str, Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TRACE, _SPAN = 16, 8
_INTERNAL: Final = 1
_UNSET, _OK, _ERROR = 0, 1, 2
_LONGEST = 256
_BAD_RUNS: frozenset[RunState] = frozenset(
    {"failed", "timed_out", "rolled_back", "rollback_failed"}
)
_NO_SPAN: frozenset[StepState] = frozenset({"pending", "skipped", "kept"})


def trace(view: RunView, *, now: datetime | None = None) -> dict[str, Any]:
    """Return the run and every step that began as spans of one trace, ready for ``json.dumps``.

    Ids come from the run and the path, so that a second export is the same trace. What is under
    way ends at ``now``, or with the latest that is known, and is marked unfinished.
    """
    end = now or max(_moments(view))
    return envelope([_run_span(view, end), *_spans(view, stages(view), "", end)])


def envelope(spans: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return spans as a request of OTLP carries them."""
    return {
        "resourceSpans": [
            {
                "resource": {"attributes": _attributes({"service.name": "tgk"})},
                "scopeSpans": [{"scope": {"name": "tgk.runs"}, "spans": list(spans)}],
            }
        ]
    }


def settled(view: RunView) -> Iterator[Span]:
    """Yield the spans of a run under way that will not change any more.

    What may be tried again, and what has no end of its own such as a branch, comes with the end
    of the run; the run itself comes first then.
    """
    over = view.ended is not None
    if view.ended is not None:
        yield _run_span(view, view.ended)
    end = max(_moments(view))
    for step, parent, began in _begun(stages(view), ""):
        if over or _is_final(step):
            yield _step_span(view, step, parent, (began, _ended(step) or end))


def trace_id(run: str, mark: str) -> str:
    """Return the 16 bytes, as hex, that name the trace of a run; ``mark`` is the view's."""
    return _digest(f"run:{run}:{mark}", _TRACE)


def span_id(run: str, path: str) -> str:
    """Return the 8 bytes, as hex, that name the span of a step; an empty path is the run."""
    return _digest(f"step:{run}:{path}", _SPAN)


def _digest(words: str, size: int) -> str:
    return hashlib.sha256(words.encode()).digest()[:size].hex()


def _run_span(view: RunView, end: datetime) -> dict[str, Any]:
    links = {"links": [_link(view.previous, view.mark)]} if view.previous else {}
    return {
        **_span(view, "", view.playbook, view.began or view.asked, view.ended or end),
        "attributes": _attributes(
            {
                "tgk.run.id": view.id,
                "tgk.run.state": view.state,
                "tgk.run.cause": view.cause,
                "tgk.run.reason": view.reason,
                "tgk.run.queued_ms": _queued(view),
                "tgk.playbook.name": view.playbook,
                "tgk.playbook.version": view.version,
                "tgk.playbook.digest": view.digest,
                "deployment.environment.name": view.request.environment,
                "enduser.id": view.starter.person,
                "tgk.unfinished": view.ended is None,
            }
        ),
        "status": _status(_run_code(view), view.reason),
        **links,
    }


def _spans(
    view: RunView, steps: Iterable[StepView], parent: str, end: datetime
) -> Iterator[dict[str, Any]]:
    for step, outer, began in _begun(steps, parent):
        yield _step_span(view, step, outer, (began, _ended(step) or end))


def _begun(steps: Iterable[StepView], parent: str) -> Iterator[tuple[StepView, str, datetime]]:
    """Yield each step that began, the path of the one around it that did, and when."""
    for step in steps:
        began = _began(step)
        if began is None or step.state in _NO_SPAN:
            yield from _begun(step.steps, parent)
            continue
        yield step, parent, began
        yield from _begun(step.steps, step.path)


def _is_final(step: StepView) -> bool:
    return step.ended is not None and (step.state not in BAD or step.attempt >= step.attempts)


def _step_span(
    view: RunView, step: StepView, parent: str, times: tuple[datetime, datetime]
) -> Span:
    return {
        **_span(view, step.path, step.name, *times),
        "parentSpanId": span_id(view.id, parent),
        "attributes": _attributes(_step_facts(step)),
        "status": _status(_step_code(step), step.note),
    }


def _span(view: RunView, path: str, name: str, began: datetime, ended: datetime) -> dict[str, Any]:
    return {
        "traceId": trace_id(view.id, view.mark),
        "spanId": span_id(view.id, path),
        "name": name[:_LONGEST] or "step",
        "kind": _INTERNAL,
        "startTimeUnixNano": _nanoseconds(began),
        "endTimeUnixNano": _nanoseconds(max(began, ended)),
    }


def _link(run: str, mark: str) -> dict[str, Any]:
    return {
        "traceId": trace_id(run, mark),
        "spanId": span_id(run, ""),
        "attributes": _attributes({"tgk.run.id": run, "tgk.link": "previous generation"}),
    }


def _step_facts(step: StepView) -> dict[str, Any]:
    simple = {
        f"tgk.output.{name}": value
        for name, value in step.output.items()
        if isinstance(value, str | int | float | bool)
    }
    return {
        "tgk.step.path": step.path,
        "tgk.step.kind": step.kind,
        "tgk.step.state": step.state,
        "tgk.step.attempt": step.attempt,
        "tgk.step.attempts": step.attempts,
        "tgk.step.note": step.note,
        "tgk.audit.reference": step.reference,
        "tgk.unfinished": step.ended is None,
        **simple,
    }


def _attributes(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return what is known; OTLP writes whole numbers of 64 bits as text."""
    return [
        {"key": key, "value": _value(value)}
        for key, value in facts.items()
        if value not in {None, ""}
    ]


def _value(value: str | float | bool) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int() if -(2**63) <= value < 2**63:
            return {"intValue": str(value)}
        case float() if value == value and abs(value) != float("inf"):  # noqa: PLR0124 - NaN
            return {"doubleValue": value}
        case _:
            return {"stringValue": str(value)[:_LONGEST]}


def _status(code: int, message: str) -> dict[str, Any]:
    said = {"message": message[:_LONGEST]} if code == _ERROR and message else {}
    return {"code": code, **said}


def _run_code(view: RunView) -> int:
    return _ERROR if view.state in _BAD_RUNS else _OK if view.state == "succeeded" else _UNSET


def _step_code(step: StepView) -> int:
    return _ERROR if step.state in BAD else _OK if step.state == "succeeded" else _UNSET


def _queued(view: RunView) -> int | None:
    if view.began is None:
        return None
    return max(0, (view.began - view.asked) // timedelta(milliseconds=1))


def _began(step: StepView) -> datetime | None:
    begins = [each.began for each in walk((step,)) if each.began is not None]
    return step.began or min(begins, default=None)


def _ended(step: StepView) -> datetime | None:
    if step.began is not None or step.ended is not None:
        return step.ended
    inside = [each for each in walk(step.steps) if each.began is not None]
    ends = [each.ended for each in inside if each.ended is not None]
    return max(ends) if len(ends) == len(inside) else None


def _moments(view: RunView) -> Iterator[datetime]:
    for at in (view.asked, view.began, view.ended):
        if at is not None:
            yield at
    for step in walk(stages(view)):
        for at in (step.began, step.ended):
            if at is not None:
                yield at


def _nanoseconds(at: datetime) -> str:
    return str((at - _EPOCH) // timedelta(microseconds=1) * 1000)
