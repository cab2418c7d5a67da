"""``/logs``: the newest lines of a service."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from tgk.command import command
from tgk.context import Context
from tgk.errors import ArgumentFault, InvalidRequest, Unavailable
from tgk.options import EnvironmentName, Request, ServiceName
from tgk.ports.logs import LogLine, LogPage, LogQuery
from tgk.reply import Action, Log, Plain, Reply, Text
from tgk.spread_secrets import masked_lines

LOOK_EVERY_SECONDS = 6.0
"""Telegram takes about 20 edits a minute in a group, and others edit there as well."""
_SEEN_MEANWHILE = 15
"""So many lines stand in a message without a file."""
_OFFERED_MINUTES = 5
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


class Logs(Request):
    """Show the newest log lines of a service."""

    service: ServiceName = Field(description="whose lines")
    tail: int = Field(default=50, ge=1, le=5000, description="how many lines")
    level: Literal["debug", "info", "warn", "error"] | None = Field(
        default=None, description="the lowest level wanted"
    )
    since: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,4}[smhd]$")] | None = Field(
        default=None, description="not older than, such as 15m or 2h"
    )
    contains: Annotated[str, StringConstraints(max_length=200)] = Field(
        default="", description="only lines with this text"
    )
    env: EnvironmentName | None = Field(default=None, description="where; the default environment")
    before: Annotated[str, StringConstraints(max_length=40)] | None = Field(
        default=None, description="only lines older than this time, such as 2026-01-15T10:23:45Z"
    )
    follow: int = Field(
        default=0, ge=0, le=10, description="for so many minutes, go on with lines that come"
    )


@command("logs", permission="logs", slow=True)
async def logs(request: Logs, context: Context) -> Reply:
    """Fetch, mask secrets, and offer the pages before."""
    if request.follow and request.before:
        fault = ArgumentFault("follow", "what is past does not go on; leave out before")
        raise InvalidRequest("logs", [fault])
    page = await _page(request, context)
    if request.follow:
        page = await _followed(request, page, context)
    return _card(request, page, context)


async def _page(request: Logs, context: Context) -> LogPage:
    query = LogQuery(
        limit=min(request.tail, context.discovery.limits.log_lines),
        since=_duration(request.since),
        before=_moment(request.before),
        level=request.level,
        contains=request.contains,
    )
    service = context.discovery.services[request.service]
    env = _env(request, context)
    return await context.backends.logs.tail(request.service, service, env, query)


def _env(request: Logs, context: Context) -> str:
    return request.env or context.discovery.default_environment


async def _followed(request: Logs, page: LogPage, context: Context) -> LogPage:
    """Show the newest lines as they come, and return the last page; an outage is told meanwhile."""
    ends = context.clock.monotonic() + request.follow * 60.0
    shown, trouble = None, ""
    while True:
        if (page.lines, trouble) != shown:
            shown = (page.lines, trouble)
            await context.show(_meanwhile(request, page, trouble, context))
        left = ends - context.clock.monotonic()
        if left <= 0:
            return page
        await context.clock.sleep(min(LOOK_EVERY_SECONDS, left))
        try:
            page, trouble = await _page(request, context), ""
        except Unavailable as error:
            trouble = f"{error.system} does not answer, still trying: {error.why}"


def _meanwhile(request: Logs, page: LogPage, trouble: str, context: Context) -> Reply:
    """Return the end of the page as it is now, short enough to be edited again and again."""
    whole = masked_lines([_line(entry) for entry in page.lines], context.redact)
    lines = tuple(whole[-_SEEN_MEANWHILE:])
    said = trouble or ("" if lines else "No lines yet.")
    return Reply(
        topic="logs",
        title=f"{request.service} · {_env(request, context)}",
        tone="warning" if trouble else "running",
        subtitle=f"following for {request.follow} min · {page.source}",
        blocks=(
            *([Log(lines=lines, filename=f"{request.service}.log")] if lines else []),
            *([Text(text=said, style="small")] if said else []),
        ),
    )


def _card(request: Logs, page: LogPage, context: Context) -> Reply:
    env = _env(request, context)
    raw = [_line(entry) for entry in page.lines]
    lines = masked_lines(raw, context.redact)
    masked = sum(shown != line for shown, line in zip(lines, raw, strict=True))
    filters = [part for part in (
        f"level ≥ {request.level}" if request.level else "",
        f"last {request.since}" if request.since else "",
        f'contains "{request.contains}"' if request.contains else "",
    ) if part]  # fmt: skip
    more = " · older lines exist" if page.more else ""
    notes = [f"{masked} lines had secrets masked"] if masked else []
    if not lines:
        notes.append("No lines fit. Try a longer --since, a lower --level or another --env.")
    name = request.service
    return Reply(
        topic="logs",
        title=f"{name} · {env}",
        tone="off",
        subtitle=" · ".join([f"last {len(lines)} lines{more}", *filters, page.source]),
        blocks=(
            *([Log(lines=tuple(lines), filename=f"{name}.log")] if lines else []),
            *(Text(text=note, style="small") for note in notes),
        ),
        actions=_actions(request, page),
        plain=Plain(
            headline=f"Last {len(lines)} lines from {name}:", lines=(*lines, *notes)
        ),
        data={
            "service": name, "environment": env, "source": page.source, "more": page.more,
            "lines": lines,
        },
    )  # fmt: skip


def _line(entry: LogLine) -> str:
    return f"[{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}] {entry.text}"


def _actions(request: Logs, page: LogPage) -> tuple[Action, ...]:
    given = request.model_dump(exclude_defaults=True, exclude={"before", "follow"})
    refresh = Action(label="Refresh", command="logs", arguments=given)
    errors = Action(label="Errors only", command="logs", arguments={**given, "level": "error"})
    follow = Action(
        label=f"Follow {_OFFERED_MINUTES} min",
        command="logs",
        arguments={**given, "follow": _OFFERED_MINUTES},
    )
    if not page.lines:
        return (refresh, follow)
    oldest = page.lines[0].at.astimezone(UTC).isoformat()
    older = Action(label="Older", command="logs", arguments={**given, "before": oldest})
    whole = Action(label="1,000 lines", command="logs", arguments={**given, "tail": 1000})
    shown = [older] if page.more else []
    return (*shown, refresh, follow, *([errors] if request.level != "error" else []), whole)


def _duration(text: str | None) -> timedelta | None:
    return timedelta(**{_UNITS[text[-1]]: int(text[:-1])}) if text else None


def _moment(text: str | None) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        fault = ArgumentFault("before", f"{text} is not a time; write 2026-01-15T10:23:45Z")
        raise InvalidRequest("logs", [fault]) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
