"""Playbooks in Discord: a slash command, a typed line, and a form for what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.surfaces.orchestrate.conftest import Guild

BOOK = "deploy-web-app"


async def test_a_run_is_started_by_a_slash_command(guild: Guild) -> None:
    """Pairs come as one text; the card is kept in the channel."""
    await guild.dana.slash(
        guild.channel, "orchestrate run", playbook=BOOK, parameters="version=v1.4.0, watch=60",
        environment="staging", checkpoint=True,
    )  # fmt: skip

    [asked] = guild.runs.requests
    assert asked.parameters == {"version": "v1.4.0", "watch": "60"}
    assert (asked.environment, asked.checkpoint) == ("staging", True)
    assert "deploy-web-app succeeded" in guild.ends


@pytest.mark.parametrize(
    "line",
    [
        f"orchestrate run --playbook {BOOK} --parameters version=v1.4.0 watch=60",
        f"/orchestrate --playbook {BOOK} --parameters 'version=v1.4.0 watch=60'",
    ],
)
async def test_a_run_is_started_by_a_mention(guild: Guild, line: str) -> None:
    """With its verb, or without: run is what the family alone means."""
    await guild.dana.send(guild.channel, f"<@{guild.env.bot.user.id}> {line}")

    assert guild.runs.requests[0].parameters == {"version": "v1.4.0", "watch": "60"}
    assert "deploy-web-app succeeded" in guild.ends


async def test_what_is_missing_is_asked_for_in_a_form(guild: Guild) -> None:
    """A field for each parameter, with its words; what was given stays."""
    refused = await guild.dana.slash(
        guild.channel, "orchestrate run", playbook=BOOK, parameters="watch=60"
    )
    form = await guild.dana.click(refused.followups[0], label="Fill in version")
    [field] = form.modal["components"]
    await guild.dana.submit_modal(form, {"parameters.version": "v1.4.0"})

    assert refused.followups[0].ephemeral
    assert field["label"] == "Version"
    assert field["description"] == "What to deploy, such as v1.4.0"
    assert guild.runs.requests[0].parameters == {"watch": "60", "version": "v1.4.0"}


@pytest.mark.parametrize(
    ("line", "label", "fields"),
    [
        (f"orchestrate run --playbook {BOOK}", "Fill in version", {"parameters.version": "v1.4.0"}),
        ("orchestrate run --checkpoint", "Fill in playbook", {"playbook": "daily-backup"}),
    ],
)
async def test_what_a_mention_lacks_is_asked_for_in_a_form(
    guild: Guild, line: str, label: str, fields: dict[str, str]
) -> None:
    """Beneath the text that says it; what was typed stays."""
    await guild.dana.send(guild.channel, f"<@{guild.env.bot.user.id}> {line}")
    refused = guild.channel.last_message
    form = await guild.dana.click(refused, label=label)
    await guild.dana.submit_modal(form, fields)

    [asked] = guild.runs.requests
    assert "needed" in refused.content
    assert asked.playbook == fields.get("playbook", BOOK)
    assert asked.parameters.get("version") == fields.get("parameters.version")
    assert asked.checkpoint == ("checkpoint" in line)


async def test_a_playbook_is_built_by_forms(guild: Guild) -> None:
    """A step is added, its own form is filled in with what it says, and it is moved and undone."""
    shelf, channel = guild.world.playbooks, guild.channel

    async def press(label: str, **filled: str) -> Any:
        """Press a button of the newest card, and fill in its form."""
        reply = guild.world.board.shows[-1].reply
        action = next(each for each in reply.actions if each.label == label)
        presented = await guild.presenter.present(reply.model_copy(update={"actions": (action,)}))
        sent = await guild.client_channel.send(view=presented.view, files=presented.files)
        clicked = await guild.dana.click(sent, label=label)
        if filled:
            await guild.dana.submit_modal(clicked, filled)
        return clicked

    await guild.dana.slash(channel, "orchestrate create", name="mine", interactive=True)
    await press("Add a wait…", step="rest", what="5m")
    await press("Change 2: rest")
    form = await press("Edit…", step="rest", what="7m")
    edited = (await shelf.source("mine")).text
    await press("Change 2: rest")
    await press("Move up")
    moved = (await shelf.source("mine")).text
    await press("Undo")

    fields = {each["component"]["custom_id"]: each for each in form.modal["components"]}
    assert fields["what"]["component"]["value"] == "5m"
    assert fields["what"]["description"] == "how long, such as 5m"
    assert "for: 7m" in edited
    assert moved.index("rest") < moved.index("look-first")
    assert (await shelf.source("mine")).text == edited


async def test_playbooks_are_offered_while_somebody_types(guild: Guild) -> None:
    """By their names."""
    found = await guild.dana.autocomplete(guild.channel, "orchestrate run", "playbook", "daily")

    assert [each["value"] for each in found] == ["daily-backup"]


FILE = b"name: nightly\nsteps:\n  - {name: look, command: /monitor health}\n"


async def test_a_file_is_imported_as_an_attachment(guild: Guild) -> None:
    """Of a slash command, or of a line after a mention."""
    me = guild.env.bot.user.id
    await guild.dana.slash(guild.channel, "orchestrate library", **{"import": ("a.yml", FILE)})
    first = (await guild.world.playbooks.source("nightly")).text
    for line in ("orchestrate library --replace --import", "orchestrate import --replace nightly"):
        changed = FILE.replace(b"look", line.split()[1].encode())
        await guild.dana.send(guild.channel, f"<@{me}> {line}", attachments=[("a.yml", changed)])
        assert (await guild.world.playbooks.source("nightly")).text.encode() == changed

    assert first.encode() == FILE


@pytest.mark.parametrize(
    ("content", "told"), [(b"\xff", "no text in UTF-8"), (b"#" * 262145, "larger than 256 KiB")]
)
async def test_an_attachment_that_is_no_text_is_refused(
    guild: Guild, content: bytes, told: str
) -> None:
    """To the asker alone, and it is recorded."""
    result = await guild.dana.slash(
        guild.channel, "orchestrate library", **{"import": ("a.yml", content)}
    )

    assert result.ephemeral
    assert told in str(result.response.message.components[0].to_dict())
    assert guild.world.journal.results("/orchestrate library") == ["invalid"]
