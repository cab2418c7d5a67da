"""A run acts with the rights that its starter has by now, not with those that they once had."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import DANA, world
from tgk.errors import Refused
from tgk.guard import Decision
from tgk.ports.runs import RunRequest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.unit.runs.runs_world import World
    from tgk.caller import Caller
    from tgk.guard import Target
    from tgk.ports.runs import RunView

ROLE = "discord:role:200000000000000002"
SOMEBODY = DANA.model_copy(
    update={"platform": "discord", "principals": frozenset({ROLE, "discord:user:2"})}
)
LONG = "name: story\nsteps: [/mark a, {wait: 30m}, {name: b, command: /mark b}]\n"
SHORT = LONG.replace("30m", "1m")


class RoleGuard:
    """Lets pass who has the role."""

    version = "v1"

    def decide(self, caller: Caller, permission: str, target: Target) -> Decision:
        """Look at the principals alone."""
        return Decision(allowed=ROLE in caller.principals, rule=f"{permission} {target.service}")

    def permissions(self) -> frozenset[str]:
        """Return what it knows."""
        return frozenset()


class Platform:
    """Says what roles somebody has; may be away."""

    def __init__(self) -> None:
        self.held = True
        self.away = False
        self.asked = 0

    async def __call__(self, caller: Caller) -> Caller:
        """Return them as they are now."""
        self.asked += 1
        if self.away:
            raise Refused("It was not done.", why="discord: It does not answer.")
        left = caller.principals - (frozenset() if self.held else {ROLE})
        return caller.model_copy(update={"principals": left})


async def played(made: World, platform: Platform, text: str, caller: Caller) -> RunView:
    """Play a playbook as somebody whom a platform vouches for."""
    assert made.runs._dispatcher is not None
    made.runs._dispatcher.renew = platform
    view = await made.runs.start(RunRequest(playbook=made.write(text)), caller, delivery="d")
    return await made.end(view.id)


async def test_a_role_that_was_taken_while_a_run_waited_is_gone(tmp_path: Path) -> None:
    """What it did before stands; the step after the wait is refused, and not tried again."""
    made, platform = world(tmp_path, guard=RoleGuard()), Platform()
    platform.held = False
    async with made.open():
        view = await played(made, platform, LONG, SOMEBODY)

    assert (view.state, made.effects.names) == ("failed", ["a"])
    assert view.steps[2].attempt == 1
    assert platform.asked == 1


@pytest.mark.parametrize(("text", "asked"), [(LONG, 1), (SHORT, 0)])
async def test_who_still_has_it_goes_on(tmp_path: Path, text: str, asked: int) -> None:
    """The platform is asked after a while only, and once for many steps."""
    made, platform = world(tmp_path, guard=RoleGuard()), Platform()
    async with made.open():
        view = await played(made, platform, text, SOMEBODY)

    assert (view.state, made.effects.names) == ("succeeded", ["a", "b"])
    assert platform.asked == asked


async def test_while_the_platform_does_not_say_nothing_is_done_in_their_name(
    tmp_path: Path,
) -> None:
    """The step fails as one that may be tried again."""
    made, platform = world(tmp_path, guard=RoleGuard()), Platform()
    platform.away = True
    async with made.open():
        view = await played(made, platform, LONG.replace("name: b", "name: b, retry: 1"), SOMEBODY)

    assert (view.state, made.effects.names) == ("failed", ["a"])
    assert "does not answer" in view.steps[2].note
    assert view.steps[2].attempt == 2


async def test_rights_that_no_platform_gave_are_asked_of_none(tmp_path: Path) -> None:
    """Members and webhooks are what the policy says at each step anyway."""
    made, platform = world(tmp_path), Platform()
    platform.away = True
    async with made.open():
        view = await played(made, platform, LONG, DANA)

    assert (view.state, platform.asked) == ("succeeded", 0)
