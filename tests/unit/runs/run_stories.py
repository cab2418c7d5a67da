"""Runs to look at, as the engine shows them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from tgk.caller import Caller
from tgk.ports.runs import RunRequest, RunView, StepView

if TYPE_CHECKING:
    from collections.abc import Sequence

START = datetime(2026, 1, 15, 10, 4, tzinfo=UTC)
NOW = START + timedelta(seconds=271)
DANA = Caller(
    person="dana", user_id="300000000000000002", platform="discord", channel="#deployments"
)


def at(seconds: float) -> datetime:
    """Return so many seconds after the start."""
    return START + timedelta(seconds=seconds)


def step(
    path: str,
    state: str = "pending",
    begun: float | None = None,
    lasted: float | None = None,
    **more: Any,
) -> StepView:
    """Return a step of the last name of its path."""
    said = {"name": path.rpartition("/")[2], "kind": "command", "state": state, **more}
    said["began"] = None if begun is None else at(begun)
    said["ended"] = None if begun is None or lasted is None else at(begun + lasted)
    return StepView(path=path, **said)


def run(steps: Sequence[StepView], state: str = "running", **more: Any) -> RunView:
    """Return a run of deploy-web-app."""
    request = RunRequest(playbook="deploy-web-app", environment="production")
    said = {
        "id": "WF-2026-001", "playbook": "deploy-web-app", "version": "1.0.0", "digest": "0" * 64,
        "request": request, "starter": DANA, "asked": START, "began": START,
        "parameters": {"environment": "production", "version": "v1.4.0"},
    } | more  # fmt: skip
    return RunView(state=state, steps=tuple(steps), **said)


def rollouts() -> StepView:
    """Return three branches: one done, one tried again, one failed and handled."""
    retried = step("roll/api/deploy-api", "running", 60, attempt=2, attempts=4)
    handled = step("roll/workers/deploy-workers/on_failure/rollback", "succeeded", 130, 9)
    failed = step(
        "roll/workers/deploy-workers", "failed", 60, 70, attempt=1,
        note="quota exceeded: 12 of 12 pods are used in eu-west-1", steps=(handled,),
    )  # fmt: skip
    branches = (
        step("roll/frontend", "succeeded", 60, 62, kind="branch",
             steps=(step("roll/frontend/deploy-frontend", "succeeded", 60, 62),)),
        step("roll/api", "running", 60, kind="branch", steps=(retried, step("roll/api/verify"))),
        step("roll/workers", "failed", 60, 79, kind="branch", steps=(failed,)),
    )  # fmt: skip
    return step("roll", "running", 60, kind="parallel", name="parallel-deployment", steps=branches)


def _votes(needed: int, *people: str) -> dict[str, Any]:
    votes = [{"person": person, "approve": True, "reason": ""} for person in people]
    return {"approved": len(people) >= needed, "votes": votes, "needed": needed}


def choice(state: str = "pending") -> StepView:
    """Return a condition: an approval in production, a quick check elsewhere."""
    approval = step("gate/then/council-approval", state, 200 if state != "pending" else None,
                    kind="approval",
                    output={} if state == "pending" else _votes(2, "ana"),
                    note="" if state == "pending" else "waits for the council")  # fmt: skip
    then = step("gate/then", state, kind="then", name="then", steps=(approval,))
    other = step("gate/else", "skipped", kind="else", name="else",
                 steps=(step("gate/else/fast-check", "skipped"),))  # fmt: skip
    note = "" if state == "pending" else 'environment == "production"'
    return step("gate", state, 200 if state != "pending" else None, kind="conditional",
                name="is-production", note=note, steps=(then, other))  # fmt: skip


def regions(states: Sequence[str]) -> StepView:
    """Return one item a state."""
    items = [
        step(
            f"regions[{number}]", state, kind="item", name=f"region-{number + 1}",
            steps=(step(f"regions[{number}]/region-deploy", state,
                        220 if state not in {"pending", "skipped"} else None,
                        20 if state == "succeeded" else None),),
        )
        for number, state in enumerate(states)
    ]  # fmt: skip
    going = "pending" if set(states) == {"pending"} else "running"
    return step("regions", going, kind="foreach", steps=tuple(items))


def checks() -> tuple[StepView, ...]:
    """Return two steps that are done."""
    return (
        step("validate-prerequisites", "succeeded", 0, 12),
        step("backup-current", "succeeded", 12, 41, note="pre-deploy-20260115T100412"),
    )


def last() -> StepView:
    """Return what is run in every ending."""
    tell = step("finally/tell-the-team", name="tell-the-team")
    return step("finally", kind="finally", name="finally", steps=(tell,))


def thirteen() -> RunView:
    """Return a run of thirteen steps under way."""
    return run([*checks(), rollouts(), choice(), regions(["pending"] * 3), last()])


def taken_back() -> RunView:
    """Return a run that failed and took back what it had done."""
    spare = step("deploy/on_failure/tell", "skipped", name="tell-the-team")
    done = (
        step("backup", "undone", 0, 41), step("switch", "undone", 41, 3),
        step("deploy", "timed_out", 44, 300, attempt=4, attempts=4,
             note="no answer within 60 s", steps=(spare,)),
        step("verify", "cancelled"),
    )  # fmt: skip
    undoes = (
        step("undo/switch", "succeeded", 350, 3, name="switch back"),
        step("undo/backup", "succeeded", 353, 2, name="drop the backup"),
    )
    return run(done, "rolled_back", reason="deploy: no answer within 60 s", undoes=undoes,
               ended=at(360))  # fmt: skip


def second_generation() -> RunView:
    """Return a run that goes on from an earlier one."""
    kept = (step("validate", "kept"), step("backup", "kept", note="from WF-2026-001"))
    handlers = (step("deploy/on_failure/rollback"), step("deploy/on_failure/tell"))
    deploy = step("deploy", "running", 0, attempt=1, attempts=4, steps=handlers)
    return run([*kept, deploy, step("verify"), last()], id="WF-2026-001.2", previous="WF-2026-001")


def finished(slower: float = 1.0, number: int = 1) -> RunView:
    """Return a whole run that succeeded, every step ``slower`` times as slow as usual."""
    web = step("roll/web/deploy-web", "succeeded", 53 * slower, 62 * slower)
    api = step("roll/api/deploy-api", "succeeded", 53 * slower, 130 * slower, attempt=2, attempts=4)
    verify = step("roll/api/verify", "succeeded", 183 * slower, 20 * slower)
    roll = step("roll", "succeeded", 53 * slower, 150 * slower, kind="parallel", steps=(
        step("roll/web", "succeeded", 53 * slower, 62 * slower, kind="branch", steps=(web,)),
        step("roll/api", "succeeded", 53 * slower, 150 * slower, kind="branch",
             steps=(api, verify)),
    ))  # fmt: skip
    steps = (
        step("validate", "succeeded", 0, 12 * slower), step("backup", "succeeded", 12 * slower, 41),
        roll, step("council", "succeeded", 203 * slower, 60, kind="approval"),
        step("switch", "succeeded", 203 * slower + 60, 4),
    )  # fmt: skip
    return run(steps, "succeeded", id=f"WF-2026-{number:03}", ended=at(203 * slower + 64))
