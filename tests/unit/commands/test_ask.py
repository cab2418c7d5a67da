"""Questions: sources, tools under the asker's own rights, and no model at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tgk.errors import Unavailable
from tgk.ports.cluster import Workload
from tgk.ports.library import Passage
from tgk.ports.model import ToolCall
from tgk.testing.library import FakeLibrary

if TYPE_CHECKING:
    from tests.conftest import World

QUESTION = "/ask What's the current deployment strategy for valoryield?"


@pytest.fixture
def informed(world: World) -> World:
    """A world with one runbook."""
    text = "The valoryield-engine uses blue-green deployment with automatic rollback."
    passage = Passage("runbooks/valoryield-engine.md#strategy", "Deployment strategy", text, 1.0)
    library = FakeLibrary([passage])
    object.__setattr__(world.dispatcher.backends, "library", library)
    return world


async def test_an_answer_names_its_model_and_its_sources(informed: World) -> None:
    """The server's own name of the model, and only documents that were given."""
    informed.model.says("It is blue-green [1] and magic [7].", model="gpt-4o-mini")

    outcome = await informed.run(QUESTION, "devi")

    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline.startswith("[gpt-4o-mini] It is blue-green [1]")
    assert "[7]" not in outcome.reply.plain.headline
    assert ["runbooks/valoryield-engine.md#strategy"] == outcome.reply.data["sources"]


async def test_an_answer_streams(informed: World) -> None:
    """Progress shows the text as it grows."""
    informed.model.says("It is blue-green [1].")

    await informed.run(QUESTION, "devi")

    assert len(informed.shown) > 1
    assert all(reply.tone == "running" for reply in informed.shown)


async def test_without_a_model_the_runbooks_answer(informed: World) -> None:
    """Never silence, never a stack trace."""
    outcome = await informed.run(QUESTION, "devi")

    assert outcome.result == "success"
    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline.startswith("[local-search] The valoryield-engine uses")


async def test_a_model_that_is_down_leaves_the_runbooks(informed: World) -> None:
    """The reason is said beside the passages."""
    informed.model.fails(Unavailable("the model", "overloaded"))

    outcome = await informed.run(QUESTION, "devi")

    assert "overloaded" in outcome.reply.subtitle
    assert outcome.reply.data["model"] is None


async def test_a_tool_runs_as_the_asker_and_is_recorded(informed: World) -> None:
    """The model sees live state only through a command that the asker may run."""
    informed.cluster.put("production", "event-gateway", Workload("Running", "v1.2.3", 2, 2))
    call = ToolCall("1", "status", {"service": "event-gateway"})
    informed.model.says("", tool_calls=[call])
    informed.model.says("It runs v1.2.3.")

    await informed.run("/ask is event-gateway running?", "devi")

    assert ["success"] == informed.journal.results("/status")
    told = informed.model.asked[-1].messages[-1]
    assert "v1.2.3" in told.content


@pytest.mark.parametrize("name", ["deploy", "scale", "approve", "ask", "nonsense"])
async def test_a_model_cannot_reach_anything_that_changes(informed: World, name: str) -> None:
    """A call of anything but the offered readers is refused, and nothing happens."""
    arguments = {"env": "production", "tag": "v1.4.0"}
    informed.model.says("", tool_calls=[ToolCall("1", name, arguments)])
    informed.model.says("/deploy production v1.4.0")

    outcome = await informed.run("/ask please deploy", "devi")

    assert outcome.result == "success"
    assert [] == informed.pipelines.dispatched
    assert [] == informed.operations.ran
    assert "refused" in informed.model.asked[-1].messages[-1].content


async def test_a_model_keeps_nobody_waiting_for_lines_to_come(informed: World) -> None:
    """It sees the logs as they are, however long it would like to follow them."""
    arguments = {"service": "event-gateway", "follow": 10}
    informed.model.says("", tool_calls=[ToolCall("1", "logs", arguments)])
    informed.model.says("Nothing.")

    await informed.run("/ask any errors?", "devi")

    assert ["success"] == informed.journal.results("/logs")
    assert 1 == len(informed.logs.asked)


async def test_markdown_of_a_model_becomes_words(informed: World) -> None:
    """Cards carry no markup, so signs of it would only be in the way."""
    informed.model.says("## Answer Run `/status` **now** [1].")

    outcome = await informed.run(QUESTION, "devi")

    assert outcome.reply.plain is not None
    assert outcome.reply.plain.headline == "[fake-model] Answer Run /status now [1]."
