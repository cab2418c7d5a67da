"""A secret that somebody types as a parameter: refused, and kept nowhere, however it was typed."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tgk.errors import InvalidRequest
from tgk.ports.runs import RunRequest, RunView
from tgk.testing.runs import FakeRuns

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

TYPED = "hunter2isWhatItype"
SAFE = """
name: safe
parameters:
  - {name: pin, type: secret, required: true, description: of the hook}
  - {name: version, default: v1}
secrets: [{name: hook_pin, source: environment, variable: HOOK_PIN}]
steps: [{command: /status, condition: version != ""}]
integrations: [{type: slack, webhook: "${pin}"}]
"""
RUN = "/orchestrate run --playbook safe --parameters"
LINES = [
    f"{RUN} pin={TYPED}",
    f"{RUN} pin={TYPED} --dry-run",
    f'{RUN} "version=v2, pin={TYPED}"',
    f"{RUN} pin=hook_pin --parameters pine={TYPED}",
    f"{RUN} {TYPED}",
    f"/orchestrate run --playbook saef --parameters pin={TYPED}",
    f"/orchestrate schedule --playbook safe --cron '0 0 1 * *' --parameters pin={TYPED}",
    f"/orchestrate resume --workflow WF-2026-001 --parameters pin={TYPED}",
    f"/orchestrate resume --workflow current --parameters pin={TYPED}",
    f"/orchestrate resume --workflow WF-2026-777 --parameters pin={TYPED}",
]


@pytest.fixture
def safe(world: World, tmp_path: Path) -> World:
    """A world with a playbook that takes a secret, and a paused run of it."""
    folder = tmp_path / "playbooks"
    folder.mkdir(exist_ok=True)
    (folder / "safe.yaml").write_text(SAFE)
    world.runs = FakeRuns(world.clock, ends_as="succeeded")
    world.dispatcher.backends = replace(world.dispatcher.backends, runs=world.runs)
    world.runs.put(
        RunView(
            id="WF-2026-001", playbook="safe", digest="0" * 64, state="paused",
            request=RunRequest(playbook="safe"), starter=world.caller("dana"),
            asked=world.clock.now(), parameters={"pin": "***", "version": "v1"},
        )
    )  # fmt: skip
    return world


def everything(world: World, outcome: Outcome) -> str:
    """Return all that was recorded, stored, shown or handed on."""
    journal = world.journal
    return repr(
        (journal.intents, journal.conclusions, world.shown, vars(world.board), vars(world.runs),
         vars(world.operations), vars(world.schedules), outcome)
    )  # fmt: skip


@pytest.mark.parametrize("line", LINES)
async def test_a_secret_that_was_typed_is_kept_nowhere(safe: World, line: str) -> None:
    """Not in the audit log, on a button, in a run, a schedule, or in the words of the refusal."""
    outcome = await safe.run(line, "dana")

    assert TYPED not in everything(safe, outcome)
    assert outcome.result in ("invalid", "failure") or "pine" in line
    assert safe.runs.requests == [] or "pine" in line


@pytest.mark.parametrize("line", [LINES[0], LINES[1], LINES[6]])
async def test_the_refusal_says_why_what_to_write_and_asks_for_it(safe: World, line: str) -> None:
    """With a form that offers the secrets of the playbook, and tells that only a place is asked."""
    outcome = await safe.run(line, "dana")

    assert outcome.result == "invalid"
    assert "never the secret itself" in repr(outcome.reply)
    (form,) = [action for action in outcome.reply.actions if action.asks]
    (blank,) = form.blanks
    assert (blank.name, blank.choices) == ("parameters.pin", ("hook_pin",))
    assert "never the secret" in blank.description


async def test_places_and_other_values_go_through_as_they_are(safe: World) -> None:
    """What is no secret is recorded as ever, so is the place of one."""
    await safe.run(f"{RUN} 'pin=hook_pin version=v2'", "dana")

    assert [each.parameters for each in safe.runs.requests] == [
        {"pin": "hook_pin", "version": "v2"}
    ]
    assert "pin=hook_pin version=v2" in repr(safe.journal.conclusions)


@pytest.mark.parametrize("name", ["orchestrate run", "orchestrate"])
async def test_of_a_line_that_cannot_be_read_the_options_are_recorded(
    safe: World, name: str
) -> None:
    """Whoever forgot ``--parameters`` has typed the secret all the same."""
    line = {"line": f"/orchestrate run safe pin={TYPED} --dry-run --pin={TYPED}"}
    asked = safe.asked(name, line, safe.caller("dana"))

    outcome = await safe.dispatcher.refuse(asked, InvalidRequest("orchestrate run", []))

    assert TYPED not in everything(safe, outcome)
    (attempt, _) = safe.journal.conclusions[-1]
    assert attempt.args == {"line": "/orchestrate run --dry-run --pin ***"}


async def test_what_a_playbook_without_secrets_is_given_is_not_touched(safe: World) -> None:
    """Not even names that it does not have: the refusal can say which one was meant."""
    outcome = await safe.run("/orchestrate run --playbook canary --parameters verion=v1", "dana")

    assert "version" in repr(outcome.reply)
    assert "verion=v1" in repr(safe.journal.conclusions)
