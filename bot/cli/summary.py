"""The end of a run as Markdown, for the page of a CI run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.cli.harmless import harmless
from tgk.plain import whole_lines

if TYPE_CHECKING:
    from pathlib import Path

    from bot.cli.session import Answer

_LONGEST = 200


def append_summary(path: Path, answer: Answer) -> None:
    """Add a section to the file; the run's own lines stand verbatim, whatever they hold."""
    with path.open("a", encoding="utf-8") as file:
        file.write(markdown(answer))


def markdown(answer: Answer) -> str:
    """Return a heading and the answer in a fence that nothing inside can close."""
    outcome = answer.outcome
    lines = [harmless(line) for line in whole_lines(outcome.reply)]
    body = "\n".join(lines[1:])
    if body.count("\n") > _LONGEST:
        body = "\n".join([*body.splitlines()[:_LONGEST], "… see the log for the rest"])
    ticks = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, ticks + 1)
    title = re.sub(r"([\\`*_{}\[\]<>#|!])", r"\\\1", " ".join(lines[0].split()))
    told = f"result **{outcome.result}**, id `{outcome.reference}`"
    mode = " · TEST MODE" if answer.simulated else ""
    return f"### {title}\n\n{told}{mode}\n\n{fence}text\n{body}\n{fence}\n\n"
