"""``/git``: takes an event of a repository and shows it in the channels its route names."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, StringConstraints

from tgk.command import command
from tgk.context import Context
from tgk.doors import WEBHOOK_ONLY
from tgk.masking import masked
from tgk.options import Request
from tgk.ports.board import Place
from tgk.reply import Action, Fact, Facts, Plain, Reply, Text, Tone, Topic

if TYPE_CHECKING:
    from tgk.discovery import Route


class Event(Request):
    """Show an event of a repository in the channels its route names."""

    event: Annotated[str, StringConstraints(max_length=64)]
    payload: dict[str, Any] = Field(repr=False)


@dataclass(frozen=True, slots=True)
class News:
    """What is worth telling of an event, whatever its kind."""

    topic: Topic
    subject: str
    """Names the message: later news of the same subject edit it."""
    action: str
    branch: str
    repository: str
    reply: Reply


@command("git", permission="git", doors=WEBHOOK_ONLY, listed=False)
async def git(request: Event, context: Context) -> Reply:
    """Route by event, action, branch and repository; what no route names is answered as such."""
    news = _read(request)
    if news is None:
        return _ignored(f"{request.event} is not an event that is shown")
    routes = [
        route
        for route in context.discovery.event_gateway.routes
        if matches(route, request.event, news)
    ]
    shown = masked(news.reply, context.redact)
    for channel in dict.fromkeys(route.channel for route in routes):
        key = context.redact(f"git:{channel}:{news.subject}")
        place = Place(platform="discord", room=channel)
        await context.backends.board.show(key, place, shown)
    if not routes:
        return _ignored(f"no route for {request.event} {news.action} on {news.branch}")
    return shown


def matches(route: Route, event: str, news: News) -> bool:
    """Say whether a route wants this; an empty list in a route wants all."""
    return (
        route.event == event
        and (not route.actions or news.action in route.actions)
        and (not route.branches or any(fnmatchcase(news.branch, b) for b in route.branches))
        and (not route.repositories or news.repository in route.repositories)
    )


def _ignored(why: str) -> Reply:
    return Reply(topic="notice", title="Ignored", subtitle=why, data={"ignored": why})


def _at(payload: Any, *path: str) -> Any:
    """Follow keys through a foreign payload; None where it is not shaped as documented."""
    for key in path:
        payload = payload.get(key) if isinstance(payload, dict) else None
    return payload


def _text(payload: Any, *path: str, most: int = 256) -> str:
    found = _at(payload, *path)
    return str(found)[:most] if isinstance(found, str | int) else ""


def _link(payload: Any, *path: str) -> str:
    found = _text(payload, *path, most=512)
    return found if found.startswith(("https://", "http://")) else ""


def _read(request: Event) -> News | None:
    readers = {"pull_request": _pull_request, "check_suite": _check_suite, "push": _push}
    reader = readers.get(request.event)
    return reader(request.payload) if reader else None


def _pull_request(payload: dict[str, Any]) -> News:
    merged = _at(payload, "pull_request", "merged") is True
    action = _text(payload, "action")
    shown = "merged" if action == "closed" and merged else action.replace("_", " ")
    repository, number = _text(payload, "repository", "full_name"), _text(payload, "number")
    tones: dict[str, Tone] = {"merged": "ok", "closed": "off", "opened": "running"}
    title = _text(payload, "pull_request", "title")
    url = _link(payload, "pull_request", "html_url")
    head, base = (_text(payload, "pull_request", side, "ref") for side in ("head", "base"))
    facts = (
        Fact(label="State", value=shown),
        Fact(label="Author", value=_text(payload, "pull_request", "user", "login")),
        Fact(label="Branch", value=f"{head} → {base}", code=True),
    )
    reply = Reply(
        topic="pull_request",
        title=f"#{number} {title}",
        tone=tones.get(shown, "running"),
        subtitle=repository,
        blocks=(Facts(facts=facts),),
        actions=(Action(label="Open", url=url),) if url else (),
        plain=Plain(headline=f"Pull request #{number} {shown}: {title}", lines=(url,)),
        data={"repository": repository, "number": number, "action": shown},
    )
    wanted = "merged" if shown == "merged" else action
    return News("pull_request", f"pr:{repository}#{number}", wanted, base, repository, reply)


def _check_suite(payload: dict[str, Any]) -> News:
    repository = _text(payload, "repository", "full_name")
    branch, sha = (_text(payload, "check_suite", key) for key in ("head_branch", "head_sha"))
    conclusion = _text(payload, "check_suite", "conclusion") or _text(
        payload, "check_suite", "status"
    )
    tones: dict[str, Tone] = {"success": "ok", "failure": "bad", "timed_out": "bad"}
    facts = (
        Fact(label="Result", value=conclusion.replace("_", " ")),
        Fact(label="Commit", value=sha[:7], code=True),
        Fact(label="By", value=_text(payload, "check_suite", "app", "name")),
    )
    reply = Reply(
        topic="build",
        title=f"Checks on {branch}: {conclusion.replace('_', ' ')}",
        tone=tones.get(conclusion, "running"),
        subtitle=repository,
        blocks=(Facts(facts=facts),),
        plain=Plain(headline=f"Checks on {branch}: {conclusion}", lines=(sha[:7],)),
        data={"repository": repository, "branch": branch, "conclusion": conclusion},
    )
    suite = _text(payload, "check_suite", "id")
    action = _text(payload, "action")
    return News("build", f"checks:{repository}:{suite}", action, branch, repository, reply)


def _push(payload: dict[str, Any]) -> News:
    repository = _text(payload, "repository", "full_name")
    branch = _text(payload, "ref").removeprefix("refs/heads/")
    commits = payload.get("commits") if isinstance(payload.get("commits"), list) else []
    heads = [
        f"{_text(commit, 'id')[:7]} {(_text(commit, 'message').splitlines() or [''])[0]}"
        for commit in (commits or [])[:10]
    ]
    pusher, url = _text(payload, "pusher", "name"), _link(payload, "compare")
    count = len(commits or [])
    title = f"{count} commit{'' if count == 1 else 's'} on {branch} by {pusher}"
    reply = Reply(
        topic="push",
        title=title,
        tone="off",
        subtitle=repository,
        blocks=(Text(text="\n".join(heads), style="quote"),) if heads else (),
        actions=(Action(label="Compare", url=url),) if url else (),
        plain=Plain(headline=title, lines=tuple(heads)),
        data={"repository": repository, "branch": branch, "commits": count},
    )
    after = _text(payload, "after")
    return News("push", f"push:{repository}:{after}", "", branch, repository, reply)
