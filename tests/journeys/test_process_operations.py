"""Operations through the program itself: typed in a terminal, done by the world's own services."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.journeys.conftest import says
from tests.journeys.test_terminal import alone, run

if TYPE_CHECKING:
    from tests.journeys.conftest import Playground

pytestmark = pytest.mark.journey


def told(environment: dict[str, str], *words: str, user: str = "dana") -> tuple[int, Any]:
    """Run tgk and return its exit code and what it told as JSON."""
    code, out, err = run(environment, *words, "--json", user=user)
    assert out, err
    return code, json.loads(out)


def test_a_sick_version_is_found_out_and_taken_back(playground: Playground) -> None:
    """Deployed by a workflow, found by a service, taken back by the cluster."""
    environment = alone(playground)
    place = ("--component", "backend", "--environment", "staging")

    deployed, _ = told(environment, "infra", "deploy", *place, "--version", "v1.3.1")
    ill, seen = told(environment, "monitor", "health", *place)
    back, _ = told(environment, "infra", "rollback", *place)
    well, _ = told(environment, "monitor", "health", *place)

    assert [0, True, 0, 0] == [deployed, ill != 0, back, well]
    assert "v1.3.1 answers with errors" in json.dumps(seen)


def test_a_developer_is_kept_out_of_production_s_slots(playground: Playground) -> None:
    """And nobody hears of what was not done."""
    environment = alone(playground)

    code, _, err = run(environment, "infra", "switch", "blue", "green", user="devi")

    assert 3 == code
    assert "needs" in err
    assert 0 == says(playground.stage.heard(), "Switch traffic")


def test_a_team_is_told_before_the_program_ends(playground: Playground) -> None:
    """In chat, although no bot runs."""
    environment = alone(playground)

    code, _ = told(environment, "notify", "team", "--severity", "high", "--message", "disk full")

    assert 0 == code
    assert 1 == says(playground.stage.heard(), "High notice", "disk full")
