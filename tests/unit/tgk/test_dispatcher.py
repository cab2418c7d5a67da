"""The one door: what is recorded, refused, asked and done, in which order."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from tgk.errors import UnknownCommand
from tgk.ports.board import Place
from tgk.recording import correlation
from tgk.testing.pipelines import FAILED

if TYPE_CHECKING:
    from tests.conftest import World


async def test_a_viewer_is_refused_with_the_role_that_would_do_and_nothing_happens(
    world: World,
) -> None:
    """The refusal names the roles needed and held, and it is recorded."""
    outcome = await world.run("/deploy staging v1.4.0", "vik")

    assert outcome.result == "denied"
    assert outcome.reply.private
    assert "release_mgr" in str(outcome.reply.data["why"])
    assert "viewer" in str(outcome.reply.data["why"])
    assert [] == world.pipelines.dispatched
    assert ["denied"] == world.journal.results("/deploy")


async def test_a_release_manager_deploys_and_the_end_is_mirrored(world: World) -> None:
    """The twin of the refusal: intent first, one dispatch, outcome, reports on both platforms."""
    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "success"
    assert 1 == len(world.pipelines.dispatched)
    assert ["success"] == world.journal.results("/deploy")
    corr = correlation("test:1")
    assert {f"op:{corr}:#deployments", f"op:{corr}:council"} <= set(world.board.keys)
    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline == "Deploying v1.4.0 to staging"
    assert outcome.reply.plain.lines[0] == "Triggered workflow: deploy-staging-1001"


async def test_a_step_of_a_playbook_is_not_mirrored(world: World) -> None:
    """Its run tells it; the effect and the records are those of anybody's command."""
    raw = {"env": "staging", "tag": "v1.4.0", "service": "event-gateway"}
    invocation = world.asked("deploy", raw, world.caller("dana"), door="playbook", confirmed=True)

    outcome = await world.dispatcher.run(invocation)

    assert outcome.result == "success"
    assert 1 == len(world.pipelines.dispatched)
    assert ["success"] == world.journal.results("/deploy")
    assert not [key for key in world.board.keys if key.endswith((":#deployments", ":council"))]


async def test_the_intent_is_recorded_before_the_effect(world: World) -> None:
    """When the log cannot be written, the change is refused and not begun."""
    world.journal.broken = "disk full"

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "unavailable"
    assert [] == world.pipelines.dispatched


async def test_reads_go_on_while_the_log_cannot_be_written(world: World) -> None:
    """An answer that changes nothing is given all the same."""
    world.journal.broken = "disk full"

    outcome = await world.run("/whoami", "vik")

    assert outcome.result == "success"


async def test_an_unknown_command_suggests_one_and_is_recorded(world: World) -> None:
    """A typo is answered with the name meant."""
    invocation = world.asked("statsu", {}, world.caller("vik"))

    outcome = await world.dispatcher.run(invocation)

    assert outcome.result == "invalid"
    assert "/status" in outcome.reply.data["do"]
    assert ["invalid"] == world.journal.results("/statsu")


async def test_a_service_that_does_not_exist_suggests_one(world: World) -> None:
    """Names of the estate are checked for every command alike."""
    outcome = await world.run("/status event-gatway", "vik")

    assert outcome.result == "invalid"
    assert "event-gateway" in outcome.reply.data["do"]


async def test_every_fault_of_the_arguments_is_named_at_once(world: World) -> None:
    """Two wrong options give two lines, and the usage."""
    raw = {"service": "event-gateway", "replicas": "many", "nonsense": 1}

    outcome = await world.dispatcher.run(world.asked("scale", raw, world.caller("dana")))

    assert outcome.result == "invalid"
    assert "replicas" in outcome.reply.data["why"]
    assert "nonsense" in outcome.reply.data["why"]
    assert "/scale <service> <replicas>" in outcome.reply.data["do"]


async def test_a_repeated_delivery_joins_the_first(world: World) -> None:
    """The same update twice deploys once and answers the same."""
    first = await world.run("/deploy staging v1.4.0", "dana", delivery="telegram:7")
    second = await world.run("/deploy staging v1.4.0", "dana", delivery="telegram:7")

    assert first == second
    assert 1 == len(world.pipelines.dispatched)


async def test_another_request_under_the_same_delivery_is_refused(world: World) -> None:
    """Neither the end of the first nor a second change comes of it, whoever asks."""
    await world.run("/deploy staging v1.4.0", "dana", delivery="telegram:1")

    older = await world.run("/deploy staging v1.3.0", "dana", delivery="telegram:1")
    foreign = await world.run("/deploy staging v1.4.0", "vik", delivery="telegram:1")

    assert ["Conflict", "Conflict"] == [each.reply.data["error"] for each in (older, foreign)]
    assert 1 == len(world.pipelines.dispatched)


async def test_a_protected_environment_is_confirmed_first(world: World) -> None:
    """Without a confirmation nothing is started and nobody else is asked."""
    outcome = await world.run("/deploy production v1.4.0", "dana")

    assert outcome.result == "pending"
    assert outcome.reply.private
    assert [True] == [action.confirms for action in outcome.reply.actions]
    assert [] == world.pipelines.dispatched
    assert () == world.approvals.asked


async def test_a_protected_deployment_waits_for_the_council(world: World) -> None:
    """Confirmed, it goes on only after somebody else said yes."""
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "dana", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)
    question = world.approvals.asked[0]

    assert [] == world.pipelines.dispatched
    voted = await world.run(f"/approve {question.id}", "ana")
    outcome = await running

    assert voted.result == "success"
    assert outcome.result == "success"
    assert 1 == len(world.pipelines.dispatched)


async def test_the_one_who_asked_cannot_approve(world: World) -> None:
    """Even an administrator's own deployment needs another person."""
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "alex", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)
    question = world.approvals.asked[0]

    refused = await world.run(f"/approve {question.id}", "alex")
    denied = await world.run(f"/deny {question.id} not today", "ben")
    outcome = await running

    assert refused.result == "denied"
    assert denied.result == "success"
    assert outcome.result == "denied"
    assert [] == world.pipelines.dispatched


async def test_a_policy_that_changed_meanwhile_voids_the_approval(world: World) -> None:
    """What was approved is bound to the policy that it was asked under."""
    running = asyncio.ensure_future(world.run("/deploy production v1.4.0", "dana", confirmed=True))
    while not world.approvals.asked:
        await asyncio.sleep(0)
    policy = yaml.safe_load(world.policy.path.read_text())
    world.policy.path = _copy(yaml.safe_dump({**policy, "everyone": ["/help"]}))
    world.policy.reload()

    await world.run(f"/approve {world.approvals.asked[0].id}", "ana")
    outcome = await running

    assert outcome.result == "denied"
    assert "changed" in outcome.reply.data["why"]
    assert [] == world.pipelines.dispatched


def _copy(text: str) -> Path:
    folder = Path(tempfile.mkdtemp())
    (folder / "policy.yml").write_text(text)
    return folder / "policy.yml"


async def test_a_failed_workflow_is_a_failure_with_a_way_back(world: World) -> None:
    """The end says which job failed, and is recorded as failed."""
    world.pipelines.states = FAILED

    outcome = await world.run("/deploy staging v1.4.0", "dana")

    assert outcome.result == "failure"
    assert outcome.reply.tone == "bad"
    assert "deploy" in outcome.reply.plain.lines[2] if outcome.reply.plain else False


async def test_a_locked_environment_refuses_before_anything_is_asked(world: World) -> None:
    """The reason and the holder stand in the refusal."""
    await world.run("/lock staging database migration", "dana")

    outcome = await world.run("/deploy staging v1.4.0", "alex")

    assert outcome.result == "denied"
    assert "database migration" in outcome.reply.data["why"]
    assert "dana" in outcome.reply.data["what"]
    assert [] == world.pipelines.dispatched


async def test_progress_is_kept_where_the_change_was_asked(world: World) -> None:
    """The board holds one message for the operation, and its last state is the end."""
    origin = Place(platform="telegram", room="council")

    outcome = await world.run("/deploy staging v1.4.0", "dana", origin=origin)

    key = f"op:{correlation('test:1')}"
    assert outcome.reply == world.board.last(key)
    assert any(reply.tone == "running" for reply in world.board.of(key))


async def test_a_fault_of_ours_is_recorded_and_tells_nothing_inside(world: World) -> None:
    """The asker gets an id; the exception's text stays in the log."""
    world.library.search = None  # type: ignore[assignment,method-assign]

    outcome = await world.run("/ask what is the strategy for valoryield", "devi")

    assert outcome.result == "failure"
    assert "NoneType" not in outcome.reply.model_dump_json()
    assert ["failure"] == world.journal.results("/ask")


async def test_one_person_cannot_drown_the_others(world: World) -> None:
    """After a minute's worth of commands the next one is told when to come back."""
    results = [(await world.run("/whoami", "vik")).result for _ in range(61)]

    assert ["success"] * 60 == results[:60]
    assert results[60] == "denied"
    assert (await world.run("/whoami", "dana")).result == "success"


async def test_completion_offers_only_what_may_be_run(world: World) -> None:
    """A viewer sees no environments to deploy to; a release manager sees them all."""
    for person, expected in (("vik", ()), ("dana", ("staging",))):
        view = world.dispatcher.view(world.asked("deploy", {}, world.caller(person)))

        assert expected == await view.complete("deploy", "env", "stag", {})


async def test_tags_are_completed_newest_first(world: World) -> None:
    """The build system's order is kept."""
    view = world.dispatcher.view(world.asked("deploy", {}, world.caller("dana")))

    assert ("v1.4.0", "v1.3.0", "v1.2.3") == await view.complete(
        "deploy", "tag", "v", {"env": "staging"}
    )


async def test_a_webhook_cannot_run_a_chat_command_nor_a_person_a_webhook(world: World) -> None:
    """Doors are part of a command."""
    from_chat = await world.dispatcher.run(world.asked("alert", {}, world.caller("alex")))
    from_web = await world.webhook("status", "alertmanager", {})

    assert "invalid" == from_chat.result == from_web.result


async def test_a_step_of_a_service_is_done_through_the_door_it_came_by(world: World) -> None:
    """A playbook that a webhook started may change things, although no webhook may by itself."""
    source = world.policy.directory.resolve("gateway", "github", name="github", channel="-")
    caller = source.model_copy(update={"principals": world.caller("dana").principals})
    raw = {"env": "staging", "reason": "a release"}

    step = await world.dispatcher.run(world.asked("lock", raw, caller, door="playbook"))
    direct = await world.dispatcher.run(world.asked("lock", raw, caller, door="gateway"))

    assert ("success", "invalid") == (step.result, direct.result)


async def test_without_a_council_a_protected_change_is_refused(world: World) -> None:
    """Nobody to ask means no, whatever the configuration forgot."""
    world.discovery.__dict__["telegram"] = None

    outcome = await world.run("/deploy production v1.4.0", "dana", confirmed=True)

    assert outcome.result == "denied"
    assert [] == world.pipelines.dispatched


async def test_a_line_nobody_could_read_is_recorded(world: World) -> None:
    """A surface hands over what it got, and answers what the door says."""
    invocation = world.asked("stauts", {"line": "stauts --what"}, world.caller("vik"))

    outcome = await world.dispatcher.refuse(invocation, UnknownCommand("stauts", ["status"]))

    assert outcome.result == "invalid"
    assert ["invalid"] == world.journal.results("/stauts")


async def test_a_preview_says_at_once_what_will_be_private(world: World) -> None:
    """Refusals and questions are private, public changes are kept on the board."""
    seen = {
        line: world.dispatcher.preview(world.invocation(line, person))
        for line, person in (
            ("/status", "vik"),
            ("/deploy staging v1.4.0", "vik"),
            ("/deploy staging v1.4.1", "dana"),
            ("/deploy production v1.4.0", "dana"),
            ("/approve x1", "ana"),
        )
    }

    assert [(False, False), (True, False), (False, True), (True, False), (True, False)] == [
        (preview.private, preview.change) for preview in seen.values()
    ]
