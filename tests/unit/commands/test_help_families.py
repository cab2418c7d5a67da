"""What people read of families: help, whoami, and refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from rbac.policy_file import PolicyFile

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

POLICY = """roles:
  dev: {permissions: [/help, /whoami, /infra scale]}
members:
  devi: {roles: [dev], accounts: {telegram: "7000003"}}
  dana: {roles: [dev], accounts: {telegram: "7000002"}}
grants:
  - {who: person:dana, permission: /infra deploy}
"""


@pytest.fixture
def world(world: World, tmp_path: Path) -> World:
    """A core whose policy knows two verbs of a family."""
    file = tmp_path / "policy.yml"
    file.write_text(POLICY)
    world.dispatcher.admission.guard = PolicyFile(file, {}, world.clock).guard
    return world


async def test_help_names_a_family_once_with_the_verbs_one_may(world: World) -> None:
    """Nothing is listed that would be refused everywhere."""
    few = await world.run("/help", "devi")
    more = await world.run("/help", "dana")

    assert few.reply.plain is not None
    assert more.reply.plain is not None
    assert "/infra <verb> - scale" in few.reply.plain.lines
    assert "/infra <verb> - deploy, scale" in more.reply.plain.lines
    assert len(few.reply.plain.lines) == 3


async def test_help_of_a_family_lists_usage_and_what_is_withheld(world: World) -> None:
    """Every verb is named, whoever may run it."""
    told = await world.run("/help infra", "dana")
    usages = {each["name"]: each["usage"] for each in told.reply.data["commands"]}

    assert usages["infra deploy"].startswith("/infra deploy [component]")
    assert told.reply.tone == "ok"
    assert "/infra rollback" in told.reply.data["withheld"]
    assert not {"/infra deploy", "/infra scale"} & set(told.reply.data["withheld"])


async def test_help_of_a_family_that_one_may_not_use_says_so(world: World) -> None:
    """It leads to what one may do."""
    told = await world.run("/help orchestrate", "devi")

    assert told.reply.tone == "off"
    assert [action.command for action in told.reply.actions] == ["whoami"]
    assert told.reply.plain is not None
    assert "/orchestrate alone means /orchestrate run." in told.reply.plain.lines


@pytest.mark.parametrize("typed", ["infra deploy", "/infra deploy", "infra_deploy"])
async def test_help_of_a_verb_says_who_may_run_that_verb(world: World, typed: str) -> None:
    """Not who may run the rest of its family."""
    deploy = await world.run(f"/help {typed}", "dana")
    scale = await world.run("/help infra scale", "dana")

    people = [f.value for b in deploy.reply.blocks if b.kind == "facts" for f in b.facts]
    assert "dana" in people
    assert scale.reply.data["roles"] == ["dev"]
    assert deploy.reply.data["roles"] == []


@pytest.mark.parametrize("typed", ["orchestrate mend", "/orchestrate mend"])
async def test_help_explains_what_is_offered_by_buttons_alone(world: World, typed: str) -> None:
    """It is named in answers and in the audit log, so it can be asked for; no list has it."""
    told = await world.run(f"/help {typed}", "dana")
    family = await world.run("/help orchestrate", "dana")

    assert told.result == "success"
    assert told.reply.data["name"] == "orchestrate mend"
    assert told.reply.data["usage"].startswith("/orchestrate mend ")
    named = [each["name"] for each in family.reply.data["commands"]]
    assert "orchestrate mend" not in named


async def test_whoami_names_a_family_with_the_verbs_one_may(world: World) -> None:
    """Programs read the whole names."""
    told = await world.run("/whoami", "dana")

    assert told.reply.plain is not None
    assert "May run: /help, /infra (deploy, scale), /whoami" in told.reply.plain.lines
    assert told.reply.data["commands"] == ["help", "infra deploy", "infra scale", "whoami"]


async def test_a_denial_names_the_verb_and_who_may(world: World) -> None:
    """Another verb of the same family is no way round."""
    service = next(iter(world.discovery.services))
    asked = world.asked(
        "infra deploy", {"component": service}, world.caller("devi"), door="telegram"
    )

    denied = await world.dispatcher.run(asked)

    assert denied.result == "denied"
    assert denied.reply.title == "/infra deploy was not done."
    assert "dana" in denied.reply.data["do"]


async def test_completion_of_help_offers_families_and_their_verbs(world: World) -> None:
    """Only such as the caller may run."""
    view = world.dispatcher.view(world.asked("help", {}, world.caller("devi")))

    assert await view.complete("help", "command", "inf", {}) == ("infra", "infra scale")
