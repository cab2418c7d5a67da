"""Every verb of ``/orchestrate`` with every option, as a slash command and after a mention."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.surfaces.verbs import CASES, asked, furnish, understood

if TYPE_CHECKING:
    from tests.surfaces.orchestrate.conftest import Guild


async def test_every_option_works_as_a_slash_command(guild: Guild) -> None:
    """Each is an option of the platform, with the type that it has."""
    wrong = []
    for case in CASES:
        await furnish(guild.world, guild.world.dispatcher, case)
        given = {name.strip("_"): value for name, value in case.options.items()}
        await guild.dana.slash(guild.channel, case.name, **given)
        found = asked(guild.world, case)
        if found != (understood(guild.world, case), case.result):
            wrong.append((str(case), found))

    assert wrong == []


async def test_every_option_works_after_a_mention(guild: Guild) -> None:
    """Typed as in any other chat."""
    wrong = []
    for case in CASES:
        await furnish(guild.world, guild.world.dispatcher, case)
        await guild.dana.send(guild.channel, f"<@{guild.env.bot.user.id}> {case.text}")
        found = asked(guild.world, case)
        if found != (understood(guild.world, case), case.result):
            wrong.append((str(case), found))

    assert wrong == []
