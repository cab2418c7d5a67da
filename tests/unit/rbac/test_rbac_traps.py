"""Ways in which Casbin, used as in its examples, gives rights away or loses them."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import rbac
from rbac.edition import Edition
from rbac.enforcer import Enforcers
from rbac.inheritance import DEEPEST
from rbac.loading import Loaded
from rbac.policy import Policy, Role
from rbac.rules import Rule
from rbac.timed_cache import TimedCache
from tgk.errors import ConfigurationInvalid
from tgk.guard import Target
from tgk.yaml_marks import Document, Mark, Node

if TYPE_CHECKING:
    from collections.abc import Callable

ROOM = Path(rbac.__file__).parent


@pytest.mark.parametrize(
    "text",
    [
        'grants: [{who: "discord:user:1\\np, mallory, *", permission: /deploy}]',
        'grants: [{who: "discord:user:1", permission: "*\\np, mallory, *"}]',
        'grants: [{who: "discord:user:1", permission: /deploy, service: "a, b"}]',
        'grants: [{who: "discord:user:1", permission: /deploy, service: "(a"}]',
        'grants: [{who: "discord:user:1", permission: /deploy, environment: "a\\"b"}]',
        'grants: [{who: "*", permission: /deploy}]',
        'grants: [{who: "discord:user:*", permission: /deploy}]',
    ],
)
def test_a_rule_cannot_carry_another_rule(faults_of: Callable[..., Any], text: str) -> None:
    """Commas, line breaks and patterns inside a field are refused when the file is read."""
    faults = faults_of('roles: {viewer: {permissions: ["/status"]}}\n' + text)

    assert len(faults) == 1
    assert faults[0].startswith("p.yml:2:")


@pytest.mark.parametrize(
    "word",
    ["FileAdapter", "save_policy", "enable_enforce", "regexMatch", "keyMatch", "globMatch",
     "time_match", "timeMatch", "enable_log"],
)  # fmt: skip
def test_the_dangerous_parts_of_casbin_are_not_used(word: str) -> None:
    """No CSV file, no switch that allows everything, no unanchored matcher."""
    sources = [path.read_text() for path in ROOM.iterdir() if path.suffix in (".py", ".conf")]

    assert len(sources) > 8
    assert not any(word in source for source in sources)


def test_an_empty_policy_is_refused(faults_of: Callable[..., Any]) -> None:
    """A file that allows nothing is a fault, not a policy."""
    assert "allows nothing" in faults_of("roles: {viewer: {permissions: []}}")[0]
    assert "roles" in faults_of("")[0]
    assert "roles is empty" in faults_of("roles: {}")[0]


def test_an_edition_without_rules_cannot_be_built() -> None:
    """Even past the checks of the file."""
    policy = Policy(roles={"viewer": Role()})

    with pytest.raises(ConfigurationInvalid):
        Edition(Loaded(policy, Document("p.yml", Node(Mark(1, 1), {}))))


def test_empty_words_are_never_allowed() -> None:
    """Casbin matches an empty policy once with empty words; that question is not asked."""
    nothing = Target("", "", "", "")

    assert not Enforcers([]).verdict(frozenset({""}), "", nothing, 0).allowed
    assert not Enforcers([Rule("role:a", "/x")]).verdict(frozenset(), "/x", Target(), 0).allowed
    assert Enforcers([Rule("role:a", "/x")]).verdict(frozenset({"role:a"}), "/x", Target(), 0)


def test_a_row_of_the_wrong_size_is_a_no() -> None:
    """If Casbin cannot decide, nothing is allowed and nothing crashes."""
    enforcers = Enforcers([Rule("role:a", "/x")])
    enforcers._buckets["/x"]._casbin.model["p"]["p"].policy.insert(0, ["short"])

    verdict = enforcers.verdict(frozenset({"role:a"}), "/x", Target(), 0)

    assert (verdict.allowed, verdict.broken) == (False, True)


def test_a_permission_is_not_a_beginning_nor_a_pattern(desk_of: Callable[..., Any]) -> None:
    """/deploy is not /deploy-all, and a dot is a dot."""
    text = 'roles: {viewer: {permissions: ["/deploy", "/v1.2"]}}'
    desk = desk_of(text, {"2004": "viewer"})
    asked = ("/deploy", "/deploy-all", "/deplo", "/deploy x", "/v1.2", "/v1x2")

    verdicts = [desk.may("discord:role:2004", permission) for permission in asked]

    assert verdicts == [True, False, False, False, True, False]


def chain(links: int) -> str:
    """Return roles that inherit one from the next, the last with a permission."""
    roles = [f"  r{n}: {{inherits: [r{n + 1}]}}" for n in range(links)]
    return "\n".join(["roles:", *roles, f'  r{links}: {{permissions: ["/deploy"]}}'])


def test_the_deepest_chain_keeps_its_rights(desk_of: Callable[..., Any]) -> None:
    """As many links as are accepted are also followed, from an account to the last role."""
    text = chain(DEEPEST) + "\nmembers: {dana: {roles: [r0], accounts: {discord: '1'}}}"

    decision = desk_of(text, {}).ask("discord:user:1", "/deploy")

    assert decision.allowed
    assert len(decision.roles_held) == DEEPEST + 1


def test_a_deeper_chain_is_refused(faults_of: Callable[..., Any]) -> None:
    """Casbin would silently forget the rights of its first role."""
    faults = faults_of(chain(DEEPEST + 1))

    assert faults == (
        (
            'p.yml:2:8: role "r0" inherits over more than 6 steps; '
            "inherit from the farther role directly"
        ),
    )


def test_circles_of_roles_are_refused(faults_of: Callable[..., Any]) -> None:
    """Each would have the rights of all; the way around is shown at each of them."""
    faults = faults_of(
        "roles:\n  a: {permissions: [/x], inherits: [b]}\n  b: {inherits: [c]}\n"
        "  c: {inherits: [a]}\n  d: {inherits: [d]}\n  e: {inherits: [a]}\n"
    )

    assert [fault.split(": ", 1)[1] for fault in faults] == [
        "role a -> b -> c -> a inherits from itself; remove one of these links",
        "role b -> c -> a -> b inherits from itself; remove one of these links",
        "role c -> a -> b -> c inherits from itself; remove one of these links",
        "role d -> d inherits from itself; remove one of these links",
    ]


def test_a_time_without_a_zone_is_refused(faults_of: Callable[..., Any]) -> None:
    """Local time of the machine never decides."""
    text = "roles: {a: {permissions: [/x]}}\ngrants:\n- {who: role:a, permission: /y, exp: %s}"

    assert "with its zone" in faults_of(text % "2026-11-21T18:00:00")[0]
    assert "with its zone" in faults_of(text % "2026-11-21")[0]


def test_an_end_before_its_start_is_refused(faults_of: Callable[..., Any]) -> None:
    """A grant that never holds is a mistake."""
    faults = faults_of(
        "roles: {a: {permissions: [/x]}}\ngrants:\n- {who: role:a, permission: /y,\n"
        "   nbf: 2026-11-21T18:00:00Z, exp: 2026-11-21T18:00:00Z}"
    )

    assert faults == ("p.yml:4:36: exp is not after nbf; write a later time",)


def test_casbin_logs_no_request(
    desk_of: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    """A denial leaves no line of Casbin's, whatever was in the request."""
    caplog.set_level(logging.DEBUG)
    desk = desk_of('roles: {viewer: {permissions: ["/status"]}}', {})

    assert not desk.may("discord:user:1", "/deploy")
    assert caplog.records == []
    assert not logging.getLogger("casbin.enforcer").isEnabledFor(logging.WARNING)


def test_a_deny_in_a_policy_with_the_star_is_explained(desk_of: Callable[..., Any]) -> None:
    """An allow names its row as well, which older Casbin does not do under deny-override."""
    desk = desk_of(
        'roles:\n  admin: {permissions: ["*"]}\ndenies:\n'
        "- {who: everyone, permission: /deploy, environment: production}",
        {"2001": "admin"},
    )

    assert desk.ask("discord:role:2001", "/scale").rule == "allow role:admin * (p.yml:2)"
    frozen = desk.ask("discord:role:2001", "/deploy", environment="production")
    assert (frozen.allowed, frozen.roles_needed, frozen.people) == (False, (), ())
    assert frozen.rule == "deny everyone /deploy in production (p.yml:4)"


def test_a_policy_that_cannot_decide_is_a_named_no(desk_of: Callable[..., Any]) -> None:
    """The refusal says that the policy is at fault, not the caller."""
    desk = desk_of('roles: {viewer: {permissions: ["/status"]}}', {"2004": "viewer"})
    bucket = desk.guard._source.edition.enforcers._buckets["/status"]
    bucket._casbin.model["p"]["p"].policy.insert(0, ["short"])

    decision = desk.ask("discord:role:2004", "/status")

    assert (decision.allowed, decision.rule) == (False, "policy-fault")


def test_remembered_decisions_are_bounded() -> None:
    """The answers used longest ago are forgotten first; none outlives its time."""
    cache: TimedCache[str] = TimedCache(2)
    for key in ("a", "b"):
        cache.keep(key, key, now=0, until=10)
    cache.get("a", 1)
    cache.keep("c", "c", now=1, until=10)

    assert [cache.get(key, 2) for key in ("a", "b", "c")] == ["a", None, "c"]
    assert [cache.get("a", now) for now in (-1, 9.9, 10)] == [None, "a", None]
    assert len(cache) == 2
