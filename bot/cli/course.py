"""How far a change had come when whoever asked for it left: a run has a name to look at it by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from bot.cli import exits
from bot.cli.lines import run_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.cli.terminal import Screen
    from bot.cli.trouble import Trouble
    from tgk.reply import Reply

_LEFT = (exits.INTERRUPTED, exits.TIMEOUT)


@dataclass(slots=True)
class Course:
    """Shows progress, and remembers which run it is of."""

    screen: Screen
    last: Reply | None = None

    def show(self, reply: Reply) -> None:
        """Show how far it is."""
        self.last = reply
        self.screen.progress(reply)

    def explained(self, trouble: Trouble) -> Trouble:
        """Return what to tell somebody who leaves a run: how to look at it, and how to stop it.

        A run that waits for people is told apart from one that is only long, and one that was
        lost with the bot from both.
        """
        run = run_of(self.last) if self.last else ""
        if not run or self.last is None or trouble.code not in (*_LEFT, exits.UNAVAILABLE):
            return trouble
        look = f"`tgk orchestrate status {run}` shows it"
        known = replace(trouble, workflow=run)
        if trouble.code == exits.UNAVAILABLE:
            what = f"Lost the bot while {run} was under way; the run goes on once the bot is back."
            return replace(known, what=what, do=f"{look}, as soon as the bot answers again.")
        if _asks(self.last.data):
            return replace(
                known,
                what=f"Left {run}; it waits for an approval.",
                why=str(self.last.data.get("waits_for", "")),
                do=f"{look}; the council is asked in its chat.",
                code=exits.PENDING if trouble.code == exits.TIMEOUT else trouble.code,
            )
        do = f"{look}, `tgk orchestrate pause {run}` holds it."
        return replace(known, what=f"Left {run}; the run goes on.", why="", do=do)


def _asks(run: dict[str, Any]) -> bool:
    """Say whether a run stands still because people are asked, not for a time to pass."""
    waiting = [step for step in _leaves(run.get("steps", ())) if step.get("state") == "waiting"]
    return run.get("state") == "waiting" and any(each.get("kind") != "wait" for each in waiting)


def _leaves(steps: Any) -> Iterator[dict[str, Any]]:
    for step in steps:
        if step.get("steps"):
            yield from _leaves(step["steps"])
        else:
            yield step
