"""Values of parameters: every fault at once, by the names that the playbook declares."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tgk.asking import answered
from tgk.pairs import read_pairs

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World
    from tgk.outcome import Outcome

PLAYBOOK = """
name: eight
parameters:
  - {name: new_version, required: true}
  - {name: n, type: int, default: 1, max: 5}
  - {name: who_else, required: true}
  - {name: comp, type: component, default: api}
  - {name: size, choices: [small, large], default: small}
steps:
  - {name: note, type: set, values: {a: "${new_version}"}}
"""
SECRET = "  - {name: pass_word, type: secret, default: 'environment:PW'}\nsteps:"


@pytest.fixture
def shelf(tmp_path: Path) -> Path:
    """A shelf with the playbook ``eight``, and one that takes a secret besides."""
    folder = tmp_path / "playbooks"
    folder.mkdir(exist_ok=True)
    (folder / "eight.yml").write_text(PLAYBOOK)
    (folder / "nine.yml").write_text(PLAYBOOK.replace("eight", "nine").replace("steps:", SECRET))
    return folder


def why(outcome: Outcome) -> str:
    """Return what a refusal says."""
    assert outcome.result == "invalid", outcome.reply
    return str(outcome.reply.data["why"])


@pytest.mark.usefixtures("shelf")
async def test_a_parameter_is_named_as_it_is_declared(world: World) -> None:
    """What is told can be typed."""
    told = why(await world.run("/orchestrate run eight --parameters who_else=me", "dana"))
    unknown = why(
        await world.run("/orchestrate run eight --parameters who_else=me new_verson=2", "dana")
    )

    assert "parameters: new_version: needed" in told
    assert "new_verson: eight has no such parameter; did you mean new_version?" in unknown


@pytest.mark.usefixtures("shelf")
async def test_every_fault_of_the_values_is_told_at_once(world: World) -> None:
    """Missing, unknown, of a wrong kind, out of range, and what there is not."""
    line = "/orchestrate run eight --parameters n=99 comp=nothing size=huge strange=1"
    outcome = await world.run(line, "dana")

    told = why(outcome)
    for name in ("new_version", "who_else", "n", "comp", "size", "strange"):
        assert told.count(f" {name}: ") == 1, (name, told)
    assert not any(each.asks for each in outcome.reply.actions)


@pytest.mark.usefixtures("shelf")
async def test_what_is_wrong_can_be_filled_in_beside_what_is_missing(world: World) -> None:
    """One form for all; what was typed stands in it."""
    line = "/orchestrate run eight --parameters who_else=me comp=nothing n=99"
    outcome = await world.run(line, "dana")

    (form,) = [each for each in outcome.reply.actions if each.asks]
    assert form.asks == ("parameters.new_version", "parameters.n", "parameters.comp")
    answers = dict(zip(form.asks, ("v1", "4", "api"), strict=True))
    pairs = read_pairs(answered(form, answers)["parameters"])
    assert pairs == {"who_else": "me", "new_version": "v1", "n": "4", "comp": "api"}


@pytest.mark.parametrize("playbook", ["eight", "nine"])
@pytest.mark.parametrize("given", ['--parameters "n=4 n=5"', "--parameters n=4 --parameters n=5"])
@pytest.mark.usefixtures("shelf")
async def test_a_value_given_twice_is_said_to_be_given_twice(
    world: World, playbook: str, given: str
) -> None:
    """A number hides nothing, whatever else the playbook takes."""
    told = why(await world.run(f"/orchestrate run {playbook} {given}", "dana"))

    assert "parameters: n is given twice" in told


@pytest.mark.usefixtures("shelf")
async def test_a_secret_given_twice_is_shown_nowhere(world: World) -> None:
    """Not even by the fault."""
    line = '/orchestrate run nine --parameters "pass_word=hush1 pass_word=hush2"'
    told = why(await world.run(line, "dana"))

    assert "pass_word is given twice" in told
    assert "hush" not in told
