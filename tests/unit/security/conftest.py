"""A core like the one that ships, whose policy a test may change while it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import yaml

from rbac.policy_file import PolicyFile
from tests.conftest import ROOT
from tgk.admission import Admission
from tgk.limits import RateLimiter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import World


@dataclass
class Law:
    """The policy of a world, written anew whenever a test says so."""

    world: World
    path: Path

    def change(self, **parts: object) -> None:
        """Replace these parts of the policy that ships, and let the world load it."""
        law = yaml.safe_load((ROOT / "rbac/policy.yml").read_text()) | parts
        self.path.write_text(yaml.safe_dump(law))
        world = self.world
        discovery = world.discovery
        council = discovery.telegram.council.members if discovery.telegram else ()
        roles = discovery.discord.roles if discovery.discord else {}
        policy = PolicyFile(self.path, roles, world.clock, council=council)
        world.policy = policy
        world.dispatcher.admission = Admission(
            world.registry, policy.guard, discovery, RateLimiter(discovery.limits, world.clock)
        )


@pytest.fixture
def law(world: World, tmp_path: Path) -> Callable[..., None]:
    """A function that replaces parts of the policy in force."""
    return Law(world, tmp_path / "policy.yml").change
