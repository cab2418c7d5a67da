"""P5: no secret in plain text; and whatever is asked makes one record."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tgk.ports.journal import Conclusion

if TYPE_CHECKING:
    from tests.unit.audit.conftest import Desk


async def test_secrets_never_reach_the_file(desk: Desk) -> None:
    """By name, by shape and by value; the seal is taken after the masking, so it verifies."""
    desk.redactor.literals("correct-horse-battery")
    token = "ghp_" + "a" * 36
    asked = desk.attempt(
        command=f"/x{token}",
        args={"password": "hunter2hunter2", "note": f"use {token}", "n": ["correct-horse-battery"]},
        delivery=f"cli:{token}",
    )
    async with desk.journal() as journal:
        await journal.intend(asked)
        end = Conclusion("failure", detail=f"Bearer {token}", rule=token, links={"run": token})
        await journal.conclude(asked, end)

    text = desk.path.read_text()
    assert not [each for each in (token, "hunter2", "correct-horse") if each in text]
    assert text.count(desk.redactor.fingerprint(token)) >= 6
    assert desk.redactor.fingerprint("hunter2hunter2") in text
    assert desk.verdict().intact


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    args=st.dictionaries(
        st.text(max_size=8),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text(st.characters(codec=None), max_size=30),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(st.text(max_size=4), inner, max_size=3)
            ),
            max_leaves=6,
        ),
        max_size=4,
    )
)
def test_any_arguments_make_one_line(args: Any, desk: Any) -> None:
    """Surrogates, control characters, huge integers, NaN: one record, and it verifies."""

    async def write() -> None:
        async with desk.journal() as journal:
            await journal.conclude(desk.attempt(args=args), Conclusion("success"))

    before = len(desk.lines()) if desk.path.exists() else 1
    asyncio.run(write())

    assert len(desk.lines()) == before + 2
    assert desk.verdict().intact


async def test_huge_arguments_are_cut_and_digested(desk: Desk) -> None:
    """A megabyte of arguments costs a kilobyte of log."""
    async with desk.journal() as journal:
        await journal.conclude(desk.attempt(args={"text": "x" * 1_000_000}), Conclusion("success"))

    args = desk.records()[-1].args
    assert args["bytes"] == 1_000_011
    assert len(args["sha256"]) == 64
    assert len(desk.lines()[-1]) < 2048
