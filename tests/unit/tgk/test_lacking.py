"""What a command lacks is asked for by a form."""

from __future__ import annotations

import pytest

from commands.deploy import deploy
from commands.orchestrate.pause import pause
from tgk.errors import InvalidRequest


def test_what_was_left_out_is_asked_for_and_what_was_given_stays() -> None:
    """In the order of the options."""
    with pytest.raises(InvalidRequest) as refused:
        pause.parse({"reason": "look first"})

    [form] = refused.value.ways_out
    assert (form.label, form.command, form.asks) == (
        "Fill in workflow", "orchestrate pause", ("workflow",),
    )  # fmt: skip
    assert form.arguments == {"reason": "look first"}


@pytest.mark.parametrize("raw", [{"tga": "v1"}, {"env": "staging", "tag": " "}, {"env": "***"}])
def test_no_form_is_offered_where_more_is_wrong(raw: dict[str, object]) -> None:
    """Filling it in would only lead to the next refusal, or run with stars for a secret."""
    with pytest.raises(InvalidRequest) as refused:
        deploy.parse(raw)

    assert refused.value.ways_out == ()
