"""Playbooks from the terminal: pairs, what is missing is asked for, exit codes."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tests.surfaces.cli.conftest import Terminal

RUN = ("orchestrate", "run", "--playbook", "deploy-web-app")


def ending(world: World, state: str) -> FakeRuns:
    """Let every run end the moment it is started."""
    made = FakeRuns(world.clock, ends_as=state)
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=made)
    return made


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("--parameters", "version=v1.4.0", "--parameters", "watch=60"),
         {"version": "v1.4.0", "watch": "60"}),
        (("--parameters", "version=v1.4.0,watch=60"), {"version": "v1.4.0", "watch": "60"}),
        (("--parameters", "version=v1.4.0", "watch=60"), {"version": "v1.4.0", "watch": "60"}),
    ],
)  # fmt: skip
def test_pairs_are_given_once_or_often(
    served: Terminal, world: World, words: tuple[str, ...], found: dict[str, str]
) -> None:
    """Both spellings mean the same, and the answer can be read by a program."""
    runs = ending(world, "succeeded")

    ended = served(*RUN, *words, "--json")

    assert ended.code == 0
    assert [each.parameters for each in runs.requests] == [found]
    assert json.loads(ended.out)["state"] == "succeeded"


@pytest.mark.parametrize(("end", "code"), [("failed", 1), ("rolled_back", 1), ("succeeded", 0)])
def test_how_a_run_ends_is_the_exit_code(
    served: Terminal, world: World, end: str, code: int
) -> None:
    """So that pipelines stop where the playbook did."""
    ending(world, end)

    ended = served(*RUN, "--parameters", "version=v1.4.0")

    assert ended.code == code
    assert "WF-2026-001 deploy-web-app" in ended.out


def test_a_closed_gate_of_a_dry_run_fails(served: Terminal) -> None:
    """What is missing is named where nobody can be asked; exit code 2."""
    ended = served(*RUN, "--dry-run")

    assert ended.code == 2
    assert "version: needed: What to deploy, such as v1.4.0" in ended.err


def test_a_piped_plan_says_which_gate_is_closed(served: Terminal, world: World) -> None:
    """And why, beside the steps."""
    world.providers.bound = ()

    ended = served(*RUN, "--dry-run", "--parameters", "version=v1.4.0")

    assert ended.code == 1
    assert "closed: systems: " in ended.out
    assert "providers has no" in ended.out


def test_what_is_missing_is_asked_for_at_a_terminal(served: Terminal, world: World) -> None:
    """With what it is for; then the run goes on as if it had been given."""
    runs = ending(world, "succeeded")

    seen = served.sit_at(*RUN, typing="v1.4.0\r", until="such as v1.4.0):")

    assert "version (What to deploy, such as v1.4.0):" in seen.out
    assert [each.parameters for each in runs.requests] == [{"version": "v1.4.0"}]
    assert seen.code == 0


def test_a_missing_option_is_asked_for_at_a_terminal(served: Terminal, world: World) -> None:
    """By its name and its words; without a terminal it is named, and nothing is started."""
    runs = ending(world, "succeeded")
    line = ("orchestrate", "run", "--parameters", "version=v1.4.0")

    seen = served.sit_at(*line, typing="deploy-web-app\r", until="playbook (which one):")
    piped = served(*line)

    assert seen.code == 0
    assert [each.playbook for each in runs.requests] == ["deploy-web-app"]
    assert (piped.code, "Missing PLAYBOOK (which one)" in piped.err) == (2, True)


def test_a_file_is_imported_by_its_path(served: Terminal, world: World, tmp_path: Path) -> None:
    """From the asker's own disk, by either spelling; what it says of itself is its name."""
    file = tmp_path / "any.yml"
    file.write_text("name: nightly\nsteps:\n  - {name: look, command: /monitor health}\n")

    first = served("orchestrate", "library", "--import", str(file), "--json")
    second = served("orchestrate", "import", "nightly", str(file), "--json")

    assert (first.code, second.code) == (0, 0)
    assert json.loads(first.out)["origin"] == json.loads(second.out)["origin"] == "draft"
    assert world.journal.results("/orchestrate import") == ["success", "success"]


@pytest.mark.parametrize(
    ("content", "told"), [(None, "No such file"), (b"\xff\xfe", "UTF-8"), (b"#" * 262145, "larger")]
)
def test_a_file_that_cannot_be_sent_is_refused_here(
    tgk: Terminal, tmp_path: Path, content: bytes | None, told: str
) -> None:
    """Before the bot is asked."""
    file = tmp_path / "any.yml"
    if content is not None:
        file.write_bytes(content)

    ended = tgk("orchestrate", "library", "--import", str(file))

    assert ended.code == 2
    assert told in ended.err


@pytest.mark.parametrize(("step", "code"), [("command", 0), ("comand", 6)])
def test_faults_of_a_playbook_are_an_exit_code_of_their_own(
    served: Terminal, tmp_path: Path, step: str, code: int
) -> None:
    """Pipelines tell them from a fault of tgk; the line is named once."""
    (tmp_path / "playbooks").mkdir(exist_ok=True)
    (tmp_path / "playbooks" / "mine.yml").write_text(
        f"name: mine\nsteps:\n  - {{name: look, {step}: /status event-gateway}}\n"
    )

    ended = served("orchestrate", "validate", "--playbook", "mine")

    assert ended.code == code
    assert ended.out.count("mine has 1 error") == (1 if code else 0)


def faulty(tmp_path: Path) -> None:
    """Put a playbook with one fault on the shelf."""
    (tmp_path / "playbooks").mkdir(exist_ok=True)
    (tmp_path / "playbooks" / "mine.yml").write_text(
        "name: mine\nsteps:\n  - {name: look, comand: /status event-gateway}\n"
    )


@pytest.mark.parametrize("way", ["spawn", "sit_at"])
def test_a_report_for_programs_is_alone_on_standard_output(
    served: Terminal, tmp_path: Path, way: str
) -> None:
    """Unboxed, in a pipe and at a terminal; the exit code says what was found."""
    faulty(tmp_path)

    ended = getattr(served, way)("orchestrate", "validate", "mine", "--format", "sarif")

    begin, end = ended.out.index("{"), ended.out.rindex("}") + 1
    [run] = json.loads(ended.out[begin:end])["runs"]
    assert ended.code == 6
    assert [each["locations"][0]["physicalLocation"]["region"]["startLine"]
            for each in run["results"]] == [3]  # fmt: skip
    assert way == "sit_at" or (ended.out[:begin], ended.out[end:]) == ("", "\n")
    assert "mine has 1 error" in ended.out + ended.err
    assert "│" not in ended.out


def test_annotations_and_json_are_documents_too(served: Terminal, tmp_path: Path) -> None:
    """Of what is in order there are no annotations; with --json the envelope holds them."""
    faulty(tmp_path)

    annotated = served("orchestrate", "validate", "mine", "--format", "github")
    listed = served("orchestrate", "validate", "mine", "--format", "json", "--quiet")
    sound = served("orchestrate", "validate", "daily-backup", "--format", "github")
    whole = served("orchestrate", "validate", "mine", "--format", "sarif", "--json")

    assert annotated.out.startswith("::error file=playbooks/mine.yml,line=3,")
    assert [each["line"] for each in json.loads(listed.out)] == [3]
    assert "mine has" not in listed.err
    assert (sound.code, sound.out) == (0, "")
    assert json.loads(whole.out)["sarif"]["version"] == "2.1.0"


def test_a_trace_is_led_into_a_file(served: Terminal, world: World) -> None:
    """As OTLP JSON, whatever the terminal can draw."""
    ending(world, "succeeded")
    served(*RUN, "--parameters", "version=v1.4.0")

    ended = served("orchestrate", "trace", "WF-2026-001", "--export", "--plain")

    assert json.loads(ended.out)["resourceSpans"]
    assert "Trace of WF-2026-001" in ended.err


def test_an_exported_playbook_is_its_file(served: Terminal) -> None:
    """Nothing stands before or behind it."""
    ended = served("orchestrate", "library", "--export", "canary")

    file = ROOT / "playbooks" / "library" / "canary.yml"
    assert ended.out == file.read_text()


def test_a_pipe_is_told_how_to_give_what_is_missing(served: Terminal) -> None:
    """The option as it is typed, and what a misspelt name was meant to be."""
    ended = served("orchestrate", "run", "canary", "--parameters", "vrsion=v1.4.0")

    assert ended.code == 2
    assert "vrsion: canary has no such parameter; did you mean version?" in ended.err
    assert 'Do: Add --parameters "version=…".' in ended.err


def test_a_pipe_is_told_what_a_playbook_lacks(served: Terminal) -> None:
    """The gates that a card has as a table; the headline says that it could not run."""
    ended = served("orchestrate", "validate", "disaster-recovery", "--dependencies", user="devi")

    assert ended.code == 6
    assert "in order by itself, but could not run: rights" in ended.out
    assert re.search(r"^rights +NO +\S+", ended.out, re.MULTILINE)


def test_a_playbook_with_faults_is_no_fault_of_the_bot(served: Terminal, tmp_path: Path) -> None:
    """Whoever wants to run it reads the line, and its pipeline the exit code of such files."""
    faulty(tmp_path)

    ended = served("orchestrate", "run", "mine")

    assert ended.code == 6
    assert "mine.yml:3: a step has no key 'comand'" in ended.err
    assert "\N{COLLISION SYMBOL}" not in ended.err
