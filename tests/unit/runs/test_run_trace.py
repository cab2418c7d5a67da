"""Runs as OTLP JSON, against the rules of its encoding."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.runs.tracing import span_id, trace, trace_id
from tests.unit.runs.run_stories import (
    NOW,
    at,
    finished,
    run,
    second_generation,
    step,
    taken_back,
    thirteen,
)

if TYPE_CHECKING:
    from tgk.ports.runs import RunView

_SPAN_KEYS = {
    "traceId", "spanId", "parentSpanId", "name", "kind", "startTimeUnixNano", "endTimeUnixNano",
    "attributes", "status", "links",
}  # fmt: skip


def _spans(view: RunView) -> list[dict[str, Any]]:
    exported = json.loads(json.dumps(trace(view, now=NOW), allow_nan=False))
    (resource,) = exported["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    return list(scope["spans"])


def _by_path(view: RunView) -> dict[str, dict[str, Any]]:
    return {_facts(span).get("tgk.step.path", ""): span for span in _spans(view)}


def _facts(span: dict[str, Any]) -> dict[str, Any]:
    return {each["key"]: next(iter(each["value"].values())) for each in span["attributes"]}


@pytest.mark.parametrize("view", [thirteen(), taken_back(), second_generation(), finished()])
def test_every_span_keeps_the_rules_of_otlp_json(view: RunView) -> None:
    """Hex ids of the right length, times as text, enums as numbers, and no other keys."""
    for span in _spans(view):
        assert set(span) <= _SPAN_KEYS
        assert re.fullmatch(r"[0-9a-f]{32}", span["traceId"])
        assert re.fullmatch(r"[0-9a-f]{16}", span["spanId"])
        assert span["kind"] == 1
        assert span["status"]["code"] in {0, 1, 2}
        begins, ends = span["startTimeUnixNano"], span["endTimeUnixNano"]
        assert re.fullmatch(r"\d{19}", begins)
        assert int(begins) <= int(ends)
        for each in span["attributes"]:
            ((kind, value),) = each["value"].items()
            types = {"stringValue": str, "intValue": str, "boolValue": bool, "doubleValue": float}
            assert isinstance(value, types[kind])


@pytest.mark.parametrize("view", [thirteen(), taken_back(), second_generation(), finished()])
def test_spans_are_one_tree(view: RunView) -> None:
    """One root, every parent is there, ids are unique, all in one trace."""
    spans = _spans(view)
    ids = [span["spanId"] for span in spans]

    assert len(set(ids)) == len(ids)
    assert {span["traceId"] for span in spans} == {trace_id(view.id, view.mark)}
    assert [span["spanId"] for span in spans if "parentSpanId" not in span] == [
        span_id(view.id, "")
    ]
    assert all(span["parentSpanId"] in ids for span in spans[1:])


def test_times_are_exact_to_the_microsecond() -> None:
    """No floating point between the clock and the trace."""
    spans = _by_path(run([step("a", "succeeded", 0.000001, 1)], began=at(0)))

    assert spans["a"]["startTimeUnixNano"] == "1768471440000001000"
    assert spans["a"]["endTimeUnixNano"] == "1768471441000001000"


def test_a_second_export_is_the_same_trace() -> None:
    """Backends replace instead of adding."""
    assert trace(thirteen(), now=NOW) == trace(thirteen(), now=NOW)
    assert trace_id("WF-2026-001", "a") != trace_id("WF-2026-002", "a")
    assert trace_id("WF-2026-001", "a") != trace_id("WF-2026-001", "b")


def test_failures_are_errors_with_their_reason() -> None:
    """Success is OK, the rest is unset."""
    spans = _by_path(thirteen())

    assert spans["roll/workers/deploy-workers"]["status"] == {
        "code": 2, "message": "quota exceeded: 12 of 12 pods are used in eu-west-1",
    }  # fmt: skip
    assert spans["validate-prerequisites"]["status"] == {"code": 1}
    assert spans["roll/api/deploy-api"]["status"] == {"code": 0}


def test_steps_say_what_they_are() -> None:
    """Attempts are numbers, and outputs that are plain values are there."""
    view = run([step("a", "succeeded", 0, 1, attempt=2, attempts=4, reference="ab12",
                     output={"success": True, "pods": 3, "share": 0.5, "list": [1]})])  # fmt: skip
    facts = _facts(_by_path(view)["a"])

    assert facts["tgk.step.attempt"] == "2"
    assert facts["tgk.audit.reference"] == "ab12"
    assert facts["tgk.output.success"] is True
    assert facts["tgk.output.pods"] == "3"
    assert facts["tgk.output.share"] == 0.5
    assert "tgk.output.list" not in facts


def test_what_has_not_begun_has_no_span() -> None:
    """Nor what was skipped or kept."""
    assert set(_by_path(second_generation())) == {"", "deploy"}


def test_a_second_generation_links_to_the_first() -> None:
    """Its trace is its own."""
    root = _by_path(second_generation())[""]

    assert root["links"][0]["traceId"] == trace_id("WF-2026-001", "")
    assert root["links"][0]["spanId"] == span_id("WF-2026-001", "")


def test_what_is_under_way_ends_now_and_says_so() -> None:
    """A trace of a running run can be read too."""
    spans = _by_path(thirteen())

    assert _facts(spans["roll/api/deploy-api"])["tgk.unfinished"] is True
    assert spans["roll/api/deploy-api"]["endTimeUnixNano"] == spans[""]["endTimeUnixNano"]
    assert _facts(spans["validate-prerequisites"])["tgk.unfinished"] is False
    assert _facts(spans[""])["tgk.unfinished"] is True
    assert _facts(_by_path(finished())[""])["tgk.unfinished"] is False


def test_numbers_that_json_cannot_hold_become_text() -> None:
    """Infinity and integers beyond 64 bits."""
    odd = {"big": 2**70, "endless": float("inf"), "none": float("nan")}
    facts = _by_path(run([step("a", "succeeded", 0, 1, output=odd)]))["a"]["attributes"]
    values = {each["key"]: each["value"] for each in facts}

    assert values["tgk.output.big"] == {"stringValue": str(2**70)}
    assert values["tgk.output.endless"] == {"stringValue": "inf"}
    assert values["tgk.output.none"] == {"stringValue": "nan"}
