"""Operations commands: what is refused first, what the provider is told, how watching ends."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from commands.ops.arguments import arguments_of
from tgk.caller import Caller
from tgk.errors import ConfigurationInvalid, Rejected, Unavailable
from tgk.ports.operations import Operation
from tgk.ports.providers import ProviderResult
from tgk.recording import correlation
from tgk.testing.council import FakeApprovals
from tgk.testing.operations import RememberedSteps
from tgk.typed import bind, parse_line

if TYPE_CHECKING:
    from tests.conftest import World

SEED = """
/test run --suite deployment
/backup create --name pre-deploy-20260115
/infra deploy --component backend --version v1.4.0
/infra deploy --component frontend
/infra deploy --component workers
/security scan --type full
/infra deploy --fast
/infra scale --instances 10
/infra rollback --immediate
/notify team --severity high
/infra deploy --region us-east-1
/infra deploy --environment green --version v1.4.0
/test run --environment green --suite smoke
/infra switch --from blue --to green --gradual
/monitor health --duration 300
/infra decommission --environment blue
/infra deploy --canary --percentage 5
/monitor metrics --baseline previous --threshold 95%
/infra scale --canary --percentage 10
/monitor health --duration 600
/monitor health --comprehensive
/infra failover --to disaster-recovery-site
/backup restore --name latest --target dr-site
/test run --suite disaster-recovery
""".strip().splitlines()
WELL = ProviderResult(success=True, summary="well.")
ILL = ProviderResult(success=False, summary="ill.")


def council(world: World, *, answer: bool) -> FakeApprovals:
    """Let the council answer every question so."""
    made = FakeApprovals(world.clock, answer=answer)
    world.dispatcher.backends = replace(world.dispatcher.backends, approvals=made)
    return made


@pytest.mark.parametrize("line", SEED)
async def test_every_line_of_a_playbook_runs_as_a_command(world: World, line: str) -> None:
    """Typed as it stands, it reaches its provider and gives every output that it promises."""
    council(world, answer=True)

    outcome = await world.run(line, "alex")

    command = world.registry[world.providers.invoked[0].command]
    assert "success" == outcome.result
    assert line.startswith(f"/{command.name}")
    assert set(command.outputs) <= outcome.reply.data.keys()


async def test_the_provider_is_told_where_and_which_service_is_meant(world: World) -> None:
    """A slot is told with its environment, a component with its service."""
    council(world, answer=True)

    await world.run("/infra deploy --component backend --environment green --fast", "dana")

    told = world.providers.invoked[0].arguments
    assert told == {
        "component": "backend", "service": "refinory-api", "environment": "production",
        "slot": "green", "fast": True, "person": "dana",
    }  # fmt: skip


async def test_a_slot_of_a_protected_environment_is_protected(world: World) -> None:
    """The council is asked in the words of the request, and nothing is done before."""
    asked = council(world, answer=False)

    outcome = await world.run("/infra deploy --environment green --version v1.4.0", "dana")

    assert "denied" == outcome.result
    assert "Deploy v1.4.0 → green" == asked.asked[0].title
    assert [] == world.providers.invoked


@pytest.mark.parametrize(
    "line",
    ["/infra deploy --environment staging", "/infra scale --instances 2", "/test run --suite x"],
)
async def test_the_council_is_only_asked_what_is_its_own(world: World, line: str) -> None:
    """What is not protected, replicas and tests go on at once."""
    outcome = await world.run(line, "dana")

    assert "success" == outcome.result
    assert () == world.approvals.asked


@pytest.mark.parametrize(
    ("line", "allowed"),
    [
        ("/infra deploy --environment staging", True),
        ("/infra deploy --environment green", False),
        ("/infra rollback", False),
        ("/backup restore --name latest --environment staging", True),
        ("/backup restore --name latest", False),
        ("/monitor health", True),
    ],
)
async def test_developers_operate_what_is_not_production(
    world: World, line: str, *, allowed: bool
) -> None:
    """A slot counts as the environment that it belongs to, and no environment as the default."""
    outcome = await world.run(line, "devi")

    assert ("success" if allowed else "denied") == outcome.result
    assert allowed == bool(world.providers.invoked)


@pytest.mark.parametrize(
    "line",
    [
        "/backup restore --name latest --environment staging --target production",
        "/backup restore --name latest --environment staging --target green",
        "/infra failover --environment staging --to production",
    ],
)
async def test_no_other_option_leads_to_a_place_that_was_not_judged(
    world: World, line: str
) -> None:
    """Otherwise a developer could reach production by naming it as the target."""
    outcome = await world.run(line, "devi")

    assert "invalid" == outcome.result
    assert "production" in outcome.reply.data["why"]
    assert [] == world.providers.invoked


@pytest.mark.parametrize("word", ["--force", "-x", "a b", "a;b", "a\nb", "${x}", "$(x)", ""])
async def test_a_value_never_looks_like_anything_else(world: World, word: str) -> None:
    """Names take letters, digits and few signs; nothing reaches a provider as an option."""
    caller = world.caller("dana")

    outcome = await world.dispatcher.run(
        world.asked("backup create", {"name": word, "environment": "staging"}, caller)
    )

    assert "invalid" == outcome.result
    assert [] == world.providers.invoked


async def test_a_command_that_nobody_does_says_what_to_add(world: World) -> None:
    """Before the council is asked."""
    world.providers.bound = ()

    outcome = await world.run("/infra deploy --version v1.4.0", "dana")

    assert "failure" == outcome.result
    assert "providers has no `infra deploy`" in outcome.reply.data["why"]
    assert () == world.approvals.asked


async def test_a_locked_environment_is_left_alone(world: World) -> None:
    """As by /deploy; what only looks is not hindered."""
    await world.locks.acquire("deploy:staging", "ben", "migration")

    refused = await world.run("/infra scale --instances 2 --environment staging", "dana")
    looked = await world.run("/monitor health --environment staging", "dana")

    assert ("denied", "success") == (refused.result, looked.result)
    assert "migration" in refused.reply.data["why"]


async def test_what_was_tried_and_did_not_work_is_a_failure_with_its_log(world: World) -> None:
    """The card has the last lines, the data says success: false."""
    end = ProviderResult(
        success=False, summary="2 failed.", output={"failed": 2}, log=("FAILED a",)
    )
    world.providers.ends("test run", end)

    outcome = await world.run("/test run --suite smoke", "dana")

    assert "failure" == outcome.result
    assert (False, 2, "smoke") == tuple(
        outcome.reply.data[name] for name in ("success", "failed", "suite")
    )
    assert "FAILED a" in outcome.reply.model_dump_json()


async def test_an_operation_that_was_done_is_not_done_again_after_a_stop(world: World) -> None:
    """What the provider answered is remembered, under the key of the invocation."""
    person = world.caller("dana")
    assert isinstance(person, Caller)
    operation = Operation(
        corr=correlation("d:1"), command="test run", raw={"suite": "smoke"}, caller=person,
        delivery="d:1",
    )  # fmt: skip
    memory: dict[str, str] = {}

    async def ignored(_: object) -> None:
        return None

    first = await world.dispatcher.perform(operation, RememberedSteps(memory), ignored)
    again = await world.dispatcher.perform(operation, RememberedSteps(memory), ignored)

    assert first.reply.data["success"] is again.reply.data["success"] is True
    assert [correlation("d:1")] == [one.key for one in world.providers.invoked]
    assert 1 == world.providers.looks


async def test_a_watch_lasts_as_long_as_asked_and_shows_how_far_it_is(world: World) -> None:
    """Every look has a key of its own; the answer counts them."""
    outcome = await world.run("/monitor health --duration 300", "dana")

    assert "success" == outcome.result
    assert 300 <= world.clock.monotonic() < 330
    assert len(world.shown) > 10
    assert outcome.reply.data["looks"] == len({one.key for one in world.providers.invoked})


async def test_one_bad_look_is_noted_and_two_in_a_row_end_the_watch(world: World) -> None:
    """A blink is forgiven, an illness is not waited out."""
    world.providers.ends("monitor health", WELL, ILL, WELL, ILL, ILL, WELL)

    outcome = await world.run("/monitor health --duration 300", "dana")

    assert "failure" == outcome.result
    assert (5, 3) == (outcome.reply.data["looks"], outcome.reply.data["failures"])
    assert world.clock.monotonic() < 60


async def test_a_watch_whose_last_look_is_bad_was_not_well(world: World) -> None:
    """A single bad look at the very end counts."""
    world.providers.ends("monitor health", WELL, ILL)

    outcome = await world.run("/monitor health --duration 2", "dana")

    assert "failure" == outcome.result


async def test_an_outage_during_a_watch_is_a_bad_look(world: World) -> None:
    """Without a watch it is an outage, worth another try."""
    world.providers.faults.order(Unavailable("Operations", "down."))
    watched = await world.run("/monitor health --duration 60", "dana")
    world.providers.faults.order(Unavailable("Operations", "down."))
    looked = await world.run("/monitor health", "dana")

    assert ("success", 1) == (watched.result, watched.reply.data["failures"])
    assert "unavailable" == looked.result


@pytest.mark.parametrize("threshold", ["95%", "0.5", "100"])
async def test_a_bound_is_a_number_or_per_cent(world: World, threshold: str) -> None:
    """Handed on as it was written."""
    await world.run(f"/monitor metrics --threshold {threshold}", "dana")
    refused = await world.run("/monitor metrics --threshold high", "dana")

    assert threshold == world.providers.invoked[0].arguments["threshold"]
    assert "invalid" == refused.result


async def test_the_usual_component_is_meant_when_none_is_named(world: World) -> None:
    """As the provider says; another one can be named."""
    scale = world.registry["infra scale"]

    def told(line: str) -> dict[str, object]:
        _, tokens = parse_line(line, ["infra scale"])
        request = scale.parse(bind(tokens, scale.options))
        return dict(arguments_of("infra scale", request, world.discovery))

    assert "valoryield-engine" == told("/infra scale --instances 3")["service"]
    assert "refinory-api" == told("/infra scale --instances 3 --component backend")["service"]


async def test_a_dry_run_says_what_would_be_done_and_does_nothing(world: World) -> None:
    """Every operations command has a plan, in one line."""
    planned = [entry for entry in world.registry if entry.plan is not None]
    folder = Path(__file__).parents[3] / "commands" / "ops"
    declared = sum(
        len(re.findall(r'command\(\s*"\w+ \w+"', path.read_text())) for path in folder.glob("*.py")
    )

    assert declared == len(planned) == 14
    assert all("success" in entry.outputs for entry in planned)
    assert [] == world.providers.invoked


async def test_a_refusal_of_the_provider_is_told_in_its_words(world: World) -> None:
    """Trying again would fail the same way."""
    world.providers.faults.order(Rejected("Operations", "There is no site moon."), times=1)

    outcome = await world.run("/backup create --name x --environment staging", "dana")

    assert "failure" == outcome.result
    assert "There is no site moon." == outcome.reply.data["why"]


def test_the_fake_refuses_what_nobody_does(world: World) -> None:
    """A plan is refused as the call would be."""
    world.providers.bound = ("test run",)

    with pytest.raises(ConfigurationInvalid):
        world.providers.plan("infra deploy", {})


async def test_a_provider_is_told_the_key_that_was_given(world: World) -> None:
    """Else the id of the invocation: the same key is one effect at the other side."""
    council(world, answer=True)
    line = "/test run --suite smoke --environment staging"
    keyed = [replace(world.invocation(line, "dana"), key="release-1") for _ in "ab"]
    plain = world.invocation(line, "dana")

    for invocation in (*keyed, plain):
        assert "success" == (await world.dispatcher.run(invocation)).result

    assert ["release-1", correlation(plain.delivery)] == [
        each.key for each in world.providers.invoked
    ]
