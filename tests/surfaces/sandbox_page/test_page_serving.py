"""What the page's server sends, without a browser."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from sandbox.page.front import POLICY, asset_names, front
from sandbox.play import player, spoken
from sandbox.stage import build, opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sandbox.stage import Stage

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "sandbox" / "page" / "static"
WITHIN = 10.0


class Served:
    """A stage behind its page, and a client for it."""

    def __init__(self, stage: Stage, address: str, session: aiohttp.ClientSession) -> None:
        self.stage = stage
        self.address = address
        self.session = session

    def get(self, path: str, **headers: str) -> Any:
        """Ask for a path."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.session.get(self.address + path, headers=given)


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    """A stage of its own, without a bot."""
    stage = build(
        ROOT / "discovery.yml", bot="http://127.0.0.1:1", audit_log=tmp_path / "audit.jsonl"
    )
    parts = {"/play": player(stage)}
    async with (
        opened(stage, extra=parts, front=front()) as address,
        aiohttp.ClientSession() as session,
    ):
        yield Served(stage, address, session)


async def test_the_page_and_all_its_files_come_with_a_strict_policy(served: Served) -> None:
    """Every file carries the policy and its kind, and the page names only files there are."""
    async with served.get("/") as answer:
        text = await answer.text()
        assert POLICY == answer.headers["Content-Security-Policy"]
    for name in asset_names():
        async with served.get(f"/page/{name}") as answer:
            assert 200 == answer.status
            assert POLICY == answer.headers["Content-Security-Policy"]
            assert "nosniff" == answer.headers["X-Content-Type-Options"]

    assert "unsafe" not in POLICY
    assert set(re.findall(r'"/page/([\w.-]+)"', text)) <= set(asset_names())


async def test_only_the_pages_own_files_are_served(served: Served) -> None:
    """A name that is none of the page's files is not found, wherever it points."""
    for name in ("front.py", "..%2Ffront.py", "%2Fetc%2Fpasswd", "nothing.js"):
        async with served.get(f"/page/{name}") as answer:
            assert 404 == answer.status


def test_no_file_reaches_for_another_host_or_writes_markup() -> None:
    """Nothing comes from elsewhere, no script or style stands inline, no text becomes markup."""
    page = (STATIC / "index.html").read_text(encoding="utf-8")

    assert [] == re.findall(r"<script(?![^>]*src=)|<style|\son\w+=|\sstyle=", page)
    for path in STATIC.iterdir():
        text = path.read_text(encoding="utf-8").replace("http://www.w3.org/2000/svg", "")
        assert [] == re.findall(r"(?:src|href|import|url)\W{1,3}https?://", text), path.name
        assert [] == re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|\beval\(", text), path.name
        assert len(text.splitlines()) < 300, path.name


async def test_the_controls_refuse_other_sites_and_foreign_names(served: Served) -> None:
    """A page elsewhere cannot act here, not even by a name that was bent to loopback."""
    async with served.get("/play/cast", Sec_Fetch_Site="cross-site") as answer:
        assert 403 == answer.status
    async with served.get("/play/cast", Host="evil.example:80") as answer:
        assert 403 == answer.status
    async with served.get("/play/cast", Sec_Fetch_Site="same-origin") as answer:
        assert 200 == answer.status


@pytest.mark.parametrize("path", ["/", "/page/page.css", "/environment"])
async def test_no_other_name_and_no_other_site_reads_the_page(served: Served, path: str) -> None:
    """A name bent to loopback reads neither the page nor the tokens; the bot and people do."""
    async with served.get(path, Host="evil.example:80") as answer:
        assert 403 == answer.status
        assert set(await answer.json()) == {"error"}
    async with served.get(path, Sec_Fetch_Site="cross-site", Sec_Fetch_Mode="cors") as answer:
        assert 403 == answer.status
    async with served.get(path, Host="localhost:80") as answer:
        assert 200 == answer.status


async def test_a_link_on_another_site_leads_to_the_page(served: Served) -> None:
    """Whoever follows it sees the page; no site may put the page, or the tokens, into its own."""
    opened_in_a_window = {
        "Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document",
    }  # fmt: skip
    framed = {**opened_in_a_window, "Sec_Fetch_Dest": "iframe"}

    for path, how, status in (
        ("/", opened_in_a_window, 200), ("/", framed, 403),
        ("/environment", opened_in_a_window, 403),
    ):  # fmt: skip
        async with served.get(path, **how) as answer:
            assert status == answer.status


async def test_a_watcher_hears_of_both_platforms_and_of_the_audit_log(served: Served) -> None:
    """One stream tells what was said where, and that the log grew."""
    heard: list[dict[str, Any]] = []
    async with asyncio.timeout(WITHIN), served.get("/play/changes") as stream:
        assert stream.content_type == "text/event-stream"
        await stream.content.readuntil(b"\n\n")
        await served.stage.discord.say("dana", "prs", "hello")
        await served.stage.telegram.say("ana", served.stage.cast.council_chat, "hello")
        assert served.stage.audit_log is not None
        served.stage.audit_log.write_text("{}\n", encoding="utf-8")
        while {"discord", "telegram"} > {each["platform"] for each in heard} or not any(
            each["body"].get("size") for each in heard
        ):
            event = await stream.content.readuntil(b"\n\n")
            if event.startswith(b"data: "):
                heard.append(json.loads(event.removeprefix(b"data: ")))

    kinds = {(each["platform"], each["kind"]) for each in heard}
    assert {("discord", "message"), ("telegram", "message"), ("audit", "records")} <= kinds


async def test_switches_are_reported_as_they_stand(served: Served) -> None:
    """What is broken is told until it is mended."""
    async with served.session.post(
        f"{served.address}/play/faults", json={"loki": True, "storm": 30, "telegram": True}
    ):
        pass
    async with served.get("/play/faults") as answer:
        broken = await answer.json()

    assert broken["systems"]["loki"]
    assert not broken["systems"]["github"]
    assert broken["discord"]["storm"] > 0
    assert broken["telegram"]["down"]


async def test_an_event_for_a_bot_that_is_away_is_refused_with_the_reason(served: Served) -> None:
    """Nobody listens where webhooks go: the page is told so, in words."""
    async with served.session.post(
        f"{served.address}/play/alert", json={"service": "event-gateway"}
    ) as answer:
        told = await answer.json()

    assert 502 == answer.status
    assert "does not answer" in told["error"]


def test_a_typed_command_is_spoken_as_a_client_shows_it() -> None:
    """Sub-commands stand as words, options as pairs."""
    options = [{"name": "env", "type": 3, "value": "staging"}]
    nested = [{"name": "run", "type": 1, "options": options}]

    assert "/deploy env:staging" == spoken({"name": "deploy", "options": options})
    assert "/orchestrate run env:staging" == spoken({"name": "orchestrate", "options": nested})
    assert "/whoami" == spoken({"name": "whoami"})
