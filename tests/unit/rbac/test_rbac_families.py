"""Rights of families: the whole, or one verb of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rbac.loading import parse_policy
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """roles:
  admin: {permissions: ["*"]}
  ops: {permissions: [/infra]}
  dev: {permissions: [/infra scale, /status]}
members:
  alex: {roles: [admin], accounts: {discord: 3001}}
  olga: {roles: [ops], accounts: {discord: 3002}}
  devi: {roles: [dev], accounts: {discord: 3003}}
grants:
  - {who: role:dev, permission: /infra deploy, environment: staging}
  - {who: person:devi, permission: /infra, action: switch}
denies:
  - {who: role:ops, permission: /infra decommission}
"""
KNOWN = {"/infra", "/infra deploy", "/infra scale", "/infra decommission", "/infra switch",
         "/status"}  # fmt: skip


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """A desk over the policy above."""
    return desk_of(POLICY, {})


@pytest.mark.parametrize(
    ("who", "verb", "environment", "allowed"),
    [
        ("3001", "decommission", "production", True),
        ("3002", "deploy", "production", True),
        ("3002", "decommission", "production", False),
        ("3003", "scale", "production", True),
        ("3003", "deploy", "staging", True),
        ("3003", "deploy", "production", False),
        ("3003", "switch", "production", True),
        ("3003", "decommission", "staging", False),
    ],
)
def test_a_verb_is_allowed_by_its_family_or_by_itself(
    desk: Any, who: str, verb: str, environment: str, *, allowed: bool
) -> None:
    """Of the family everything, of a verb only that, and a deny of a verb takes it away."""
    asked = {"action": verb, "environment": environment}

    assert desk.may(f"discord:user:{who}", "/infra", **asked) is allowed


def test_the_rule_is_told_as_it_is_written(desk: Any) -> None:
    """With its verb and its line, however it names the verb."""
    asked = {"action": "deploy", "environment": "staging"}
    granted = desk.ask("discord:user:3003", "/infra", **asked)
    switched = desk.ask("discord:user:3003", "/infra", action="switch")
    denied = desk.ask("discord:user:3002", "/infra", action="decommission")

    assert granted.rule == "allow role:dev /infra deploy in staging (p.yml:10)"
    assert switched.rule == "allow person:devi /infra switch (p.yml:11)"
    assert denied.rule == "deny role:ops /infra decommission (p.yml:13)"
    assert granted.roles_needed == ("admin", "ops", "dev")


def test_explaining_names_the_verb(desk: Any) -> None:
    """A name of two words is one word here."""
    told = desk.explainer.explain("devi", ["/infra scale", "--env", "production"])

    assert told.lines()[0] == "devi may /infra scale in production"
    assert told.lines()[1] == "rule: allow role:dev /infra scale (p.yml:4)"


def test_the_matrix_has_a_column_for_each_verb_that_is_named(desk: Any) -> None:
    """The family's own column says partly where only some verbs are allowed."""
    table = desk.explainer.matrix()
    rows = {name: dict(zip(table.permissions, row, strict=True)) for name, row in table.rows}

    assert desk.guard.permissions() == {
        "/infra", "/infra scale", "/infra deploy", "/infra switch", "/infra decommission",
        "/status",
    }  # fmt: skip
    assert set(rows["admin"].values()) == {"yes"}
    assert rows["ops"] == {
        "/infra": "partly", "/infra decommission": "no", "/infra deploy": "yes",
        "/infra scale": "yes", "/infra switch": "yes", "/status": "no",
    }  # fmt: skip
    assert rows["dev"] == {
        "/infra": "partly", "/infra decommission": "no", "/infra deploy": "partly",
        "/infra scale": "yes", "/infra switch": "no", "/status": "yes",
    }  # fmt: skip


def test_a_sound_policy_of_verbs_is_loaded() -> None:
    """Families and verbs of commands that there are may be named."""
    assert parse_policy(POLICY.encode(), "p.yml", {}, KNOWN).policy.roles["dev"].permissions == (
        "/infra scale", "/status",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("before", "after", "fault"),
    [
        ("/infra scale", "/infra scael", '"/infra scael"; did you mean "/infra scale"?'),
        ("/infra scale", "/infar scale", '"/infar scale"; did you mean "/infra scale"?'),
        ("/infra scale", "/infra xyz", '"/infra xyz"; known: /infra decommission, /infra deploy'),
        ("/status]", "/zz]", '"/zz"; known: /infra, /status'),
        ("action: switch", "action: swich", '/infra has no verb "swich"; did you mean "/infra swi'),
        ("/infra, action: switch", "/infra deploy, action: switch",
         'the permission names the verb "deploy" already'),
        ("/infra, action: switch", '"*", action: nothing', '* has no verb "nothing"'),
    ],
)  # fmt: skip
def test_verbs_that_lead_nowhere_are_faults(before: str, after: str, fault: str) -> None:
    """Each is named with its line and what was meant."""
    text = POLICY.replace(before, after, 1)
    with pytest.raises(ConfigurationInvalid) as refusal:
        parse_policy(text.encode(), "p.yml", {}, KNOWN)

    assert fault in " ".join(refusal.value.faults)
