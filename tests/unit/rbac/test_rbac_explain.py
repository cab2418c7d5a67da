"""Why somebody may or may not: what ``tgk rbac explain`` and ``tgk rbac matrix`` print."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tgk.errors import Missing

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """roles:
  admin: {permissions: ["*"]}
  developer: {permissions: [/status]}
members:
  alex: {roles: [admin], accounts: {discord: 3001}}
  devi: {roles: [developer], accounts: {discord: 3003, telegram: 73}}
grants:
  - {who: role:developer, permission: /deploy, environment: staging}
  - {who: discord:user:3003, permission: /scale, exp: 2026-01-15T13:00:00Z}
denies:
  - {who: person:alex, permission: /deploy, environment: production}
"""
ESTATE = {"environments": ("staging", "production"), "services": ("event-gateway",)}


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """An explainer over the policy above."""
    return desk_of(POLICY, {"2003": "developer"})


@pytest.mark.parametrize("who", ["devi", "discord:3003", "discord:user:3003", "person:devi"])
def test_a_person_and_their_accounts_get_the_same_answer(desk: Any, who: str) -> None:
    """People are named as it is handy."""
    told = desk.explainer.explain(who, ["/deploy", "staging", "v1.2.3"], **ESTATE)

    assert told.lines() == (
        f"{who} may /deploy in staging",
        "rule: allow role:developer /deploy in staging (p.yml:8)",
        "roles held: developer",
        "roles that may: admin, developer",
        "people who may: alex, devi",
    )
    assert told.ignored == ("v1.2.3",)


def test_a_refusal_is_explained_with_whoever_may(desk: Any) -> None:
    """No rule is said as such; a deny is named with its line."""
    missing = desk.explainer.explain("devi", ["deploy", "--env", "production"], **ESTATE)
    denied = desk.explainer.explain("alex", ["/deploy", "env=production"], **ESTATE)

    assert missing.lines() == (
        "devi may not /deploy in production",
        "rule: no rule",
        "roles held: developer",
        "roles that may: admin",
        "people who may: none",
    )
    assert denied.decision.rule == "deny person:alex /deploy in production (p.yml:11)"


def test_options_are_read_in_every_form(desk: Any) -> None:
    """``--service x``, ``--service=x``, ``service=x`` and a bare name mean the same."""
    forms = (["--service", "event-gateway"], ["--service=event-gateway"],
             ["service=event-gateway"], ["event-gateway"])  # fmt: skip

    told = [desk.explainer.explain("devi", ["/status", *form], **ESTATE) for form in forms]

    assert {one.target.service for one in told} == {"event-gateway"}
    assert all(one.decision.allowed and one.ignored == () for one in told)


def test_a_stranger_is_explained_by_account_and_refused_by_name(desk: Any) -> None:
    """An unknown account holds nothing; an unknown name comes with those that look alike."""
    told = desk.explainer.explain("discord:999", ["/status"])

    assert (told.decision.allowed, told.decision.roles_held) == (False, ())
    with pytest.raises(Missing, match="Did you mean devi"):
        desk.explainer.explain("devy", ["/status"])


def test_the_matrix_says_where_a_right_is_only_partial(desk: Any) -> None:
    """A grant for one environment is neither a yes nor a no."""
    matrix = desk.explainer.matrix()

    assert matrix.permissions == ("/deploy", "/scale", "/status")
    assert dict(matrix.rows) == {
        "admin": ("yes", "yes", "yes"),
        "developer": ("partly", "no", "yes"),
    }


def test_a_matrix_cell_shows_denies(desk_of: Callable[..., Any]) -> None:
    """A right with an exception is partly, a right denied everywhere is a no."""
    desk = desk_of(
        "roles: {a: {permissions: [/x, /y, /z]}}\ndenies:\n"
        "- {who: role:a, permission: /x, environment: production}\n"
        "- {who: everyone, permission: /y}",
        {},
    )

    assert desk.explainer.matrix().rows == (("a", ("partly", "no", "yes")),)


def test_everyone_means_people(desk_of: Callable[..., Any]) -> None:
    """What everyone may is in each person's row, and not in the row of webhooks."""
    desk = desk_of(
        "roles: {viewer: {permissions: [/x]}, webhook: {permissions: [/alert]}}\n"
        "everyone: [/help]\nmembers: {vik: {accounts: {cli: vik}}}",
        {"2004": "viewer"},
    )

    assert desk.explainer.matrix().rows == (
        ("viewer", ("no", "yes", "yes")),
        ("webhook", ("yes", "no", "no")),
    )
    decision = desk.ask("cli:user:vik", "/help")
    assert (
        decision.allowed,
        decision.roles_needed,
        decision.people,
    ) == (True, ("viewer",), ("vik",))
