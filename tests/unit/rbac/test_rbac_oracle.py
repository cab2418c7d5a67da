"""Casbin's verdicts against the meaning of a rule written out plainly."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from rbac.enforcer import Enforcers
from rbac.rules import Rule
from tgk.guard import Target

WHO = ("role:a", "role:b", "discord:user:1", "everyone")
NAMES = ("staging", "production", "api-1", "api-2")
PATTERNS = st.sampled_from((*NAMES, "*", "api-*"))
LITERALS = st.sampled_from((*NAMES, "*"))
EDGES = st.sampled_from(("-", "10.0", "20.0"))
RULES = st.builds(
    Rule,
    who=st.sampled_from(WHO),
    permission=st.sampled_from(("/x", "/y", "*")),
    effect=st.sampled_from(("allow", "deny")),
    environment=LITERALS,
    service=PATTERNS,
    nbf=EDGES,
    exp=EDGES,
)
VALUES = st.sampled_from((*NAMES, "-"))


def fits(given_value: str, wanted: str) -> bool:
    """Say whether a rule's field covers a value: any, a beginning, or the same."""
    if wanted.endswith("*") and given_value != "-":
        return given_value.startswith(wanted[:-1])
    return wanted in (given_value, "*")


def applies(rule: Rule, who: frozenset[str], permission: str, target: Target, now: float) -> bool:
    """Say whether a rule speaks about a question."""
    return (
        rule.who in who
        and rule.permission in (permission, "*")
        and fits(target.environment, rule.environment)
        and fits(target.service, rule.service)
        and (rule.nbf == "-" or float(rule.nbf) <= now)
        and (rule.exp == "-" or now < float(rule.exp))
    )


@settings(max_examples=150, deadline=None)
@given(
    st.lists(RULES, max_size=6, unique_by=lambda rule: tuple(rule.row())),
    st.frozensets(st.sampled_from(WHO)),
    st.sampled_from(("/x", "/z")),
    st.builds(Target, environment=VALUES, service=VALUES),
    st.sampled_from((5.0, 10.0, 15.0, 20.0)),
)
def test_a_verdict_is_an_allow_without_a_deny(
    rules: list[Rule], who: frozenset[str], permission: str, target: Target, now: float
) -> None:
    """For any rules and any question; and the rule named is one that speaks about it."""
    speaking = [rule for rule in rules if applies(rule, who, permission, target, now)]
    effects = {rule.effect for rule in speaking}

    verdict = Enforcers(rules).verdict(who, permission, target, now)

    assert (effects == {"allow"}) == verdict.allowed
    if verdict.rule:
        assert verdict.rule in speaking
        assert ("allow" if verdict.allowed else "deny") == verdict.rule.effect
    else:
        assert not speaking
