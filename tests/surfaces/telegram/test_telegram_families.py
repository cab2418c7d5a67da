"""Families on Telegram: a menu without spaces, lines with and without a verb."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.surfaces.telegram.conftest import Phone


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("/infra", "See /help infra."),
        ("/infra deply --component api", "Did you mean /infra deploy?"),
        ("/orchestrate rnu --playbook x", "Did you mean /orchestrate run?"),
    ],
)
async def test_a_family_of_ours_is_answered_among_others(live: Phone, line: str, told: str) -> None:
    """A bare word is a verb: nothing is started by a slip, not even in a group with other bots."""
    answer = await live.ask("alex", line)

    assert told in answer.text
    assert "was not run" in answer.text


async def test_the_menu_spells_verbs_with_an_underscore(live: Phone) -> None:
    """What is chosen there reaches the command."""
    menu = [each["command"] for rows in live.emulator.commands.values() for each in rows]
    answer = await live.ask("alex", "/infra_switch")

    assert {"infra_deploy", "orchestrate_run"} <= set(menu)
    assert "/infra switch was not run." in answer.text
    assert "from: needed" in answer.text
