"""Everything that must be a no, each beside the yes it resembles."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """
roles:
  admin: {permissions: ["*"]}
  release_mgr: {permissions: ["/deploy", "/status"]}
  stager: {permissions: []}
  viewer: {permissions: ["/status"]}
members:
  dana: {roles: [release_mgr], accounts: {discord: "3002", telegram: "72", cli: dana}}
  mal: {roles: [admin], accounts: {discord: "66"}}
  sam: {roles: [stager], accounts: {discord: "3009", telegram: "79"}}
grants:
  - {who: role:stager, permission: /deploy, environment: staging}
  - {who: role:stager, permission: /logs, service: "api-*"}
  - {who: role:viewer, permission: /ask, channel: "#agents"}
  - {who: discord:user:5, permission: /deploy, environment: production,
     nbf: 2026-01-15T12:00:00Z, exp: 2026-01-15T13:00:00Z}
denies:
  - {who: discord:user:66, permission: /deploy}
  - {who: person:dana, permission: /deploy, environment: production}
"""
GROUPS = {"2001": "admin", "2002": "release_mgr", "2004": "viewer", "2005": "stager"}


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """A guard over the policy above."""
    return desk_of(POLICY, GROUPS)


@pytest.mark.parametrize(
    "who",
    ["", "discord:user:999", "discord:role:999", "discord:role:admin", "telegram:user:3002",
     "discord:role:role:admin", "cli:user:role:admin", "gateway:discord"],
)  # fmt: skip
def test_strangers_and_look_alikes_hold_nothing(desk: Any, who: str) -> None:
    """An account the policy does not know may nothing, whatever it is called."""
    assert desk.may("discord:user:3002", "/status")
    decision = desk.ask(who, "/status")

    assert (decision.allowed, decision.roles_held) == (False, ())
    assert decision.rule == ("no rule" if who else "unknown-caller")


@pytest.mark.parametrize(
    "who",
    ["*", "role:admin", "role:admin*", "person:mal", "everyone", "admin", "discord:role:*",
     "discord:user:3002\n", "discord:user:", "discord:user:3002 ", "DISCORD:user:3002",
     "matrix:user:3002", "discord:admin:2001", "discord:user:\x00", "telegram:council2",
     "discord:user:３００２"],
)  # fmt: skip
def test_names_from_inside_never_come_from_outside(desk: Any, who: str) -> None:
    """One principal that no platform can vouch for makes the whole question invalid."""
    assert desk.may("discord:role:2001", "/status")

    assert desk.ask(who, "/status").rule == "invalid-token"
    assert desk.ask(f"discord:role:2001,{who}", "/status").rule == "invalid-token"


@pytest.mark.parametrize(
    "permission",
    ["/Status", "/STATUS", "/status\n", "//status", "status", "/status ", " /status", "/status\x00",
     "/../status", "/", "", "*", "/*", "/stаtus", "/ｓtatus", "/status,/deploy", "/" + "a" * 200,
     "/status  x", "/(a", "/[x"],
)  # fmt: skip
def test_a_permission_is_its_exact_letters(desk: Any, permission: str) -> None:
    """Even whoever may everything may not ask for something that is not a permission."""
    assert desk.may("discord:role:2001", "/status")

    decision = desk.ask("discord:role:2001", permission)

    assert (decision.allowed, decision.rule) == (False, "invalid-token")


@pytest.mark.parametrize("field", ["environment", "service", "channel", "action"])
@pytest.mark.parametrize(
    "value",
    ["*", "edge-*", ".*", "a\nb", 'a","b', "a, b", "(a", "[x", "api ", " api", "", "..", "../api",
     "api\x00", "api\n", "а-pi", "-x", "a" * 129, "“api”"],
)  # fmt: skip
def test_what_is_asked_about_is_a_plain_name(desk: Any, field: str, value: str) -> None:
    """Patterns, line breaks, spaces and look-alike letters in a question are a no for everyone."""
    assert desk.may("discord:role:2001", "/deploy", **{field: "api-1"})

    decision = desk.ask("discord:role:2001", "/deploy", **{field: value})

    assert (decision.allowed, decision.rule) == (False, "invalid-token")


def test_a_role_for_staging_needs_the_environment_named(desk: Any) -> None:
    """Not given is not any: only a rule for every environment covers it."""
    assert desk.may("discord:role:2005", "/deploy", environment="staging")
    assert not desk.may("discord:role:2005", "/deploy")
    assert not desk.may("discord:role:2005", "/deploy", environment="production")
    assert not desk.may("discord:role:2005", "/deploy", environment="Staging")
    assert not desk.may("discord:role:2005", "/deploy", environment="staging2")


def test_a_prefix_in_the_policy_covers_names_that_begin_so(desk: Any) -> None:
    """Only the policy's side has patterns."""
    assert desk.may("discord:role:2005", "/logs", service="api-1")
    assert not desk.may("discord:role:2005", "/logs", service="web-api-1")
    assert not desk.may("discord:role:2005", "/logs", service="api")
    assert not desk.may("discord:role:2005", "/logs")


def test_a_channel_is_compared_whole(desk: Any) -> None:
    """A rule for one channel holds there alone."""
    assert desk.may("discord:role:2004", "/ask", channel="#agents")
    assert not desk.may("discord:role:2004", "/ask", channel="#agents-2")
    assert not desk.may("discord:role:2004", "/ask", channel="agents")
    assert not desk.may("discord:role:2004", "/ask")


def test_a_deny_on_one_principal_beats_an_allow_on_another(desk: Any) -> None:
    """An administrator who is denied by account is refused, and told by which rule."""
    assert desk.may("discord:role:2001", "/deploy")

    decision = desk.ask("discord:role:2001,discord:user:66", "/deploy")

    assert not decision.allowed
    assert decision.rule == "deny discord:user:66 /deploy (p.yml:18)"


def test_a_deny_on_a_person_holds_on_every_platform(desk: Any) -> None:
    """Whoever is refused on Discord is refused on Telegram and in the terminal."""
    accounts = ("discord:user:3002", "telegram:user:72", "cli:user:dana")

    assert all(desk.may(one, "/deploy", environment="staging") for one in accounts)
    assert not any(desk.may(one, "/deploy", environment="production") for one in accounts)


def test_a_timed_grant_holds_from_its_start_to_just_before_its_end(desk: Any) -> None:
    """Nothing needs to run for it to end, and a remembered answer does not outlive it."""
    verdicts = {}
    for second in (-1, 0, 1, 3599, 3600):
        moment = datetime(2026, 1, 15, 12, tzinfo=UTC).timestamp() + second
        desk.clock.jump(datetime.fromtimestamp(moment, UTC))
        verdicts[second] = desk.may("discord:user:5", "/deploy", environment="production")

    assert verdicts == {-1: False, 0: True, 1: True, 3599: True, 3600: False}


def test_a_clock_set_back_does_not_revive_a_grant(desk: Any) -> None:
    """An answer given later is not used for an earlier time."""
    desk.clock.jump(datetime(2026, 1, 15, 12, 0, 5, tzinfo=UTC))
    assert desk.may("discord:user:5", "/deploy", environment="production")

    desk.clock.jump(datetime(2026, 1, 15, 11, 59, 59, tzinfo=UTC))

    assert not desk.may("discord:user:5", "/deploy", environment="production")


def test_a_refusal_names_the_roles_and_the_people_who_may(desk: Any) -> None:
    """A viewer learns what is missing and whom to ask; the denied are not among them."""
    decision = desk.ask("discord:role:2004", "/deploy", environment="production")

    assert decision.rule == "no rule"
    assert decision.roles_held == ("viewer",)
    assert decision.roles_needed == ("admin", "release_mgr")
    assert decision.people == ()

    staging = desk.ask("discord:role:2004", "/deploy", environment="staging")

    assert staging.roles_needed == ("admin", "release_mgr", "stager")
    assert staging.people == ("dana", "sam")
