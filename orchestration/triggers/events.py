"""Events as triggers see them, and what notifications of known systems become."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

if TYPE_CHECKING:
    from collections.abc import Mapping

Word = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
MONITORING: Final = "monitoring"
"""The source of Alertmanager's notifications."""
GITHUB: Final = "github"
KNOWN_SOURCES: Final = frozenset({MONITORING, GITHUB})
"""What comes through doors of their own; nobody else may send it."""
_WORD: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,62}")
_LONGEST: Final = 512
_BRANCH: Final = "refs/heads/"
_TAG: Final = "refs/tags/"
_COMMON: Final = {
    "action": ("action",),
    "repository": ("repository", "full_name"),
    "sender": ("sender", "login"),
}
_PARTS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "pull_request": {
        "branch": ("pull_request", "base", "ref"), "head": ("pull_request", "head", "ref"),
        "sha": ("pull_request", "head", "sha"), "number": ("number",),
        "title": ("pull_request", "title"), "url": ("pull_request", "html_url"),
    },
    "push": {"ref": ("ref",), "sha": ("after",), "url": ("compare",)},
    "check_suite": {
        "branch": ("check_suite", "head_branch"), "sha": ("check_suite", "head_sha"),
        "conclusion": ("check_suite", "conclusion"),
    },
    "workflow_run": {
        "branch": ("workflow_run", "head_branch"), "sha": ("workflow_run", "head_sha"),
        "conclusion": ("workflow_run", "conclusion"), "workflow": ("workflow_run", "name"),
        "number": ("workflow_run", "run_number"), "url": ("workflow_run", "html_url"),
    },
    "release": {"tag": ("release", "tag_name"), "title": ("release", "name"),
                "url": ("release", "html_url")},
}  # fmt: skip


class Event(BaseModel):
    """Something that happened, told once under its id."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    id: Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
    source: Word
    name: Word = Field(alias="event")
    data: dict[str, Any] = {}

    def answers(self, wanted: str) -> bool:
        """Say whether a trigger for this name is meant: itself, or what comes before a dot."""
        return self.name == wanted or self.name.startswith(f"{wanted}.")

    def scope(self) -> dict[str, Any]:
        """Return what conditions and parameters of a trigger may read."""
        return {"event": self.model_dump(mode="json")}


def of_alert(notification: Mapping[str, Any], episode: str) -> Event | None:
    """Return what a notification of Alertmanager means; one episode of a group is told once.

    ``critical-alert`` for a group whose severity is ``critical``, ``alert`` for one without a
    severity, ``alert-resolved`` at its end. None for what is shaped otherwise.
    """
    alerts = [each for each in _list(notification, "alerts") if isinstance(each, dict)]
    if not alerts or not episode:
        return None
    labels = _shared(notification, alerts, "labels")
    annotations = _shared(notification, alerts, "annotations")
    firing = sum(each.get("status") == "firing" for each in alerts)
    severity = labels.get("severity", "").casefold()
    name = "alert-resolved" if not firing else f"{severity}-alert" if severity else "alert"
    if not _WORD.fullmatch(name):
        return None
    data = {
        "status": "firing" if firing else "resolved", "severity": severity, "firing": firing,
        "alertname": labels.get("alertname", ""), "labels": labels, "annotations": annotations,
    }  # fmt: skip
    return Event(id=f"{episode}:{name}", source=MONITORING, name=name, data=data)


def of_git(kind: str, delivery: str, payload: Mapping[str, Any]) -> Event | None:
    """Return what a webhook of GitHub means: ``push``, ``pull_request.merged``, ``workflow_run…``.

    What comes after the dot is the conclusion where there is one, else the action. None for a
    kind or an action that is no plain word.
    """
    parts = {**_COMMON, **_PARTS.get(kind, {})}
    data = {name: found for name, path in parts.items() if (found := _at(payload, path))}
    if kind == "pull_request" and _at(payload, ("pull_request", "merged")) == "true":
        data["action"] = "merged"
    ref = data.pop("ref", "")
    if ref.startswith(_BRANCH):
        data["branch"] = ref.removeprefix(_BRANCH)
    elif ref.startswith(_TAG):
        data["tag"] = ref.removeprefix(_TAG)
    more = data.get("conclusion") or data.get("action", "")
    name = f"{kind}.{more}" if more else kind
    if not _WORD.fullmatch(name):
        return None
    return Event(id=delivery, source=GITHUB, name=name, data=data)


def _shared(
    notification: Mapping[str, Any], alerts: list[dict[str, Any]], what: str
) -> dict[str, str]:
    """Return what all alerts of a group have in common; of one alert everything."""
    common = {"labels": "commonLabels", "annotations": "commonAnnotations"}[what]
    found = alerts[0].get(what) if len(alerts) == 1 else notification.get(common)
    pairs = found.items() if isinstance(found, dict) else ()
    return {str(key): str(value)[:_LONGEST] for key, value in pairs}


def _list(payload: Mapping[str, Any], key: str) -> list[Any]:
    found = payload.get(key)
    return found if isinstance(found, list) else []


def _at(payload: Any, path: tuple[str, ...]) -> str:
    """Follow keys through a foreign payload; empty where it is not shaped as documented."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    if isinstance(payload, bool):
        return "true" if payload else ""
    return str(payload)[:_LONGEST] if isinstance(payload, str | int) else ""
