"""What is printed where: cards for people, plain lines for programs, JSON for machines."""

from __future__ import annotations

import json
import os
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from bot.cli.summary import markdown
from tgk.ports.logs import LogLine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tests.surfaces.cli.conftest import ScriptedBot, Terminal, Words

HOSTILE = "\x1b]0;pwned\x07\x1b[2J\x1b[31mred\x9b2K\u202egnp.exe \r overwritten"
ESCAPES = ("\x1b]", "\x1b[2J", "\x07", "\x9b", "\u202e")


def stages(done: int, note: str = "") -> list[dict[str, object]]:
    """Return the progress of a job with two stages."""
    states = [
        ("build", "done" if done else "running"),
        ("verify", "running" if done else "waiting"),
    ]
    named = [{"name": name, "state": state} for name, state in states]
    return [{"kind": "progress", "done": done, "total": 2, "note": note, "stages": named}]


def test_a_pipe_gets_plain_lines_without_colour(served: Terminal) -> None:
    """No escape sequence and no frame leaves where no terminal is."""
    ended = served.spawn("status", "event-gateway")

    assert 0 == ended.code
    assert "\x1b" not in ended.out + ended.err
    assert "╭" not in ended.out


def test_a_terminal_gets_a_card_of_eighty_columns(served: Terminal) -> None:
    """A person sees a frame whose lines are all of one width."""
    ended = served.sit_at("status", "event-gateway")

    lines = [line for line in plain(ended.out).splitlines() if line.startswith(("╭", "│", "╰"))]
    assert "event-gateway · production" in lines[0]
    assert {len(line) for line in lines} - {len(lines[0])} <= {len(lines[0]) + 1}
    assert all(len(line) <= 80 for line in lines)


def test_colour_is_left_out_where_nobody_wants_it(served: Terminal) -> None:
    """NO_COLOR keeps the card and drops its colours."""
    served.environment["NO_COLOR"] = "1"

    ended = served.sit_at("status", "event-gateway")

    assert "╭" in ended.out
    assert not any(f"\x1b[{code}" in ended.out for code in ("31m", "32m", "33m", "1;32m"))


def test_a_dumb_terminal_gets_plain_lines(served: Terminal) -> None:
    """TERM=dumb cannot draw."""
    served.environment["TERM"] = "dumb"

    ended = served.sit_at("status", "event-gateway")

    assert "State: Running" in ended.out
    assert "\x1b" not in ended.out


def test_force_color_draws_in_a_pipe(served: Terminal) -> None:
    """CI logs that show colours may have the card."""
    served.environment["FORCE_COLOR"] = "1"

    ended = served.spawn("status", "event-gateway")

    assert "╭" in ended.out
    assert "\x1b[" in ended.out


def test_plain_is_ascii_alone(served: Terminal) -> None:
    """No sign outside ASCII, also where chat decorates."""
    ended = served("deploy", "staging", "v1.4.0", "--plain")

    assert 0 == ended.code
    assert (ended.out + ended.err).isascii()
    assert "Triggered workflow" in ended.out


def test_a_terminal_without_unicode_gets_ascii(served: Terminal) -> None:
    """An old locale is no reason to crash."""
    served.environment["PYTHONIOENCODING"] = "latin-1"

    ended = served.spawn("deploy", "staging", "v1.4.0")

    assert 0 == ended.code
    assert ended.out.isascii()


def test_json_is_alone_on_standard_output(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Progress goes to standard error, so that a program reads one object."""
    scripted.says("progress", words.reply(blocks=stages(1)))
    scripted.says("outcome", words.outcome(data={"tag": "v1.4.0"}))

    ended = tgk("deploy", "staging", "v1.4.0", "--json")

    found = json.loads(ended.out)
    assert ("success", "abcdef", "v1.4.0") == (found["result"], found["reference"], found["tag"])
    assert "Deploy v1.4.0 → staging: 1/2 verify\n" == ended.err


def test_a_refusal_is_json_too(served: Terminal) -> None:
    """A program reads the four parts by name."""
    ended = served("deploy", "staging", "v1.4.0", "--json", user="vik")

    found = json.loads(ended.out)
    assert ("denied", "/deploy was not done.") == (found["result"], found["what"])
    assert found["why"]
    assert found["do"]
    assert found["reference"]


def test_an_error_before_any_bot_is_json_too(tgk: Terminal) -> None:
    """Also what never reached a bot can be read by a program."""
    assert "error" == json.loads(tgk("status", "--json").out)["result"]
    assert 2 == json.loads(tgk("logs", "--json").out)["code"]


def test_progress_is_one_line_for_each_change(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Saying the same twice helps nobody who reads a log."""
    for done in (0, 0, 1):
        scripted.says("progress", words.reply(blocks=stages(done)))
    scripted.says("outcome", words.outcome())

    ended = tgk("deploy", "staging", "v1.4.0")

    assert ended.out.splitlines()[:2] == [
        "Deploy v1.4.0 → staging: 0/2 build",
        "Deploy v1.4.0 → staging: 1/2 verify",
    ]
    assert 1 == ended.out.count("0/2")


def test_the_end_of_a_change_is_said_once(served: Terminal) -> None:
    """It is the answer, and no progress before it."""
    ended = served("lock", "staging", "release freeze", user="dana")

    assert 0 == ended.code
    assert 1 == ended.out.count("staging is locked")
    assert 1 == ended.out.count("Reason: release freeze")


def test_quiet_leaves_out_progress(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """Only the end is told."""
    scripted.says("progress", words.reply(blocks=stages(1)))
    scripted.says("outcome", words.outcome())

    assert "1/2" not in tgk("deploy", "staging", "v1.4.0", "-q").out


def test_an_error_has_four_parts_on_standard_error(served: Terminal) -> None:
    """What, why, what to do, and the id; standard output stays empty."""
    ended = served("scale", "event-gateway", "3", user="vik")

    lines = ended.err.splitlines()
    assert "" == ended.out
    assert "/scale was not done." in lines[0]
    assert ["Why:", "Do:", "Rule:", "Id:"] == [line.split()[0] for line in lines[1:5]]


def test_a_stranger_reads_how_to_be_known(served: Terminal) -> None:
    """An account that the policy does not name is refused with the way in."""
    ended = served("status", user="mallory")

    assert 3 == ended.code
    assert 'no member of rbac/policy.yml has the account "cli: mallory"' in ended.err
    assert "Set TGK_USER" in ended.err


def test_test_mode_is_said(served: Terminal) -> None:
    """Nobody takes a simulated answer for a real one, programs included."""
    ended = served("status", "event-gateway")

    assert "TEST MODE" in ended.err
    assert json.loads(served("status", "--json").out)["simulated"]


def test_foreign_text_does_nothing_to_the_terminal(served: Terminal, world: World) -> None:
    """Log lines with escape sequences are only printed, on a card and in a pipe."""
    line = LogLine(datetime.now(UTC), HOSTILE, "info")
    world.logs.put("event-gateway", "production", [line])

    for shown in (served("logs", "event-gateway").out, served.sit_at("logs", "event-gateway").out):
        assert "gnp.exe" in shown
        assert not any(escape in shown for escape in ESCAPES)
        assert "\r overwritten" not in shown


def test_foreign_text_in_an_error_does_nothing_either(tgk: Terminal) -> None:
    """What was typed is repeated harmlessly."""
    ended = tgk("sta\x1b[2Jtus")

    assert 2 == ended.code
    assert "\x1b" not in ended.err


def test_a_person_is_asked_and_may_say_no(served: Terminal, world: World) -> None:
    """At a terminal the question is put; no means that nothing was started."""
    ended = served.sit_at("deploy", "production", "v1.4.0", typing="n\n", until="Go on?")

    assert 4 == ended.code
    assert "Deploy v1.4.0 → production?" in plain(ended.out)
    assert [] == world.pipelines.dispatched


@pytest.mark.parametrize("typed", ["\n", "maybe\nn\n", "No\n"])
def test_whoever_does_not_say_yes_reads_that_nothing_was_started(
    served: Terminal, world: World, typed: str
) -> None:
    """Enter alone is a no, and anything else is asked again with what to answer."""
    ended = served.sit_at("deploy", "production", "v1.4.0", typing=typed, until="Go on?")

    assert 4 == ended.code
    assert "Nothing was started." in ended.out
    assert ("Answer y or n" in ended.out) == ("maybe" in typed)
    assert [] == world.pipelines.dispatched


def test_a_refusal_is_said_once(served: Terminal) -> None:
    """The board shows how it ended as well; a terminal has one place for both."""
    ended = served("unlock", "production", user="alex")

    assert 2 == ended.code
    assert 1 == (ended.out + ended.err).count('There is no lock on "production"')


def test_an_address_stands_whole_beneath_its_card(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """A frame of eighty columns would break it where nobody can copy it."""
    url = "https://ci.example/" + "/".join(["strategickhaos", "actions", "runs"] * 4) + "/1236"
    facts = {"kind": "facts", "facts": [{"label": "Log", "value": "all", "url": url + "/log"}]}
    monitor = {"label": "Monitor", "url": url}
    scripted.says("outcome", words.outcome(blocks=[facts], actions=[monitor]))

    ended = tgk.sit_at("status", "event-gateway")

    lines = plain(ended.out).splitlines()
    assert f"Monitor: {url}" in lines
    assert f"Log: {url}/log" in lines


def test_a_card_tells_steps_once_and_what_to_type_next(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Buttons are no use in a terminal: what they would do stands beneath as a line."""
    picture = {"kind": "picture", "svg": "<svg/>", "alt": "canary\n✗ deploy · it broke\n· verify"}
    given = {"workflow": "WF-2026-007", "skip_failed": True}
    actions = [
        {"label": "Skip it", "command": "orchestrate resume", "arguments": given},
        {"label": "Pause…", "command": "orchestrate pause", "asks": ["reason"]},
    ]
    shown = words.outcome(title="canary failed", blocks=[*stages(1), picture], actions=actions)
    scripted.says("outcome", shown)

    ended = tgk.sit_at("orchestrate", "status", "WF-2026-007")

    seen = plain(ended.out)
    assert "Skip it: tgk orchestrate resume --workflow WF-2026-007 --skip-failed" in seen
    assert "Pause" not in seen
    assert (seen.count("verify"), "1/2" in seen) == (1, True)


def test_the_rest_of_a_long_line_hangs_under_its_beginning(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Else it would look like a line of its own, such as another step."""
    told = "  widen: /infra scale --canary --percentage 50 --component api --environment production"
    log = {"kind": "log", "lines": ["steps:", told], "filename": "plan.txt"}
    scripted.says("outcome", words.outcome(blocks=[log]))

    ended = tgk.sit_at("status", "event-gateway")

    lines = [line.strip("│") for line in plain(ended.out).splitlines() if "│" in line]
    begun = next(n for n, line in enumerate(lines) if "widen:" in line)
    assert lines[begun].startswith("   widen:")
    assert lines[begun + 1].startswith("       ")
    assert f"{lines[begun].strip()} {lines[begun + 1].strip()}" == told.strip()


def test_a_card_as_high_as_the_screen_is_wiped_whole(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """No edge of the progress is left above the last card."""
    log = {"kind": "log", "lines": [f"line {number}" for number in range(60)]}
    scripted.says("progress", words.reply("Underway", blocks=[log]))
    scripted.says("outcome", words.outcome(title="Done"))

    ended = tgk.sit_at("deploy", "staging", "v1.4.0")

    assert ["Done"] == [title for title in ("Underway", "Done") if title in screen(ended.out)]
    assert 1 == screen(ended.out).count("╭")


def screen(written: str, height: int = 40) -> str:
    """Return everything a terminal of that height has shown and not wiped, scrolled or not."""
    rows, row = [""], 0
    for part in re.findall(r"\x1b\[[0-9;?]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", written):
        if part == "\n":
            row += 1
            rows += [""] * (row + 1 - len(rows))
        elif part == "\x1b[2K":
            rows[row] = ""
        elif part == "\x1b[1A":
            row = max(row - 1, len(rows) - height, 0)
        elif not part.startswith(("\x1b", "\r")):
            rows[row] += part
    return "\n".join(rows)


def test_a_person_is_asked_and_may_say_yes(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """Yes runs the same request as a confirmed one, as a delivery of its own."""
    scripted.says("outcome", words.outcome("pending", "Sure?"))

    tgk.sit_at("deploy", "production", "v1.4.0", typing="y\n", until="Go on?")

    first, second = scripted.asked
    assert (False, True) == (first["confirmed"], second["confirmed"])
    assert first["raw"] == second["raw"]
    assert first["delivery"] != second["delivery"]


def test_yes_is_not_asked_again(tgk: Terminal, scripted: ScriptedBot, words: Words) -> None:
    """--yes confirms in the first request."""
    scripted.says("outcome", words.outcome())

    tgk("deploy", "production", "v1.4.0", "--yes")

    assert [True] == [asked["confirmed"] for asked in scripted.asked]


def test_leaving_at_the_question_is_an_interrupt(served: Terminal, world: World) -> None:
    """Ctrl-C instead of an answer starts nothing."""
    ended = served.sit_at("deploy", "production", "v1.4.0", typing="\x03", until="Go on?")

    assert 130 == ended.code
    assert [] == world.pipelines.dispatched


def test_a_reader_who_goes_away_is_no_error(served: Terminal, world: World) -> None:
    """`tgk logs … | head -1` ends quietly."""
    now = datetime.now(UTC)
    world.logs.put("event-gateway", "production", [LogLine(now, "x" * 200, "info")] * 2000)
    read, write = os.pipe()
    os.close(read)

    process = served.start("logs", "event-gateway", "2000", stdout=write)
    os.close(write)
    _, err = process.communicate(timeout=20)

    assert 0 == process.returncode
    assert b"Broken" not in err
    assert b"Traceback" not in err


def test_a_reader_who_goes_away_does_not_hide_a_failure(
    tgk: Terminal, scripted: ScriptedBot, words: Words
) -> None:
    """The exit code is that of the run, whoever reads along."""
    for done in (0, 1):
        scripted.says("progress", words.reply(blocks=stages(done)))
    scripted.says("outcome", words.outcome("failure", failed=True))
    read, write = os.pipe()
    os.close(read)

    process = tgk.start("deploy", "staging", "v1.4.0", stdout=write)
    os.close(write)
    process.communicate(timeout=20)

    assert 1 == process.returncode


def test_github_actions_gets_a_summary(served: Terminal, tmp_path: Path) -> None:
    """The end is appended to the page of the run, after what was there."""
    page = tmp_path / "summary.md"
    page.write_text("before\n")
    served.patch.setenv("GITHUB_STEP_SUMMARY", str(page))

    served("status", "event-gateway")
    served("scale", "event-gateway", "3", user="vik")

    text = page.read_text()
    assert text.startswith("before\n### ")
    assert "result **success**" in text
    assert "result **denied**" in text


def test_a_summary_cannot_be_broken_by_its_content(words: Words) -> None:
    """Markup and fences in foreign text stay text."""
    from bot.cli.session import Answer
    from tgk.outcome import Outcome

    block = {"kind": "log", "lines": ["````", "# not a heading", "</details>"]}
    said = Outcome.model_validate(words.outcome(title="<b>*x*</b>", blocks=[block]))

    text = markdown(Answer(outcome=said))

    assert "### 🚀 \\<b\\>\\*x\\*\\</b\\>" in text
    assert text.count("`````") == 2


@pytest.mark.parametrize("word", ["", " ", "a\nb", "-", "ünï"])
def test_odd_words_reach_the_bot_as_they_are(
    tgk: Terminal, scripted: ScriptedBot, words: Words, word: str
) -> None:
    """The shell's words are values; only an empty one is the same as none."""
    scripted.says("outcome", words.outcome())

    tgk("ask", "x", word, user="devi")

    assert {"query": f"x {word}"} == scripted.asked[0]["raw"]


def plain(text: str) -> str:
    """Return what stands on the screen, without colours."""
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text).replace("\r", "")
