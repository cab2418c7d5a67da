"""What an operator reads when the policy file is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from rbac.loading import load_policy, parse_policy
from tests.pace import milliseconds
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

BROKEN = """roles:
  admin:
    permisions: ["*"]
  Viewer:
    permissions: [status]
members:
  dana: {roles: [release_mgr], accounts: {discord: 3002}}
  dana: {roles: [admin]}
  devi: {roles: [admin], accounts: {discord: "3002", matrix: "1"}}
grants:
  - {who: role:admni, permission: /deploy}
  - {who: person:dina, permission: /deploy, channel: }
denise: []
"""

WRONG_NAMES = """roles:
  admin: {permissions: ["*"]}
  viewer: {permissions: [/status], inherits: [vewer]}
members:
  dana: {roles: [admn], accounts: {discord: 3002}}
  devi: {roles: [admin], accounts: {discord: "3002"}}
sources:
  github: {roles: [webhook]}
grants:
  - {who: role:admni, permission: /deploy}
  - {who: person:dena, permission: /deploy}
"""


def test_every_fault_is_named_at_once(faults_of: Callable[..., Any]) -> None:
    """Each with its line, its column and what to write instead."""
    assert faults_of(BROKEN) == (
        'p.yml:3:5: unknown key "permisions"; did you mean "permissions"?',
        (
            'p.yml:4:3: roles.Viewer is "Viewer"; '
            "write a role name of lower-case letters, digits, _ and -"
        ),
        (
            'p.yml:5:19: roles.Viewer.permissions.0 is "status"; '
            'write a permission such as "/deploy" or "/infra deploy", or "*" for every one'
        ),
        'p.yml:7:18: there is no role "release_mgr"; known roles: admin, Viewer',
        'p.yml:8:3: key "dana" stands here twice; it is already on line 7',
        "p.yml:9:46: discord account 3002 is dana's already; give each person their own account",
        'p.yml:9:54: unknown key "matrix"; known here: discord, telegram, cli, console',
        "p.yml:12:45: grants.1.channel is empty; write a value after the colon, or remove the line",
        'p.yml:13:1: unknown key "denise"; did you mean "denies"?',
    )


def test_every_wrong_name_is_named_at_once(faults_of: Callable[..., Any]) -> None:
    """Roles and people that do not exist come with the one that was probably meant."""
    assert faults_of(WRONG_NAMES, {"2001": "boss"}) == (
        (
            'p.yml:1:1: Discord role 2001 stands for the role "boss", which is not here; '
            "add it here, or mend discord.roles in discovery.yml"
        ),
        'p.yml:3:47: there is no role "vewer"; did you mean "viewer"?',
        'p.yml:5:18: there is no role "admn"; did you mean "admin"?',
        "p.yml:6:46: discord account 3002 is dana's already; give each person their own account",
        'p.yml:8:20: there is no role "webhook"; known roles: admin, viewer',
        'p.yml:10:11: there is no role "admni"; did you mean "admin"?',
        'p.yml:11:11: there is no member "dena"; did you mean "dana"?',
    )


def test_an_unquoted_star_is_explained(faults_of: Callable[..., Any]) -> None:
    """The most likely slip of all has its own hint."""
    faults = faults_of("roles:\n  admin: {permissions: [*]}")

    assert len(faults) == 1
    assert faults[0].startswith("p.yml:2:26: this is not YAML")
    assert faults[0].endswith('a value that begins with * or & needs quotes, as in "*"')


def test_a_missing_file_is_a_fault(tmp_path: Path) -> None:
    """It says so instead of a traceback."""
    with pytest.raises(ConfigurationInvalid, match="cannot be read"):
        load_policy(tmp_path / "none.yml")


def test_account_ids_may_stand_without_quotation_marks() -> None:
    """A number is the id it looks like."""
    loaded = parse_policy(
        b'roles: {a: {permissions: ["*"]}}\nmembers: {d: {accounts: {discord: 3002}}}',
        "p.yml",
    )

    assert loaded.policy.members["d"].accounts.discord == "3002"


def test_the_version_changes_with_meaning_alone() -> None:
    """A comment does not void an approval that was bound to the policy; a right does."""
    text = b'roles: {a: {permissions: ["/x"]}}'
    first = parse_policy(text, "p.yml").policy.digest()

    assert first == parse_policy(b"# words\n" + text, "p.yml").policy.digest()
    assert first != parse_policy(text.replace(b"/x", b"/y"), "p.yml").policy.digest()
    assert first != parse_policy(text, "p.yml").policy.digest({"2001": "a"})


def test_a_large_policy_with_faults_is_judged_quickly() -> None:
    """Ten thousand values take well under a second, long chains of roles included."""
    roles = "\n".join(f"  r{n}: {{permissions: [/x], inherits: [r{n + 1}]}}" for n in range(2500))

    def judge() -> None:
        with pytest.raises(ConfigurationInvalid) as refusal:
            parse_policy(f"roles:\n{roles}".encode(), "p.yml")
        assert len(refusal.value.faults) > 2400

    assert milliseconds(judge, under=1000) < 1000
