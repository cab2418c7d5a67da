"""The Discord door as people use it: typed, pressed, filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tgk.recording import correlation

if TYPE_CHECKING:
    from conftest import World


async def test_a_read_answers_in_the_channel(world: World) -> None:
    """Everybody sees the card, and the attempt is on record with its channel."""
    result = await world.people["devi"].slash(world.channel, "status", service="api")

    assert "### 🟢 api · production" in world.text(result.response)
    assert not result.ephemeral
    assert world.journal.results("/status") == ["success"]
    assert world.directory.seen[-1].channel == "#deployments"


async def test_roles_of_the_guild_reach_the_guard(world: World) -> None:
    """The platform vouches for role ids, and only those are passed on."""
    await world.people["dana"].slash(world.channel, "status", service="api")

    held = [name for name in world.directory.seen[-1].principals if "role" in name]
    role = world.guild.roles["ReleaseMgr"].id
    assert f"discord:role:{role}" in held


async def test_a_denial_is_only_for_the_asker(world: World) -> None:
    """Who may not do it reads why, and nobody else does; its twin goes through."""
    refused = await world.people["devi"].slash(world.channel, "ship", env="staging", tag="v1")
    allowed = await world.people["dana"].slash(world.channel, "ship", env="staging", tag="v1")

    assert refused.ephemeral
    assert "needs" in world.text(refused.response)
    assert not allowed.ephemeral
    assert world.journal.results("/ship") == ["denied", "success"]


async def test_a_private_answer_stays_private(world: World) -> None:
    """A command that whispers answers ephemerally."""
    result = await world.people["devi"].slash(world.channel, "secret")

    assert result.ephemeral
    assert "You are devi" in world.text(result.response)


async def test_an_unknown_service_gets_a_suggestion_in_private(world: World) -> None:
    """A typing mistake bothers nobody else."""
    result = await world.people["devi"].slash(world.channel, "status", service="aple")

    assert result.ephemeral
    assert "Did you mean apple" in world.text(result.response)


async def test_options_keep_their_types_and_order(world: World) -> None:
    """Required options come first; choices and bounds are the command's own."""
    entries = {entry.name: entry for entry in world.env.bot.tree.get_commands(guild=world.guild)}
    payload = entries["ship"].to_dict(world.env.bot.tree)
    shown = {each["name"]: each for each in entries["lines"].to_dict(world.env.bot.tree)["options"]}

    assert [each["name"] for each in payload["options"]] == ["env", "tag", "note"]
    assert [each["required"] for each in payload["options"]] == [True, True, False]
    assert (shown["tail"]["min_value"], shown["tail"]["max_value"]) == (1, 5000)
    assert [each["value"] for each in shown["level"]["choices"]] == ["info", "warn"]
    assert shown["service"]["autocomplete"]


async def test_a_name_with_a_space_is_a_group(world: World) -> None:
    """``book run`` is a sub-command with a boolean."""
    result = await world.people["dana"].slash(world.channel, "book run", dry_run=True)

    assert "dry True" in world.text(result.response)


async def test_completion_offers_what_the_asker_may_use(world: World) -> None:
    """Values come from the estate; somebody without the right gets none."""
    dana, devi = world.people["dana"], world.people["devi"]

    offered = await dana.autocomplete(world.channel, "status", "service", "ap")
    none = await devi.autocomplete(world.channel, "ship", "env", "")

    assert [choice["value"] for choice in offered] == ["api", "apple"]
    assert none == []


async def test_a_change_lives_in_one_message_that_the_board_keeps(world: World) -> None:
    """The card stands at once and belongs to the board, which shows progress and end."""
    result = await world.people["dana"].slash(world.channel, "ship", env="staging", tag="v1")

    corr = world.operations.ran[0].corr
    kept = await world.board.ref(f"op:{corr}")
    assert kept is not None
    assert (kept.channel, kept.message) == (str(world.channel.id), str(result.response.id))
    assert [reply.title for reply in world.board.of(f"op:{corr}")] == ["Shipping", "Shipped v1 "]
    assert world.operations.ran[0].origin.room == "#deployments"


async def test_a_change_that_asks_first_is_confirmed_once(world: World) -> None:
    """The question is private; its press closes it and starts one public change."""
    asked = await world.people["dana"].slash(world.channel, "ship", env="production", tag="v1")
    question = asked.response.message

    pressed = await world.people["dana"].click(question, label="Do it")

    assert asked.ephemeral
    assert len(world.operations.ran) == 1
    assert not pressed.followups[0].ephemeral
    assert world.journal.results("/ship") == ["pending", "success"]


async def test_whoever_lacks_the_right_asks_the_council_from_the_refusal(world: World) -> None:
    """The private refusal closes with the press, and the change goes on for all to see."""
    refused = await world.people["devi"].slash(world.channel, "ship", env="production", tag="v1")

    pressed = await world.people["devi"].click(refused.response.message, label="Ask for approval")

    assert refused.ephemeral
    assert "The council is asked about /ship." in world.text(refused.response)
    assert not pressed.followups[0].ephemeral
    assert ["v1"] == [each.raw["tag"] for each in world.operations.ran]
    assert ["denied", "success"] == world.journal.results("/ship")


async def test_a_double_click_runs_once(world: World) -> None:
    """A second press that was already under way finds the first."""
    dana = world.people["dana"]
    asked = await dana.slash(world.channel, "ship", env="production", tag="v1")
    token = _custom_ids(asked.response.components)[0]
    delivery = f"discord:{asked.response.id}:{token}"
    await world.board.adopt(
        f"op:{correlation(delivery)}", *_elsewhere(world)
    )  # the first press, on its way

    again = await dana.click(asked.response.message, label="Do it")

    assert world.operations.ran == []
    assert again.ephemeral
    assert "under way" in world.text(again.response)


async def test_only_the_named_person_may_press(world: World) -> None:
    """A button for one is refused to others, in private."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")

    refused = await world.people["dana"].click(card.response.message, label="Mine")
    allowed = await world.people["devi"].click(card.response.message, label="Mine")

    assert refused.ephemeral
    assert "only for devi" in world.text(refused.response)
    assert "You are devi" in world.text(allowed.response)
    assert world.journal.results() == ["success", "denied", "success"]


async def test_a_press_is_checked_like_a_typed_command(world: World) -> None:
    """A button on a public card gives nobody a right they lack."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")

    form = await world.people["devi"].click(card.response.message, label="Ship…")
    refused = await world.people["devi"].submit_modal(form, {"tag": "v9"})

    assert refused.ephemeral
    assert world.operations.ran == []
    assert world.journal.results("/ship") == ["denied"]


async def test_a_form_asks_for_what_is_missing(world: World) -> None:
    """Fields come from the options; what is filled in joins what the button knew."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")

    form = await world.people["dana"].click(card.response.message, label="Ship…")
    await world.people["dana"].submit_modal(form, {"tag": "v9", "note": "by hand"})

    assert form.modal["title"] == "/ship"
    assert world.operations.ran[0].raw == {"env": "staging", "tag": "v9", "note": "by hand"}


async def test_a_menu_runs_what_is_chosen(world: World) -> None:
    """Actions that found no place as buttons work the same."""
    card = await world.people["dana"].slash(world.channel, "many")
    menu = next(each for each in _all(card.response.components) if each["type"] == 3)
    wanted = next(each for each in menu["options"] if each["label"] == "Show 17")

    result = await world.people["dana"].select(card.response.message, [wanted["value"]])

    assert "line 17 of None" in world.text(result.response)


async def test_an_engine_that_is_not_up_leaves_no_change_and_says_so(world: World) -> None:
    """The public card turns into what went wrong."""
    world.operations.bind(None)

    result = await world.people["dana"].slash(world.channel, "ship", env="staging", tag="v1")

    assert "did not answer" in world.text(result.response)
    assert world.board.shows == []


async def test_buttons_outlive_the_process(world: World) -> None:
    """A fresh client answers presses on messages that an earlier one sent."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")
    await world.env.restart_bot(world.surface.client())

    result = await world.people["devi"].click(card.response.message, label="Lines")

    assert "line 49 of None" in world.text(result.response)


async def test_an_expired_button_says_so(world: World) -> None:
    """Nothing happens silently."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")
    await world.clock.sleep(8 * 86400)

    result = await world.people["dana"].click(card.response.message, label="Lines")

    assert result.ephemeral
    told = world.text(result.response)
    assert "no longer works" in told
    assert "Its 7 days are over, and nothing was done." in told
    assert "Use /lines again." in told


async def test_a_late_confirmation_loses_its_button_and_says_why(world: World) -> None:
    """The question closes, its reader learns that the time is over, and nothing is started."""
    dana = world.people["dana"]
    asked = await dana.slash(world.channel, "ship", env="production", tag="v1")
    await world.clock.sleep(121)

    late = await dana.click(asked.response.message, label="Do it")

    closed = late.response
    assert "was not confirmed in time" in world.text(closed)
    assert _custom_ids(closed.components) == []
    (told,) = late.followups
    assert told.ephemeral
    assert "Its 2 minutes are over, and nothing was done." in world.text(told)
    assert world.operations.ran == []


async def test_the_guild_hears_of_commands_only_when_they_changed(world: World) -> None:
    """A restart with the same commands writes nothing."""
    before = _writes(world)
    await world.env.restart_bot(world.surface.client())
    unchanged = _writes(world)
    world.notes.values.clear()
    await world.env.restart_bot(world.surface.client())

    assert (before, unchanged, _writes(world)) == (1, 1, 2)


async def test_a_mention_runs_a_typed_line(world: World) -> None:
    """The wording is the one people script against."""
    me = world.env.bot.user.id
    await world.people["devi"].send(world.channel, f"<@{me}> status api")

    assert world.shown() == (
        "🧠 Sovereignty Architecture: status check\nService: api\nState: Running"
    )


async def test_a_typed_answer_says_test_mode(world: World) -> None:
    """Plain text has no card to carry the sign."""
    world.surface._desk.presenter.simulated = True

    await world.people["devi"].send(world.channel, f"<@{world.env.bot.user.id}> status api")

    assert world.shown().endswith("TEST MODE")


@pytest.mark.parametrize(
    ("line", "said"),
    [("stauts api", "Did you mean /status"), ("lines api --tial 5", "did you mean \\-\\-tail"),
     ("ship --env staging --tag v1", "needs")],
)  # fmt: skip
async def test_a_mention_that_cannot_run_says_why(world: World, line: str, said: str) -> None:
    """Mistakes and denials are answered where they were typed."""
    await world.people["devi"].send(world.channel, f"<@{world.env.bot.user.id}> {line}")

    assert said.replace("\\", "") in world.shown().replace("\\", "")


@pytest.mark.parametrize(
    "line",
    ["why is staging slow", "is anybody there", "what broke, and when?", "reboot it please",
     "state of staging?", "who shipped v1.4.0?"],
)  # fmt: skip
async def test_a_question_after_a_mention_is_asked(world: World, line: str) -> None:
    """Words that are no command are a question, also where they begin like a command's name."""
    await world.people["dana"].send(world.channel, f"<@{world.env.bot.user.id}>  {line} ")

    assert f"You asked: {line}" in world.shown()
    assert ["success"] == world.journal.results("/ask")


@pytest.mark.parametrize(
    ("who", "line"),
    [("dana", "stauts api now"), ("dana", "stat of api"), ("dana", "run it twice"),
     ("dana", "restart"), ("dana", "restart api --now"),
     ("dana", "/restart api"), ("devi", "why is staging slow")],
)  # fmt: skip
async def test_what_is_no_question_stays_unknown(world: World, who: str, line: str) -> None:
    """A slip of the name, one word, options, a slash, or somebody who may not ask."""
    await world.people[who].send(world.channel, f"<@{world.env.bot.user.id}> {line}")

    assert "There is no command" in world.shown()
    assert [] == world.journal.results("/ask")


async def test_a_long_typed_answer_comes_with_a_thread(world: World) -> None:
    """The message shows head and tail, the whole is in the thread's file."""
    me = world.env.bot.user.id
    await world.people["devi"].send(world.channel, f"<@{me}> lines api --tail 500")

    answer = next(each for each in world.channel.history() if "lines …" in each.content)
    whole = world.channel.threads[0].last_message.attachments[0]
    assert answer.content.startswith("📜 Lines\nline 0")
    assert (await whole.read()).decode().count("line ") == 500


async def test_a_typed_change_is_answered_by_the_board(world: World) -> None:
    """The card replies to the message that asked."""
    me = world.env.bot.user.id
    asked = await world.people["dana"].send(world.channel, f"<@{me}> ship --env staging --tag v2")

    assert world.operations.ran[0].origin.reply_to == str(asked.id)
    assert world.board.shows[-1].reply.title == "Shipped v2 "


async def test_people_talking_are_left_alone(world: World) -> None:
    """A mention in the middle of a sentence is no command."""
    me = world.env.bot.user.id
    await world.people["devi"].send(world.channel, f"ask <@{me}> about status")

    assert world.journal.conclusions == []


@pytest.mark.parametrize(
    ("name", "options"),
    [("lines", {"service": "apple"}), ("ship", {"env": "staging", "tag": "stale"})],
)
async def test_a_late_refusal_takes_the_public_message_back(
    world: World, name: str, options: dict[str, str]
) -> None:
    """What turns out to make no sense only after the acknowledgement still bothers nobody else."""
    result = await world.people["dana"].slash(world.channel, name, **options)

    assert result.response is None
    assert result.followups[0].ephemeral
    assert world.journal.results(f"/{name}") == ["invalid"]


async def test_progress_of_a_read_is_edited_into_its_answer(world: World) -> None:
    """The asker sees that it works, then the end, in one message."""
    result = await world.people["devi"].slash(world.channel, "lines", service="api", tail=3)

    edits = [each for each in world.env.http_requests if each.method == "PATCH"]
    assert "line 2 of None" in world.text(result.response)
    assert 1 <= len(edits) <= 2


async def test_a_typed_question_comes_with_its_buttons(world: World) -> None:
    """A change that asks first can be confirmed where it was typed."""
    dana, me = world.people["dana"], world.env.bot.user.id
    await dana.send(world.channel, f"<@{me}> ship --env production --tag v3")
    question = world.channel.last_message

    await dana.click(question, label="Do it")

    assert "Ship v3?" in world.text(question)
    assert [each.raw["tag"] for each in world.operations.ran] == ["v3"]


async def test_a_long_typed_answer_inside_a_thread_has_its_file_beside_it(world: World) -> None:
    """A thread cannot open another; the file is a reply then."""
    me, devi = world.env.bot.user.id, world.people["devi"]
    await devi.send(world.channel, f"<@{me}> lines api --tail 400")
    thread = world.channel.threads[0]

    await devi.send(thread, f"<@{me}> lines api --tail 300")

    assert (await thread.last_message.attachments[0].read()).count(b"line ") == 300
    assert world.directory.seen[-1].channel == "#deployments"


async def test_a_fault_of_the_surface_is_admitted_under_an_id(world: World) -> None:
    """The asker reads an id, in private, and the bot goes on."""
    card = await world.people["dana"].slash(world.channel, "status", service="api")
    world.directory.broken = True
    failed = await world.people["dana"].click(card.response.message, label="Lines")
    world.directory.broken = False
    fine = await world.people["dana"].click(card.response.message, label="Lines")

    assert failed.ephemeral
    assert "ran into a fault" in world.text(failed.response)
    assert "Tell an administrator the id" in world.text(failed.response)
    assert "line 49" in world.text(fine.response)


async def test_a_form_offers_choices_as_a_menu(world: World) -> None:
    """Choices and switches are chosen, not typed; the rest is a field."""
    card = await world.people["dana"].slash(world.channel, "book run", share=0.5)
    form = await world.people["dana"].click(card.response.message, label="Again…")
    answers = {"pace": ["fast"], "dry_run": ["true"], "share": "0.25"}

    result = await world.people["dana"].submit_modal(form, answers)

    assert "dry False slow 0.5" in world.text(card.response)
    assert "dry True fast 0.25" in world.text(result.response)


async def test_a_fault_of_the_command_is_admitted(world: World) -> None:
    """The asker reads that it went wrong and an id, never a trace."""
    await world.people["dana"].slash(world.channel, "ship", env="staging", tag="crash")

    shown = world.board.shows[-1].reply
    assert "ran into a fault" in shown.title
    assert "ZeroDivision" not in shown.model_dump_json()


def _writes(world: World) -> int:
    return sum(1 for each in world.env.http_requests if each.method == "PUT"
               and "/commands" in each.path)  # fmt: skip


def _all(components: list[Any]) -> list[Any]:
    return [deep for each in components for deep in (each, *_all(each.get("components", [])))]


def _custom_ids(components: list[Any]) -> list[str]:
    return [each["custom_id"] for each in _all(components) if "custom_id" in each]


def _elsewhere(world: World) -> tuple[object, object]:
    from tgk.ports.board import MessageRef, Place

    place = Place(platform="discord", room="#deployments")
    return place, MessageRef(platform="discord", channel=str(world.channel.id), message="1")
