"""The guard: decides from the edition in force, in memory, and says why."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rbac.timed_cache import TimedCache
from tgk.guard import Decision, Target

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbac.edition import Edition, PolicySource
    from rbac.enforcer import Verdict
    from tgk.caller import Caller
    from tgk.ports.time import Clock

NO_RULE = "no rule"
INVALID_TOKEN = "invalid-token"  # noqa: S105 - the name of a rule
UNKNOWN_CALLER = "unknown-caller"
POLICY_FAULT = "policy-fault"

LONGEST = 30.0
"""Seconds a decision may be remembered."""
_MOST_DECISIONS = 4096
_TOKEN = r"[A-Za-z0-9][A-Za-z0-9._/#@:+-]{0,127}"  # noqa: S105 - a pattern
_VALUE = re.compile(rf"-|{_TOKEN}")
_CHANNEL = re.compile(rf"-|#?{_TOKEN}")
_WORD = r"[a-z0-9][a-z0-9_.-]{0,31}"
_PERMISSION = re.compile(rf"/{_WORD}")
_PRINCIPAL = re.compile(
    rf"(?:discord|telegram|cli|console):(?:user|role):{_TOKEN}|gateway:{_TOKEN}|telegram:council"
)


def is_channel(text: str) -> bool:
    """Say whether a channel's name can stand in a question to the guard."""
    return _CHANNEL.fullmatch(text) is not None


def is_principal(text: str) -> bool:
    """Say whether a platform may vouch for this; names of roles and people never qualify."""
    return _PRINCIPAL.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may use a permission on a target."""

    roles: tuple[str, ...] = ()
    people: tuple[str, ...] = ()


class CasbinGuard:
    """Decides by one question to Casbin with everything the caller is; deny wins, none is no."""

    def __init__(self, source: PolicySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._remembered_of: Edition | None = None
        self._decisions: TimedCache[Decision] = TimedCache(_MOST_DECISIONS)
        self._audiences: TimedCache[Audience] = TimedCache(_MOST_DECISIONS)

    @property
    def version(self) -> str:
        """A digest of the loaded policy."""
        return self._source.edition.version

    def permissions(self) -> frozenset[str]:
        """Every permission the policy names, with its verb where it names one, without ``*``."""
        return self._source.edition.enforcers.permissions - {"*"}

    def decide(self, caller: Caller, permission: str, target: Target) -> Decision:
        """Say whether the caller may use ``permission`` on the target."""
        return self.judge(caller.principals, permission, target)

    def judge(self, principals: frozenset[str], permission: str, target: Target) -> Decision:
        """Decide for principals that a platform vouches for."""
        edition, now = self._current(), self._clock.now().timestamp()
        key = (edition.version, principals, permission, target)
        known = self._decisions.get(key, now)
        if known is not None:
            return known
        decision = self._decision(edition, principals, permission, target, now)
        until = edition.steady_until(now, LONGEST)
        return self._decisions.keep(key, decision, now, until)

    def audience(self, permission: str, target: Target) -> Audience:
        """Return the roles and the members that are allowed."""
        edition, now = self._current(), self._clock.now().timestamp()
        key = (edition.version, permission, target)
        known = self._audiences.get(key, now)
        if known is not None:
            return known
        found = _Poll(edition, permission, target, now).audience()
        return self._audiences.keep(key, found, now, edition.steady_until(now, LONGEST))

    def _current(self) -> Edition:
        """Return the edition in force, having forgotten the answers of the one before."""
        edition = self._source.edition
        if edition is not self._remembered_of:
            self._decisions = TimedCache(_MOST_DECISIONS)
            self._audiences = TimedCache(_MOST_DECISIONS)
            self._remembered_of = edition
        return edition

    def _decision(
        self,
        edition: Edition,
        principals: frozenset[str],
        permission: str,
        target: Target,
        now: float,
    ) -> Decision:
        if not _is_wellformed(principals, permission, target):
            return Decision(allowed=False, rule=INVALID_TOKEN)
        who = edition.everything(principals)
        audience = self.audience(permission, target)
        verdict = edition.enforcers.verdict(who, permission, target, now)
        return Decision(
            allowed=verdict.allowed,
            rule=_because(verdict, known=bool(principals)),
            roles_held=edition.roles_in(who),
            roles_needed=audience.roles,
            people=audience.people,
        )


class _Poll:
    """Asks for every role and every member, once for all who look the same to the rules."""

    def __init__(self, edition: Edition, permission: str, target: Target, now: float) -> None:
        self._edition = edition
        self._question = (permission, target, now)
        self._subjects = edition.enforcers.subjects(permission)
        self._answers: dict[frozenset[str], bool] = {}

    def audience(self) -> Audience:
        edition = self._edition
        return Audience(
            roles=tuple(n for n in edition.policy.roles if self._may({f"role:{n}"})),
            people=tuple(
                name for name in edition.policy.members if self._may(edition.principals_of(name))
            ),
        )

    def _may(self, principals: Iterable[str]) -> bool:
        relevant = self._edition.everything(principals) & self._subjects
        if relevant not in self._answers:
            verdict = self._edition.enforcers.verdict(relevant, *self._question)
            self._answers[relevant] = verdict.allowed
        return self._answers[relevant]


def _is_wellformed(principals: frozenset[str], permission: str, target: Target) -> bool:
    values = (target.environment, target.service, target.action)
    return (
        _PERMISSION.fullmatch(permission) is not None
        and all(_VALUE.fullmatch(value) for value in values)
        and is_channel(target.channel)
        and all(is_principal(one) for one in principals)
    )


def _because(verdict: Verdict, *, known: bool) -> str:
    if verdict.broken:
        return POLICY_FAULT
    if verdict.rule is not None:
        return verdict.rule.text()
    return NO_RULE if known else UNKNOWN_CALLER
