"""A guard over a policy written in the test."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from rbac.edition import Edition, FixedPolicy
from rbac.explain import Explainer
from rbac.guard import CasbinGuard
from rbac.identity import PolicyDirectory
from rbac.loading import parse_policy
from tgk.caller import Caller
from tgk.errors import ConfigurationInvalid
from tgk.guard import Target
from tgk.testing.clock import FakeClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tgk.guard import Decision

GUILD_ROLES = {"2001": "admin", "2002": "release_mgr", "2003": "developer", "2004": "viewer"}


@dataclass
class Desk:
    """Asks one policy short questions."""

    guard: CasbinGuard
    directory: PolicyDirectory
    explainer: Explainer
    clock: FakeClock

    def ask(self, who: str, permission: str, **target: str) -> Decision:
        """Decide for comma-separated principals."""
        principals = frozenset(who.split(",")) if who else frozenset()
        caller = Caller(person="somebody", user_id="1", platform="discord", principals=principals)
        return self.guard.decide(caller, permission, Target(**target))

    def may(self, who: str, permission: str, **target: str) -> bool:
        """Return the bare verdict."""
        return self.ask(who, permission, **target).allowed


@pytest.fixture
def desk_of() -> Callable[..., Desk]:
    """Return a builder: policy text, Discord roles, council."""

    def build(
        text: str, groups: Mapping[str, str] | None = None, council: tuple[str, ...] = ()
    ) -> Desk:
        clock = FakeClock()
        groups = GUILD_ROLES if groups is None else groups
        source = FixedPolicy(Edition(parse_policy(text.encode(), "p.yml", groups), groups, council))
        return Desk(
            CasbinGuard(source, clock), PolicyDirectory(source), Explainer(source, clock), clock
        )

    return build


@pytest.fixture
def faults_of() -> Callable[..., tuple[str, ...]]:
    """Return a reader of the faults of a policy text; it fails when there are none."""

    def find(text: str, groups: Mapping[str, str] | None = None) -> tuple[str, ...]:
        with pytest.raises(ConfigurationInvalid) as refusal:
            parse_policy(text.encode(), "p.yml", groups)
        return refusal.value.faults

    return find
