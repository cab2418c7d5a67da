"""The operator's own tools: audit, rbac, config, version and the page about all of them."""

from __future__ import annotations

import importlib.util
import json
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from audit.journal import AuditJournal
from audit.log import LogSettings
from audit.salt import kept_salt
from bot.runtime.clock import SystemClock
from tgk.caller import Caller
from tgk.ports.journal import Attempt, Conclusion
from tgk.redaction import Redactor

if TYPE_CHECKING:
    from tests.surfaces.cli.conftest import Terminal

ROOT = Path(__file__).parents[3]


@pytest.fixture
def logged(tgk: Terminal) -> Terminal:
    """The program beside an audit log with two commands of dana, one of them hostile."""
    import asyncio

    asyncio.run(_write(tgk.state))
    return tgk


async def _write(state: Path) -> None:
    redactor = Redactor(kept_salt(state / "redaction.salt"))
    settings = LogSettings(path=state / "audit.jsonl")
    dana = Caller(person="dana", user_id="dana", platform="cli", known=True, channel="#ops")
    async with AuditJournal(settings, redactor=redactor, clock=SystemClock()) as journal:
        for number, query in enumerate(("fine", "\x9b2Jbad token=geheim123456")):
            attempt = Attempt(
                corr=f"corr{number}", command="/ask", args={"query": query}, caller=dana,
                delivery=f"cli:{number}",
            )  # fmt: skip
            await journal.conclude(
                attempt, Conclusion(result="success", allowed=True, rule="r", duration_ms=2.0)
            )


def test_the_version_is_quick_and_loads_no_library() -> None:
    """Within 150 ms at best of five, without any of the heavy libraries."""
    times = []
    for _ in range(5):
        began = time.perf_counter()
        subprocess.run([sys.executable, "-m", "bot.cli", "--version"], check=True, cwd=ROOT,
                       capture_output=True)  # fmt: skip
        times.append(time.perf_counter() - began)
    code = (
        "import sys\nfrom bot.cli.main import main\n"
        "try: main(['--version'])\nexcept SystemExit: pass\n"
        "heavy = {'discord', 'telegram', 'openai', 'dbos', 'casbin', 'pydantic', 'rich'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    loaded = subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT,
                            capture_output=True, text=True)  # fmt: skip

    assert "[]" == loaded.stdout.splitlines()[-1]
    assert min(times) < 0.15


def test_tail_and_query_show_records_harmlessly(logged: Terminal) -> None:
    """Newest last and newest first; nothing foreign reaches the terminal raw."""
    tail, found = logged("audit", "tail", "-n", "2").out, logged("audit", "query").out

    assert tail.index("fine") < tail.index("bad")
    assert found.index("bad") < found.index("fine")
    assert "\x9b" not in tail + found


def test_a_record_is_told_with_where_why_and_its_zone(logged: Terminal) -> None:
    """Nobody needs the JSON to learn which rule decided."""
    line = logged("audit", "query", "--limit", "1").out

    assert re.match(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ  success", line)
    assert "in #ops" in line
    assert "rule: r" in line


def test_a_screen_breaks_a_record_between_words(logged: Terminal) -> None:
    """Further lines are set in, and none is wider than the screen."""
    lines = logged.sit_at("audit", "tail", "-n", "1").out.replace("\r", "").splitlines()

    assert len(lines) > 1
    assert all(line.startswith("    ") for line in lines[1:])
    assert all(len(line) <= 80 for line in lines)


def test_an_id_is_found_as_it_was_read(logged: Terminal) -> None:
    """By position or by name; --limit is known to tail as well."""
    by_place = logged("audit", "query", "corr0").out

    assert by_place == logged("audit", "query", "--corr", "corr0").out
    assert "fine" in by_place
    assert "bad" not in by_place
    assert 0 == logged("audit", "tail", "--limit", "1").code


@pytest.mark.parametrize("tool", ["query", "tail"])
def test_nothing_found_is_said(logged: Terminal, tool: str) -> None:
    """Silence would look like success; a result that does not exist is refused with a list."""
    nothing = logged("audit", tool, "--user", "nobody")
    bogus = logged("audit", tool, "--result", "bogus")

    assert (0, "") == (nothing.code, nothing.out)
    assert "No record fits" in nothing.err
    assert 2 == bogus.code
    assert "'denied'" in bogus.err


def test_records_are_exported_and_counted(logged: Terminal) -> None:
    """Every format the log knows, and totals by command and person."""
    exported = logged("audit", "export", "--user", "dana").out.splitlines()
    counts = json.loads(logged("audit", "stats", "--json").out)

    assert ["/ask", "/ask"] == [json.loads(line)["command"] for line in exported]
    assert (2, {"dana": 2}) == (counts["invocations"], counts["users"])


def test_verify_says_what_it_does_not_prove(logged: Terminal) -> None:
    """An intact log without a key is intact, and said to be rewritable."""
    ended = logged("audit", "verify")
    facts = json.loads(logged("audit", "verify", "--json").out)

    assert 0 == ended.code
    assert "records are unkeyed" in ended.out
    assert (True, facts["records"], 0) == (facts["intact"], facts["unkeyed"], facts["unchecked"])


def test_a_changed_record_is_6_until_seen_and_after(logged: Terminal) -> None:
    """Acknowledging is a note of who has seen it; the log stays damaged."""
    path = logged.state / "audit.jsonl"
    path.write_text(path.read_text().replace("fine", "evil"))

    before = logged("audit", "verify")
    said = logged("audit", "acknowledge", user="alex")

    assert 6 == before.code
    assert "DAMAGED" in before.out
    assert "1 damages acknowledged by alex" in said.out
    assert "alex" == json.loads((logged.state / "audit.jsonl.acknowledged").read_text())["by"]
    assert 6 == logged("audit", "verify").code


def test_hash_finds_what_was_masked(logged: Terminal) -> None:
    """The mark of a secret is the one that stands in the log, the secret is not."""
    log = (logged.state / "audit.jsonl").read_text()

    mark = logged("audit", "hash", "geheim123456").out.strip()

    assert "geheim" not in log
    assert mark in log


def test_no_log_is_said_in_four_parts(tgk: Terminal) -> None:
    """Another state folder is the usual reason."""
    ended = tgk("audit", "verify")

    assert 78 == ended.code
    assert "TGK_STATE" in ended.err


@pytest.mark.parametrize(("who", "code"), [("dana", 0), ("devi", 3), ("nobody", 2)])
def test_explain_names_the_rule(tgk: Terminal, who: str, code: int) -> None:
    """0 may, 3 may not, 2 nobody of that name."""
    ended = tgk("rbac", "explain", who, "deploy", "production")

    assert code == ended.code
    assert code == 2 or "rule:" in ended.out


def test_a_command_that_does_not_exist_is_not_explained(tgk: Terminal) -> None:
    """Nobody may do what there is not; a slip is answered with what was meant."""
    slip, nothing = tgk("rbac", "explain", "vik", "deplyo"), tgk("rbac", "explain", "vik", "zzz")

    assert (2, "") == (slip.code, slip.out)
    assert "Did you mean /deploy?" in slip.err
    assert "There is no command /zzz." in nothing.err
    assert "dana may /lock" in tgk("rbac", "explain", "dana", "unlock").out


def test_the_matrix_is_the_policy(tgk: Terminal) -> None:
    """As a table for people and as JSON for programs."""
    table = json.loads(tgk("rbac", "matrix", "--json").out)

    assert "yes" == table["release_mgr"]["/deploy"]
    assert "no" == table["viewer"]["/deploy"]
    head, *rows = tgk("rbac", "matrix").out.splitlines()
    assert head.split() == list(table)
    help_row = next(row.split()[1:] for row in rows if row.startswith("/help "))
    assert help_row == [cells["/help"] for cells in table.values()]
    assert all(row.startswith("/") for row in rows)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("infra deploy --env production", "alex may /infra deploy in production"),
        ("/infra deploy production", "alex may /infra deploy in production"),
        ("infra", "alex may /infra"),
        ("orchestrate --env staging", "alex may /orchestrate in staging"),
        ("deploy production v1", "alex may /deploy in production"),
    ],
)
def test_a_right_is_explained_for_a_family_and_for_a_verb(
    tgk: Terminal, words: str, told: str
) -> None:
    """The words are those of the command line."""
    assert tgk("rbac", "explain", "alex", *words.split()).out.splitlines()[0] == told


def test_a_verb_that_is_none_is_not_explained(tgk: Terminal) -> None:
    """The nearest one is named."""
    ended = tgk("rbac", "explain", "alex", "infra", "deply")

    assert (ended.code, "Did you mean /infra deploy?" in ended.err) == (2, True)


def test_a_family_is_listed_with_its_verbs_and_completed(tgk: Terminal) -> None:
    """And a slip in either word is answered with what was meant."""
    assert "infra " in tgk("--help").out
    assert "deploy, failover" in tgk("--help").out
    assert "Did you mean infra?" in tgk("infr", "deploy").err
    assert "Did you mean deploy?" in tgk("infra", "deply").err
    assert "Did you mean deploy?" in tgk("/infra deply").err


def test_the_shipped_files_are_in_order(tgk: Terminal) -> None:
    """And their schemas are printed."""
    assert 0 == tgk("config", "check").code
    assert "services" in json.loads(tgk("config", "schema").out)["properties"]
    assert "roles" in json.loads(tgk("config", "schema", "policy").out)["properties"]


def test_the_page_is_what_the_program_says() -> None:
    """Run scripts/generate_cli_docs.py after changing a command."""
    spec = importlib.util.spec_from_file_location(
        "generate_cli_docs", ROOT / "scripts" / "generate_cli_docs.py"
    )
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    text = (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")

    assert text == script.page(text)
