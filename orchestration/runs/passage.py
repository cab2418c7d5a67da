"""The rights of steps that reach outside of the commands: to a host, or to run a program.

The operator lists what may be reached at all; the policy says by whom.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from orchestration.playbook import model
from tgk.guard import Target

if TYPE_CHECKING:
    from orchestration.playbook.model import Step
    from tgk.admission import Admission
    from tgk.caller import Caller
    from tgk.guard import Decision

_ENDS_HOST: Final = re.compile(r"[/?#]|\$\{")


@dataclass(frozen=True, slots=True)
class Passage:
    """A permission, and the host or the program that it is needed for."""

    permission: str
    what: str

    def __str__(self) -> str:
        return f"{self.permission} {self.what}"

    def decided(self, environment: str, caller: Caller, admission: Admission) -> Decision:
        """Ask the policy whether somebody may, in the environment that the run is aimed at.

        A run that names none may touch them all: a rule against one of them is against it.
        """
        estate = admission.discovery
        named = (estate.environment_of(environment),)
        for place in named if environment else ("-", *estate.environments):
            target = Target(environment=place, service=self.what, channel=caller.channel)
            decision = admission.guard.decide(caller, self.permission, target)
            if not decision.allowed:
                break
        return decision


def passage_of(step: Step) -> Passage | None:
    """Return what a step needs; None for one that stays inside.

    Its host is written out: the checker refuses one that is computed.
    """
    if isinstance(step, model.Http):
        rest = step.url.source.partition("://")[2]
        return Passage("/http", _ENDS_HOST.split(rest, maxsplit=1)[0] or "-")
    return Passage("/shell", step.program) if isinstance(step, model.Shell) else None
