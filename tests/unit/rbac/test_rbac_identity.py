"""One person on every platform, and nobody who claims to be one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tgk.guard import Target

if TYPE_CHECKING:
    from collections.abc import Callable

POLICY = """
roles:
  developer: {permissions: [/status, /logs]}
  council: {permissions: [/approve]}
  webhook: {permissions: [/alert, /git]}
everyone: [/help]
members:
  devi: {roles: [developer], accounts: {discord: 3003, telegram: 73, cli: devi}}
  ana: {roles: [council], accounts: {discord: 3005, telegram: 75}}
grants:
  - {who: "telegram:council", permission: /unlock}
"""


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """A guard and a directory over the policy above, with ana in the council."""
    return desk_of(POLICY, {"2003": "developer"}, ("ana",))


@pytest.mark.parametrize(
    ("platform", "account"), [("discord", "3003"), ("telegram", "73"), ("cli", "devi")]
)
def test_a_member_is_the_same_person_everywhere(desk: Any, platform: str, account: str) -> None:
    """Each account leads to one person with one set of rights."""
    caller = desk.directory.resolve(platform, account, name="Devi!", channel="#prs")

    assert (caller.person, caller.known, caller.channel) == ("devi", True, "#prs")
    assert caller.principals == {f"{platform}:user:{account}"}
    assert desk.guard.decide(caller, "/logs", Target()).roles_held == ("developer",)
    assert desk.directory.account("devi", platform) == account


def test_a_stranger_has_only_what_the_groups_give(desk: Any) -> None:
    """A mapped Discord role counts by its id; without one nothing is allowed, not even help."""
    bare = desk.directory.resolve("discord", "3008", name="admin", channel="#prs")
    grouped = desk.directory.resolve(
        "discord", "3008", name="x", channel="#prs", groups=frozenset({"2003", "developer"})
    )

    assert (bare.person, bare.known) == ("discord:3008", False)
    assert [_may(desk, bare, one) for one in ("/status", "/help")] == [False, False]
    assert (grouped.person, grouped.known) == ("discord:3008", False)
    assert [_may(desk, grouped, one) for one in ("/status", "/help")] == [True, True]


def test_an_account_of_another_platform_is_a_stranger(desk: Any) -> None:
    """The same number on Telegram is not the person with that number on Discord."""
    caller = desk.directory.resolve("telegram", "3003", name="devi", channel="council")

    assert (caller.person, caller.known) == ("telegram:3003", False)
    assert not _may(desk, caller, "/status")


def test_webhooks_may_what_their_role_says(desk: Any) -> None:
    """The gateway's own callers deliver and do nothing else, and are not part of everyone."""
    for source in ("github", "alertmanager", "event"):
        caller = desk.directory.resolve("gateway", source, name="", channel="-")
        assert caller.principals == {f"gateway:{source}"}
        verdicts = [_may(desk, caller, one) for one in ("/git", "/alert", "/status", "/help")]
        assert verdicts == [True, True, False, False]

    unknown = desk.directory.resolve("gateway", "unsigned", name="", channel="-")
    assert not _may(desk, unknown, "/git")


def test_sources_can_be_limited(desk_of: Callable[..., Any]) -> None:
    """Once sources are listed, only those listed may deliver."""
    desk = desk_of(POLICY + "sources: {github: {roles: [webhook]}}\n", {})

    assert desk.may("gateway:github", "/git")
    assert not desk.may("gateway:alertmanager", "/alert")


def test_council_members_are_of_the_council_wherever_they_ask(desk: Any) -> None:
    """The principal comes from discovery.yml's list, and rules may name it."""
    ana = desk.directory.resolve("telegram", "75", name="", channel="council")
    elsewhere = desk.directory.resolve("discord", "3005", name="", channel="#prs")
    devi = desk.directory.resolve("telegram", "73", name="", channel="council")

    assert "telegram:council" in ana.principals & elsewhere.principals
    assert "telegram:council" not in devi.principals
    assert [_may(desk, c, "/unlock") for c in (ana, elsewhere, devi)] == [True, True, False]


@pytest.mark.parametrize("account", ["", "a b", "x\ny", "*", "é"])
def test_an_account_without_a_plain_id_claims_nothing(desk: Any, account: str) -> None:
    """It is nobody, and the refusal says so."""
    caller = desk.directory.resolve("cli", account, name="", channel="terminal")

    assert caller.principals == frozenset()
    assert desk.guard.decide(caller, "/help", Target()).rule == "unknown-caller"


def test_a_channel_with_other_letters_is_taken_as_not_given(desk: Any) -> None:
    """People may name channels as they like without locking themselves out."""
    caller = desk.directory.resolve("discord", "3003", name="", channel="#général ✨")

    assert caller.channel == "-"
    assert _may(desk, caller, "/status")


def test_nobody_has_an_account_where_none_is_written(desk: Any) -> None:
    """Mentions fall back to names."""
    assert desk.directory.account("ana", "cli") is None
    assert desk.directory.account("nobody", "discord") is None


def _may(desk: Any, caller: Any, permission: str) -> bool:
    return desk.guard.decide(caller, permission, Target()).allowed


@pytest.mark.parametrize(
    ("name", "people"),
    [("devi", ("devi",)), ("developer", ("devi",)), ("council", ("ana",)), ("webhook", ())],
)
def test_a_role_names_the_members_who_hold_it(
    desk: Any, name: str, people: tuple[str, ...]
) -> None:
    """A person names themselves; what nobody holds names nobody."""
    assert desk.guard._source.edition.people(name) == people
