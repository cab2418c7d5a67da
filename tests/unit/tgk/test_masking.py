"""Masking: no word of a reply keeps a secret, and a clean reply is not even copied."""

from __future__ import annotations

import pytest

from tgk.masking import masked
from tgk.reply import (
    Action,
    Fact,
    Facts,
    Log,
    Picture,
    Plain,
    Progress,
    Reply,
    Stage,
    Table,
    Text,
)

SECRET = "hunter2"


def hide(text: str) -> str:
    """Stand in for the redactor."""
    return text.replace(SECRET, "***")


def test_a_clean_reply_comes_back_as_it_is() -> None:
    """Nearly every reply: nothing is copied."""
    reply = Reply(topic="notice", title="fine", blocks=(Text(text="all well"),), data={"n": 1})

    assert masked(reply, hide) is reply


@pytest.mark.parametrize(
    "part",
    [
        {"title": SECRET},
        {"subtitle": SECRET},
        {"footer": SECRET},
        {"blocks": (Facts(facts=(Fact(label="a", value=SECRET),)),)},
        {"blocks": (Facts(facts=(Fact(label="a", value="b", url=f"https://x/{SECRET}"),)),)},
        {"blocks": (Text(text=SECRET),)},
        {"blocks": (Table(columns=("a",), rows=((SECRET,),)),)},
        {"blocks": (Log(lines=("fine", SECRET)),)},
        {"blocks": (Progress(done=0, total=1, stages=(Stage(name=SECRET, state="done"),)),)},
        {"blocks": (Picture(svg="<svg/>", alt=SECRET),)},
        {"actions": (Action(label="x", command="logs", arguments={"contains": SECRET}),)},
        {"plain": Plain(headline="x", lines=(SECRET,))},
        {"data": {"deep": [{"er": SECRET}]}},
        {"data": {SECRET: 1}},
    ],
)
def test_no_part_of_a_reply_keeps_a_secret(part: dict[str, object]) -> None:
    """Wherever it stands, it is masked, and the rest stays."""
    reply = Reply.model_validate({"topic": "notice", "title": "fine", **part})

    shown = masked(reply, hide)

    assert SECRET not in shown.model_dump_json()
    assert "***" in shown.model_dump_json()
    assert SECRET in reply.model_dump_json()
