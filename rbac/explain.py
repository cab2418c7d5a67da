"""Answers about the policy for people: why somebody may or may not, and who may what at all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from rbac.guard import CasbinGuard, is_principal
from rbac.rules import split
from tgk.errors import Missing
from tgk.guard import Target
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from rbac.edition import Edition, PolicySource
    from tgk.guard import Decision
    from tgk.ports.time import Clock

Cell = Literal["yes", "partly", "no"]
_NAMES = {"env": "environment", "environment": "environment", "service": "service",
          "channel": "channel", "action": "action"}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why somebody may or may not run a command."""

    who: str
    permission: str
    target: Target
    decision: Decision
    ignored: tuple[str, ...] = ()
    """Words of the command that no rule looks at."""

    def lines(self) -> tuple[str, ...]:
        """Return the explanation as a person reads it in a terminal."""
        decision = self.decision
        verdict = "may" if decision.allowed else "may not"
        verb = [self.target.action] if self.target.action != "-" else []
        asked = [f"{k} {v}" for k, v in _targeted(self.target) if v != "-"]
        return (
            f"{self.who} {verdict} {' '.join([self.permission, *verb, *asked])}",
            f"rule: {decision.rule}",
            f"roles held: {', '.join(decision.roles_held) or 'none'}",
            f"roles that may: {', '.join(decision.roles_needed) or 'none'}",
            f"people who may: {', '.join(decision.people) or 'none'}",
        )


@dataclass(frozen=True, slots=True)
class Matrix:
    """Every role and every permission: yes, no, or partly where rules name targets or times."""

    permissions: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Cell, ...]], ...]


class Explainer:
    """Explains the edition in force."""

    def __init__(self, source: PolicySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._guard = CasbinGuard(source, clock)

    def explain(
        self,
        who: str,
        words: Sequence[str],
        *,
        environments: Collection[str] = (),
        services: Collection[str] = (),
    ) -> Explanation:
        """Say whether a person or an account may run a command, and which rule decides.

        Words are the command as typed, ``/deploy production`` or ``deploy --env production``, the
        name of two words as one; bare words count when they name an environment or a service.
        Raises Missing for strangers.
        """
        permission, target, ignored = _question(words, environments, services)
        principals = _principals(who, self._source.edition)
        decision = self._guard.judge(principals, permission, target)
        return Explanation(
            who=who, permission=permission, target=target, decision=decision, ignored=ignored
        )

    def matrix(self) -> Matrix:
        """Return the table of roles and permissions, as the enforcer decides it."""
        edition, now = self._source.edition, self._clock.now().timestamp()
        permissions = tuple(sorted(self._guard.permissions()))
        rows = tuple(
            (name, tuple(_cell(edition, name, permission, now) for permission in permissions))
            for name in edition.policy.roles
        )
        return Matrix(permissions, rows)


def _cell(edition: Edition, role: str, permission: str, now: float) -> Cell:
    who = edition.everything({f"role:{role}"})
    family, verb = split(permission)
    verbs = {rule.action for rule in edition.rules} if verb == "*" else {verb, "*"}
    concerned = [
        rule
        for rule in edition.rules
        if rule.who in who and rule.permission in (family, "*") and rule.action in verbs
    ]
    target = Target(action="-" if verb == "*" else verb)
    everywhere = edition.enforcers.verdict(who, family, target, now).allowed
    denied = any(rule.effect == "deny" for rule in concerned)
    if everywhere:
        return "partly" if denied else "yes"
    narrowed = any(rule.effect == "allow" for rule in concerned)
    blocked = any(rule.effect == "deny" and rule.is_total(verb) for rule in concerned)
    return "partly" if narrowed and not blocked else "no"


def _principals(who: str, edition: Edition) -> frozenset[str]:
    name = who.removeprefix("person:").removeprefix("@")
    if name in edition.policy.members:
        return edition.principals_of(name) - {f"person:{name}"}
    platform, _, account = who.partition(":")
    for claim in (who, f"{platform}:user:{account}"):
        if is_principal(claim):
            return frozenset({claim})
    raise Missing("person", who, nearest(name, edition.policy.members))


def _question(
    words: Sequence[str], environments: Collection[str], services: Collection[str]
) -> tuple[str, Target, tuple[str, ...]]:
    permission, verb = split("/" + (words[0] if words else "").lstrip("/"))
    found = {} if verb == "*" else {"action": verb}
    ignored: list[str] = []
    waiting = ""
    for word in words[1:]:
        name, is_pair, value = word.lstrip("-").partition("=")
        if waiting:
            found[waiting], waiting = word, ""
        elif name in _NAMES and (is_pair or word.startswith("--")):
            found.update({_NAMES[name]: value} if is_pair else {})
            waiting = "" if is_pair else _NAMES[name]
        elif word in environments:
            found.setdefault("environment", word)
        elif word in services:
            found.setdefault("service", word)
        else:
            ignored.append(word)
    return permission, Target(**found), tuple(ignored)


def _targeted(target: Target) -> tuple[tuple[str, str], ...]:
    return (
        ("in", target.environment),
        ("on", target.service),
        ("from", target.channel),
    )
