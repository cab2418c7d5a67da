"""``/alert``: takes a notification of Alertmanager and keeps one card per group of alerts."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from tgk.command import command
from tgk.context import Context
from tgk.doors import WEBHOOK_ONLY
from tgk.masking import masked
from tgk.options import Request
from tgk.ports.board import Place
from tgk.reply import Action, Fact, Facts, Log, Plain, Reply, Text


class Alert(BaseModel):
    """One alert of a group, as Alertmanager's webhook (version 4) names its parts."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    status: Literal["firing", "resolved"]
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    starts_at: datetime | None = Field(default=None, alias="startsAt")
    ends_at: datetime | None = Field(default=None, alias="endsAt")
    link: str = Field(default="", alias="generatorURL")
    fingerprint: str = ""


class Notification(Request):
    """Show a group of alerts in #alerts, one card that is edited until it is resolved."""

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True)

    alerts: tuple[Alert, ...] = Field(min_length=1, max_length=10_000)
    group: str = Field(default="", alias="groupKey")
    status: Literal["firing", "resolved"] = "firing"
    common_labels: dict[str, str] = Field(default={}, alias="commonLabels")
    common_annotations: dict[str, str] = Field(default={}, alias="commonAnnotations")
    truncated: int = Field(default=0, alias="truncatedAlerts")


@command("alert", permission="alert", doors=WEBHOOK_ONLY, listed=False)
async def alert(request: Notification, context: Context) -> Reply:
    """Open a card for a new episode of the group, or edit the one that stands."""
    note = f"alert:{_fingerprint(request)}"
    episode = await context.backends.notes.get(note)
    firing = any(each.status == "firing" for each in request.alerts)
    card = masked(alert_card(request, context), context.redact)
    if episode is None and not firing:
        return card  # resolved before it was ever shown: nothing to edit
    if episode is None:
        episode = f"{note}:{context.corr}"
        await context.backends.notes.put(note, episode)
    place = Place(platform="discord", room="#alerts")
    await context.backends.board.show(episode, place, card, loud=True)
    if not firing:
        await context.backends.notes.drop(note)
    return card.model_copy(update={"data": {**card.data, "episode": episode}})


def _fingerprint(request: Notification) -> str:
    """Name the group: by Alertmanager's own key, else by what the alerts have in common."""
    name = request.group or repr(
        sorted((request.common_labels or request.alerts[0].labels).items())
    )
    return hashlib.sha256(name.encode()).hexdigest()[:20]


def _shared(request: Notification, key: str, *, labels: bool = True) -> str:
    common = request.common_labels if labels else request.common_annotations
    own = request.alerts[0].labels if labels else request.alerts[0].annotations
    return common.get(key) or (own.get(key, "") if len(request.alerts) == 1 else "")


def alert_card(request: Notification, context: Context) -> Reply:
    """Draw the group: what, how bad, since when, and every alert in it."""
    firing = [each for each in request.alerts if each.status == "firing"]
    name = _shared(request, "alertname") or request.alerts[0].labels.get("alertname", "alert")
    service = _shared(request, "service")
    severity = _shared(request, "severity")
    summary = _shared(request, "summary", labels=False) or request.alerts[0].annotations.get(
        "summary", ""
    )
    title = " · ".join(part for part in (name, service, severity) if part)
    state = f"{len(firing)} firing" if firing else "resolved"
    lines = tuple(_line(each) for each in request.alerts)
    return Reply(
        topic="alert",
        title=title if firing else f"{title} resolved",
        tone="bad" if firing else "ok",
        blocks=(
            *([Text(text=summary)] if summary else []),
            Facts(facts=_facts(request, firing, state)),
            *([Log(lines=lines, filename="alerts.txt")] if len(lines) > 1 else []),
        ),
        actions=_actions(request, service, context),
        plain=Plain(headline=f"{title}: {state}", lines=(summary, *lines)),
        data={"group": request.group, "firing": len(firing), "alerts": len(request.alerts)},
    )


def _facts(request: Notification, firing: list[Alert], state: str) -> tuple[Fact, ...]:
    total = len(request.alerts) + request.truncated
    facts = [Fact(label="State", value=state), Fact(label="Alerts", value=str(total))]
    starts = [each.starts_at for each in firing or request.alerts if each.starts_at]
    if starts:
        facts.append(Fact(label="Since", at=min(starts)))
    ends = [each.ends_at for each in request.alerts if each.ends_at]
    if not firing and ends:
        facts.append(Fact(label="Until", at=max(ends)))
    if environment := _shared(request, "environment"):
        facts.append(Fact(label="Environment", value=environment))
    return tuple(facts)


def _line(each: Alert) -> str:
    named = each.labels.get("alertname", "alert")
    rest = " ".join(
        f"{key}={value}" for key, value in sorted(each.labels.items()) if key != "alertname"
    )
    return f"{each.status:8} {named} {rest} {each.annotations.get('summary', '')}".rstrip()


def _actions(request: Notification, service: str, context: Context) -> tuple[Action, ...]:
    actions = []
    if service in context.discovery.services:
        given = {"service": service}
        actions.append(Action(label="Status", command="status", arguments=given))
        actions.append(Action(label="Logs", command="logs", arguments=given))
    runbook = _shared(request, "runbook_url", labels=False)
    if runbook.startswith(("https://", "http://")):
        actions.append(Action(label="Runbook", url=runbook))
    link = request.alerts[0].link
    if link.startswith(("https://", "http://")):
        actions.append(Action(label="Source", url=link))
    return tuple(actions)
