"""Operations played against the simulated world: real clients, real dispatcher."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pytest

from sandbox.page.estate import estate
from tests.simulated_backends import QuickClock, outside
from tgk.testing.council import FakeApprovals

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from sandbox.operations import OperationsEmulator
    from sandbox.world import World as SimulatedWorld
    from tests.conftest import World
    from tgk.outcome import Outcome

SPEED = 20.0


@dataclass
class Play:
    """The simulated world, and the commands that act on it."""

    world: World
    simulated: SimulatedWorld
    service: OperationsEmulator

    async def run(self, line: str, person: str = "dana") -> Outcome:
        """Type a line and wait for its end; the council says yes."""
        return await self.world.run(line, person)

    async def data(self, line: str, person: str = "dana") -> dict[str, Any]:
        """Return what a line that was tried gives to the steps after it."""
        outcome = await self.run(line, person)
        assert outcome.result in ("success", "failure"), outcome.reply
        return outcome.reply.data


@pytest.fixture
async def play(world: World, tmp_path: Path) -> AsyncIterator[Play]:
    """Every emulator that providers reach, and the dispatcher in front of them."""
    async with outside(world, QuickClock(SPEED), tmp_path) as found:
        yes = FakeApprovals(world.clock, answer=True)
        backends = replace(world.dispatcher.backends, approvals=yes, **found.backends)
        world.dispatcher.backends = backends
        yield Play(world, found.simulated, found.service)


async def test_a_version_goes_blue_green(play: Play) -> None:
    """Green is deployed and tested beside blue, gets the traffic, and blue is taken down."""
    assert (await play.data("/infra deploy --environment green --version v1.4.0"))["success"]
    assert "v1.2.3" == play.simulated.units["production", "refinory-api"].version
    tested = await play.data("/test run --environment green --suite smoke")
    switched = await play.data("/infra switch --from blue --to green --gradual")
    healthy = await play.data("/monitor health --duration 30")
    gone = await play.data("/infra decommission --environment blue")

    assert (27, 0, "smoke", "green") == tuple(
        tested[name] for name in ("passed", "failed", "suite", "slot")
    )
    assert ("blue", "green", "production") == tuple(
        switched[name] for name in ("from", "to", "environment")
    )
    assert "v1.4.0" == play.simulated.units["production", "refinory-api"].version
    assert healthy["success"]
    assert healthy["looks"] > 5
    assert (True, "blue", 4) == (gone["success"], gone["slot"], gone["removed"])


async def test_a_sick_version_is_deployed_and_then_found_out(play: Play) -> None:
    """Tests, health, figures and the scan all fail after it, and are well after the way back."""
    deployed = await play.data("/infra deploy --component backend --version v1.3.1")
    seen = [
        await play.data(line)
        for line in (
            "/test run --suite smoke",
            "/monitor health --component backend",
            "/monitor metrics --component backend",
            "/monitor metrics --baseline previous --threshold 95%",
            "/security scan --type full --component backend",
        )
    ]
    back = await play.data("/infra rollback --immediate --component backend")
    again = await play.data("/monitor health --component backend")

    assert (True, "v1.3.1") == (deployed["success"], deployed["version"])
    assert [False] * 5 == [each["success"] for each in seen]
    assert 1 == seen[4]["critical"]
    assert ("v1.3.1", "v1.2.3") == (back["previous"], back["version"])
    assert again["success"]


async def test_a_version_that_fails_its_verification_fails_the_step(play: Play) -> None:
    """The workflow's failed job is named."""
    outcome = await play.run("/infra deploy --component api --version v1.4.1")

    assert "failure" == outcome.result
    assert "verify" in outcome.reply.data["summary"]


async def test_a_canary_takes_its_share_and_more(play: Play) -> None:
    """It runs beside what serves, and scaling changes the share."""
    await play.data("/infra deploy --canary --percentage 5 --component workers --version v1.4.0")
    began = play.simulated.site.canaries["production", "valoryield-engine"].wanted
    scaled = await play.data("/infra scale --canary --percentage 100")

    assert 1 == began
    assert (True, 2, 100) == (scaled["success"], scaled["ready"], scaled["percentage"])
    assert "v1.2.3" == play.simulated.units["production", "valoryield-engine"].version


async def test_data_is_kept_and_put_back_elsewhere(play: Play) -> None:
    """A backup has an id, is listed, and latest means the newest."""
    made = await play.data("/backup create --name pre-deploy-1")
    listed = await play.data("/backup list", "vik")
    restored = await play.data("/backup restore --name latest --target dr-site")

    assert "pre-deploy-1" == listed["latest"]
    assert (made["id"], "dr-site") == (restored["id"], restored["target"])
    assert [(made["id"], "dr-site")] == play.service.restored


async def test_another_site_serves_after_a_failover(play: Play) -> None:
    """A site that does not exist is refused by the service, in its words."""
    done = await play.data("/infra failover --to disaster-recovery-site")
    refused = await play.run("/infra failover --to moon")

    assert (True, "main-site") == (done["success"], done["previous"])
    assert "disaster-recovery-site" == play.simulated.site.at["production"]
    assert "there is no site moon" in refused.reply.data["why"]


async def test_a_team_hears_of_it_in_chat_and_slack(play: Play) -> None:
    """Each target that fits the severity is told once."""
    told = await play.data('/notify team --severity high --message "disk <full>"')

    assert ["#alerts", "the council", "Slack"] == told["sent"]
    assert ["High notice: disk &lt;full&gt; (dana)"] == play.service.messages
    assert {"#alerts", "council"} == {
        shown.place.room for shown in play.world.board.shows if shown.key.startswith("notify:")
    }


async def test_scaling_is_the_cluster_s_and_keeps_its_bounds(play: Play) -> None:
    """The seed's ten instances run; a number out of bounds is refused before anybody is asked."""
    done = await play.data("/infra scale --instances 10")
    refused = await play.run("/infra scale --instances 10 --component frontend")

    assert (10, 10, "workers") == (done["instances"], done["ready"], done["component"])
    assert "invalid" == refused.result


async def test_a_service_that_is_down_is_said_to_be(play: Play) -> None:
    """The step is worth another try, which is what unavailable says."""
    play.simulated.faults.operations = True

    outcome = await play.run("/backup create --name x")

    assert "unavailable" == outcome.result


async def test_the_world_counts_what_was_asked_of_it(play: Play) -> None:
    """In order, each time that it was asked, without secrets; looking leaves no mark."""
    await play.run("/monitor health")
    await play.run("/infra scale --component workers --instances 3 --environment staging")
    await play.run("/backup create --name before --environment staging")
    await play.run("/infra deploy --component workers --version v1.4.0 --environment staging")

    told = [effect.partition(" correlation_id=")[0] for effect in play.simulated.effects]
    assert [
        "scaled staging/valoryield-engine from 2 to 3",
        "asked /operations/backups: 201",
        "dispatched deploy.yml environment=staging tag=v1.4.0 service=valoryield-engine",
    ] == told


async def test_a_backup_puts_the_data_back_that_it_holds(play: Play) -> None:
    """What was written since is gone from there, and from nowhere else."""
    site, clock = play.simulated.site, play.simulated.clock
    await play.run("/backup create --name before --environment staging")
    (kept,) = play.service.backups
    await clock.sleep(40)
    before = site.records("staging")
    restored = await play.data("/backup restore --name before --environment staging")

    assert restored["success"]
    assert kept.records < before
    assert kept.records <= site.records("staging") < before
    assert site.records("development") >= before


@pytest.mark.parametrize(
    ("trouble", "line", "result", "said"),
    [
        ("tests", "/test run --suite smoke", "failure", "of 27 tests of smoke passed"),
        ("health", "/monitor health", "failure", "its probe gets no answer"),
        ("figures", "/monitor metrics", "failure", ""),
        ("findings", "/security scan", "failure", "1 of them critical"),
        ("backups", "/backup create --name x", "failure", "no room for another backup"),
    ],
)
async def test_bad_news_is_switched_on_and_off(
    play: Play, trouble: str, line: str, result: str, said: str
) -> None:
    """The services answer, and what they say is bad while the switch is on."""
    setattr(play.simulated.faults, trouble, True)
    bad = await play.run(line)
    setattr(play.simulated.faults, trouble, False)
    good = await play.run(line)

    assert (result, "success") == (bad.result, good.result)
    assert said in str(bad.reply)


async def test_the_page_is_told_what_stands_in_the_world(play: Play) -> None:
    """The default environment first; a canary is a service of its own."""
    await play.run("/backup create --name nightly")
    await play.run("/test run --suite smoke")
    await play.run("/infra deploy --component api --version v1.5.0 --canary --percentage 50")
    told = estate(play.simulated, play.service)

    production, *others = told["environments"]
    assert "production" == production["name"]
    assert {"development", "staging"} == {each["name"] for each in others}
    assert ("blue", "main-site") == (production["slot"], production["site"])
    assert ["nightly"] == [each["name"] for each in production["backups"]]
    versions = {each["name"]: each["version"] for each in production["services"]}
    assert "v1.2.3" == versions["event-gateway"]
    assert "v1.5.0" in versions.values()
    assert [("tests", "smoke", "passed")] == [
        (job["kind"], job["suite"], job["status"]) for job in told["jobs"]
    ]
    assert any("backups: 201" in effect for effect in told["effects"])
