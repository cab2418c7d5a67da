"""Ways around the policy that somebody would try, each of them shut."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import World

AGAINST_ONE = {"who": "person:dana", "permission": "/deploy", "service": "refinory-api"}
FOR_ONE = {"who": "role:developer", "permission": "/deploy", "service": "refinory-api"}


async def test_a_deny_on_one_service_is_not_avoided_by_naming_none(
    world: World, law: Callable[..., None]
) -> None:
    """Deploying everything would deploy that service as well; others may be deployed alone."""
    law(denies=[AGAINST_ONE])

    everything = await world.run("/deploy staging v1.4.0", "dana")
    forbidden = await world.run("/deploy staging v1.4.0 refinory-api", "dana")
    another = await world.run("/deploy staging v1.4.0 event-gateway", "dana")

    assert ["denied", "denied", "success"] == [
        each.result for each in (everything, forbidden, another)
    ]
    assert ["deny person:dana /deploy on refinory-api"] * 2 == [
        conclusion.rule.partition(" (")[0] for _, conclusion in world.journal.conclusions[:2]
    ]
    assert 1 == len(world.pipelines.dispatched)


async def test_whoever_may_deploy_one_service_cannot_deploy_all(
    world: World, law: Callable[..., None]
) -> None:
    """A grant for one service is not a grant for a line that names none."""
    law(grants=[FOR_ONE])

    everything = await world.run("/deploy staging v1.4.0", "devi")
    own = await world.run("/deploy staging v1.4.0 refinory-api", "devi")

    assert ["denied", "success"] == [everything.result, own.result]
    assert [{"environment": "staging", "tag": "v1.4.0", "service": "refinory-api"}] == [
        each.inputs for each in world.pipelines.dispatched
    ]


async def test_a_deny_of_one_service_hides_it_from_the_overview_and_no_other(
    world: World, law: Callable[..., None]
) -> None:
    """A read that names none shows what is left."""
    law(denies=[{"who": "person:dana", "permission": "/status", "service": "refinory-api"}])

    outcome = await world.run("/status", "dana")

    shown = {each["service"] for each in outcome.reply.data["services"]}
    assert set(world.discovery.services) - {"refinory-api"} == shown


async def test_the_default_environment_is_judged_like_a_named_one(
    world: World, law: Callable[..., None]
) -> None:
    """Leaving the environment out is no way into production."""
    law(denies=[{"who": "person:dana", "permission": "/scale", "environment": "production"}])

    left_out = await world.run("/scale event-gateway 3", "dana")
    named = await world.run("/scale event-gateway 3 production", "dana")
    elsewhere = world.dispatcher.view(world.invocation("/help", "dana"))

    assert ["denied", "denied"] == [left_out.result, named.result]
    raw = {"service": "event-gateway", "replicas": 3, "env": "staging"}
    assert elsewhere.decide("scale", raw).allowed


@pytest.mark.parametrize(
    "env",
    [
        "produсtion",  # a Cyrillic letter
        "Production", "production ", " production", "production\u200b", "production\x00", "-", "*",
        "prod*", "stag\u0131ng", "staging\nproduction", "\uff53taging", "../production", "",
    ],
)  # fmt: skip
async def test_no_spelling_of_an_environment_slips_past_the_guard(
    world: World, law: Callable[..., None], env: str
) -> None:
    """Look-alikes, patterns, blanks and control characters name nothing that exists."""
    law(denies=[{"who": "person:dana", "permission": "/deploy", "environment": "production"}])
    raw: dict[str, Any] = {"env": env, "tag": "v1.4.0"}

    outcome = await world.dispatcher.run(world.asked("deploy", raw, world.caller("dana")))

    assert outcome.result in ("invalid", "denied")
    assert [] == world.pipelines.dispatched


@pytest.mark.parametrize(
    ("platform", "user", "groups"),
    [
        ("discord", "oli role:admin", frozenset()),
        ("discord", "300000000000000008", frozenset({"admin", "role:admin", "Admin", "*"})),
        ("discord", "300000000000000008", frozenset({"２００００００００００００００００１"})),
        ("discord", "300000000000000001\n", frozenset()),
        ("telegram", "7000001 ", frozenset()),
        ("telegram", "७०००००१", frozenset()),
        ("telegram", "07000001", frozenset()),
        ("telegram", "user:7000001", frozenset()),
        ("cli", "Alex", frozenset()),
        ("cli", "alex\x00", frozenset()),
        ("cli", "person:alex", frozenset()),
        ("cli", "role:admin", frozenset()),
        ("cli", "telegram:user:7000001", frozenset()),
        ("cli", "*", frozenset()),
        ("cli", "-", frozenset()),
        ("cli", "", frozenset()),
        ("cli", "аlex", frozenset()),
        ("gateway", "alex", frozenset()),
        ("gateway", "github role:admin", frozenset()),
    ],
)
async def test_nobody_becomes_somebody_by_the_spelling_of_an_account(
    world: World, platform: Any, user: str, groups: frozenset[str]
) -> None:
    """Accounts are compared to the letter, role ids are ids, names of roles mean nothing."""
    caller = world.policy.directory.resolve(
        platform, user, name="alex", channel="#deployments", groups=groups
    )

    outcome = await world.dispatcher.run(
        world.asked("scale", {"service": "event-gateway", "replicas": 3}, caller)
    )

    assert not caller.known
    assert outcome.result == "denied"
    assert [] == world.operations.ran


async def test_a_display_name_or_a_channel_name_is_no_claim(world: World) -> None:
    """Whatever people call themselves or their rooms, only the account counts."""
    for name, channel in (("alex", "role:admin"), ("role:admin", "*"), ("@admin", "#deployments")):
        caller = world.policy.directory.resolve(
            "discord", "300000000000000008", name=name, channel=channel
        )
        outcome = await world.dispatcher.run(
            world.asked("scale", {"service": "event-gateway", "replicas": 3}, caller)
        )
        assert outcome.result == "denied"


async def test_the_webhooks_cannot_do_what_people_do_nor_people_what_webhooks_do(
    world: World,
) -> None:
    """Each door has its commands; an administrator cannot forge an alert."""
    forged = world.asked("alert", {"alerts": []}, world.caller("alex"))
    scale = {"service": "event-gateway", "replicas": 3}

    from_chat = await world.dispatcher.run(forged)
    from_webhook = await world.webhook("scale", "github", scale)

    assert ["invalid", "invalid"] == [from_chat.result, from_webhook.result]
    assert ["invalid", "invalid"] == world.journal.results()
