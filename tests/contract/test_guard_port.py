"""What every implementation of Guard promises."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from rbac.policy_file import PolicyFile
from tgk.caller import Caller
from tgk.guard import Target
from tgk.testing.clock import FakeClock
from tgk.testing.guard import FakeGuard, everybody

if TYPE_CHECKING:
    from tgk.guard import Guard

POLICY = Path(__file__).parents[2] / "rbac" / "policy.yml"


@pytest.fixture(params=["fake", "casbin"])
def guard(request: pytest.FixtureRequest) -> Guard:
    """Give each implementation in turn, with the shipped policy or its like."""
    if request.param == "casbin":
        return PolicyFile(POLICY, {}, FakeClock(), council=("ana", "ben", "chi")).guard
    return FakeGuard({"alex": {"*"}, "dana": {"/deploy", "/status"}, "vik": {"/status"}})


def caller(person: str, user_id: str) -> Caller:
    """Return somebody on Telegram."""
    principals = frozenset({f"telegram:user:{user_id}"})
    return Caller(
        person=person, user_id=user_id, platform="telegram", principals=principals, known=True
    )


def test_what_the_policy_grants_is_allowed(guard: Guard) -> None:
    """A release manager deploys, and the decision says by which rule."""
    decision = guard.decide(caller("dana", "7000002"), "/deploy", Target(environment="production"))

    assert decision.allowed
    assert decision.rule not in ("", "no rule")


def test_everything_else_is_denied_with_who_may(guard: Guard) -> None:
    """A viewer does not deploy, and reads whom to ask."""
    decision = guard.decide(caller("vik", "7000004"), "/deploy", Target(environment="production"))

    assert (decision.allowed, decision.rule) == (False, "no rule")
    assert {"alex", "dana"} <= set(decision.people)
    assert decision.roles_needed != ()


def test_an_outsider_is_denied(guard: Guard) -> None:
    """Who is not in the policy gets nothing from it."""
    outsider = Caller(person="telegram:7000008", user_id="7000008", platform="telegram")

    assert not guard.decide(outsider, "/status", Target()).allowed


def test_the_permissions_of_the_policy_are_listed(guard: Guard) -> None:
    """What is named anywhere can be compared with the commands."""
    assert {"/deploy", "/status"} <= guard.permissions()
    assert guard.version != ""


def test_a_fake_narrowed_to_an_environment_denies_the_others() -> None:
    """The small table of tests knows environments too."""
    guard = FakeGuard({"devi": {"/deploy@staging"}})
    devi = caller("devi", "7000003")

    allowed = [
        guard.decide(devi, "/deploy", Target(environment=name)).allowed
        for name in ("staging", "production")
    ]
    assert allowed == [True, False]


def test_everybody_allows_everything() -> None:
    """Tests that are not about rights need no table."""
    assert everybody().decide(caller("oli", "7000008"), "/deploy", Target()).allowed
