"""What steps of playbooks really send, and what they are told of the answer."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest

from integrations.outward import OutwardSteps
from tgk.errors import Rejected, Unavailable
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from pathlib import Path

    from pytest_httpserver import HTTPServer


@pytest.fixture
def outside() -> OutwardSteps:
    """Return the real thing."""
    return OutwardSteps(FakeClock(flows=True))


async def test_a_call_goes_out_as_written(outside: OutwardSteps, httpserver: HTTPServer) -> None:
    """Method, address with its query, headers, body and key; JSON comes back as data."""
    httpserver.expect_ordered_request(
        "/hook", method="PUT", query_string="a=1", data="hello",
        headers={"X-Who": "dana", "Idempotency-Key": "k1"},
    ).respond_with_json({"id": 7})  # fmt: skip

    found = await outside.http(
        "PUT", httpserver.url_for("/hook") + "?a=1", headers={"X-Who": "dana"}, body="hello",
        expect=(), key="k1",
    )  # fmt: skip

    assert (found.good, found.note) == (True, "it answered 200")
    assert found.output == {"status": 200, "body": {"id": 7}}


@pytest.mark.parametrize(
    ("status", "expect", "good"), [(404, (), False), (404, (404,), True), (204, (200,), False)]
)
async def test_the_author_says_which_statuses_are_good(
    outside: OutwardSteps, httpserver: HTTPServer, status: int, expect: tuple[int, ...], *,
    good: bool,
) -> None:  # fmt: skip
    """Without a list, 200 to 299 are."""
    httpserver.expect_request("/x").respond_with_data("no", status=status)

    found = await outside.http(
        "GET", httpserver.url_for("/x"), headers={}, body=None, expect=expect, key="k"
    )

    assert (found.good, found.output["status"]) == (good, status)


async def test_a_redirect_is_not_followed(outside: OutwardSteps, httpserver: HTTPServer) -> None:
    """It could lead to a host that nobody allowed."""
    httpserver.expect_request("/x").respond_with_data(
        "", status=302, headers={"Location": httpserver.url_for("/other")}
    )
    try:
        found = await outside.http(
            "GET", httpserver.url_for("/x"), headers={}, body=None, expect=(), key="k"
        )
        good = found.good
    except Rejected:
        good = False

    assert not good
    assert [request.path for request, _ in httpserver.log] == ["/x"]


async def test_a_failing_server_is_worth_another_try_and_no_secret_is_told(
    outside: OutwardSteps, httpserver: HTTPServer
) -> None:
    """The call is made once: whether it is repeated is the author's choice."""
    httpserver.expect_request("/x").respond_with_data("token s3cret-s3cret", status=503)

    with pytest.raises(Unavailable) as caught:
        await outside.http(
            "POST", httpserver.url_for("/x"), headers={"Authorization": "s3cret-s3cret"},
            body=None, expect=(), key="k",
        )  # fmt: skip

    assert len(httpserver.log) == 1
    assert "s3cret" not in str(caught.value)


async def test_a_program_sees_its_words_and_no_more(outside: OutwardSteps, tmp_path: Path) -> None:
    """Nothing of the bot's environment, and no shell between."""
    script = tmp_path / "tool.py"
    script.write_text(
        "import os, sys\n"
        "print(sys.argv[1:], sorted(each for each in os.environ if each.startswith('TGK')))\n"
        "sys.exit(len(sys.argv) - 3)\n"
    )

    good = await outside.shell(sys.executable, [str(script), "a; b $(c)", "--x"], key="k")
    bad = await outside.shell(sys.executable, [str(script), "1", "2", "3"], key="k")

    assert good.good
    assert good.output["text"] == "['a; b $(c)', '--x'] ['TGK_COMMAND', 'TGK_KEY']"
    assert (bad.good, bad.note) == (False, "It ended with status 1.")
