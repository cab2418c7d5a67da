"""Ports that are switched off."""

from __future__ import annotations

import pytest

from integrations.off import OffModel, OffPipelines
from tgk.discovery import Agent, Pipeline
from tgk.errors import Unavailable
from tgk.ports.pipelines import PipelineRun

PIPELINE = Pipeline(repository="a/b", workflow="deploy.yml")
RUN = PipelineRun(id=1, repository="a/b", url="", correlation="c")


async def test_pipelines_that_are_off_say_what_to_set() -> None:
    """Every call gives the reason and the remedy."""
    off = OffPipelines("GitHub", "GITHUB_TOKEN is not set.", "Set GITHUB_TOKEN.")
    for call in (off.dispatch(PIPELINE, {}, "c"), off.state(RUN), off.tags("a/b")):
        with pytest.raises(Unavailable, match=r"It is off: GITHUB_TOKEN is not set\.") as refusal:
            await call
        assert refusal.value.remedy == "Set GITHUB_TOKEN."


async def test_a_model_that_is_off_is_not_enabled() -> None:
    """It can be asked first, and refuses when it is not."""
    off = OffModel("The model", "no key is set.", "Set OPENAI_API_KEY.")

    assert not off.enabled
    with pytest.raises(Unavailable, match="no key is set"):
        await anext(aiter(off.answer(Agent(), ())))
