"""The only place that speaks to Casbin: rules in memory, one verdict a question, deny wins."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import casbin

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rbac.rules import Rule
    from tgk.guard import Target

MODEL = Path(__file__).with_name("model.conf")
_LOGGERS = ("casbin", "casbin.enforcer", "casbin.policy", "casbin.role")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was decided, and the rule that decided it; none when nothing allowed it."""

    allowed: bool
    rule: Rule | None = None
    broken: bool = False
    """Whether Casbin could not decide, which is a no."""


class Enforcers:
    """The rules of one policy, an enforcer for each permission so that a question stays short.

    A question about a permission nobody wrote down is answered by the rules for ``*`` alone.
    """

    def __init__(self, rules: Iterable[Rule]) -> None:
        rules = tuple(rules)
        model = MODEL.read_text()
        self.permissions = frozenset(rule.written for rule in rules)
        self._buckets = {
            name: _Bucket(model, [rule for rule in rules if rule.permission in (name, "*")])
            for name in {rule.permission for rule in rules} | {"*"}
        }

    def verdict(self, who: frozenset[str], permission: str, target: Target, now: float) -> Verdict:
        """Decide for all of somebody's principals at once, so that a deny on one wins."""
        return self._bucket(permission).verdict(who, permission, target, now)

    def subjects(self, permission: str) -> frozenset[str]:
        """Return everybody whom a rule about this permission names."""
        return self._bucket(permission).subjects

    def _bucket(self, permission: str) -> _Bucket:
        return self._buckets.get(permission) or self._buckets["*"]


class _Bucket:
    def __init__(self, model: str, rules: list[Rule]) -> None:
        self.subjects = frozenset(rule.who for rule in rules)
        self._rules = {tuple(rule.row()): rule for rule in rules}
        self._casbin = _enforcer(model)
        for rule in rules:
            self._casbin.model.add_policy("p", "p", rule.row())

    def verdict(self, who: frozenset[str], permission: str, target: Target, now: float) -> Verdict:
        if not who or not self._rules:  # an empty policy would be matched with empty words
            return Verdict(allowed=False)
        asked = (permission, target.action, target.environment, target.service, target.channel)
        try:
            allowed, row = self._casbin.enforce_ex(who, *asked, now)
        except RuntimeError:
            return Verdict(allowed=False, broken=True)
        return Verdict(allowed=bool(allowed), rule=self._rules.get(tuple(row)))


def implied(links: Iterable[tuple[str, str]]) -> dict[str, frozenset[str]]:
    """Return for everybody named in the links all they are and hold, over any number of steps."""
    graph = _enforcer(MODEL.read_text())
    links = tuple(links)
    for holder, held in links:
        graph.get_role_manager().add_link(holder, held)
    return {
        holder: frozenset(graph.get_implicit_roles_for_user(holder))
        for holder in dict.fromkeys(holder for holder, _ in links)
    }


class _Enforcer(casbin.Enforcer):  # type: ignore[misc]  # Casbin has no types
    """Parses its matcher once; Casbin itself does with every question."""

    _parsed: Any = None

    def _get_expression(self, expr: str, functions: dict[str, Any] | None = None) -> Any:
        if self._parsed is None:
            self._parsed = super()._get_expression(expr, functions)
        return self._parsed


def _enforcer(model: str) -> Any:
    _silence()
    made = _Enforcer(casbin.Enforcer.new_model(text=model))
    _silence()  # the first enforcer of a process sets its own levels
    made.enable_auto_save(auto_save=False)
    for name, matcher in (("holds", _holds), ("lit", _lit), ("pat", _pat), ("within", _within)):
        made.add_function(name, matcher)
    return made


def _silence() -> None:
    """Keep Casbin from writing requests as they came, line breaks included."""
    for name in _LOGGERS:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _holds(who: frozenset[str], wanted: str) -> bool:
    return wanted in who


def _lit(given: str, wanted: str) -> bool:
    return wanted in ("*", given)


def _pat(given: str, wanted: str) -> bool:
    if wanted.endswith("*"):
        return wanted == "*" or (given != "-" and given.startswith(wanted[:-1]))
    return given == wanted


def _within(now: float, nbf: str, exp: str) -> bool:
    return (nbf == "-" or now >= float(nbf)) and (exp == "-" or now < float(exp))
