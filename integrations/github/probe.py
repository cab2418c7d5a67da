"""Looks whether GitHub takes the token and has the workflows that discovery.yml names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from integrations.finding import Finding, Probed, ahead, fields, kept_out, port, troubled
from integrations.http import quoted
from tgk.errors import Missing, TgkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.http import Answer, HttpPort
    from tgk.discovery import Pipeline
    from tgk.ports.time import Clock

_TOKEN = "Renew GITHUB_TOKEN: Actions read and write, Contents read; classic: repo, workflow."  # noqa: S105 - words
_HIDDEN = "Mend deploy.repository in discovery.yml, or let GITHUB_TOKEN see the repository."


async def probe(
    token: SecretStr, pipelines: Iterable[Pipeline], clock: Clock, api_url: str
) -> Probed:
    """Return what was found; never raises for what GitHub answers, and starts nothing."""
    found: list[Finding] = []
    skew: float | None = None
    headers: dict[str, str | SecretStr] = {
        "Authorization": SecretStr(f"Bearer {token.get_secret_value()}"),
        "Accept": "application/vnd.github+json",
        "User-Agent": "tgk",
    }
    async with port("GitHub", api_url, clock, headers) as http:
        for name in dict.fromkeys(pipeline.repository for pipeline in pipelines):
            workflows = sorted({p.workflow for p in pipelines if p.repository == name})
            try:
                answer = await http.request("GET", f"/repos/{name}", missing=("repository", name))
            except Missing:
                found.append(Finding(name, "bad", "GitHub does not show it", _HIDDEN))
            except TgkError as error:
                found.append(kept_out(name, error, _TOKEN, "GITHUB_API_URL"))
            else:
                skew = ahead(answer.headers, clock)
                found.append(_rights(name, answer))
                found += [await _workflow(http, name, each) for each in workflows]
    return Probed(tuple(found), skew)


def _rights(name: str, answer: Answer) -> Finding:
    """Say whether the token may start workflows, as far as GitHub tells."""
    granted = answer.headers.get("x-oauth-scopes")
    scopes = {scope.strip() for scope in granted.split(",")} if granted else None
    rights = fields(answer).get("permissions")
    pushes = not isinstance(rights, dict) or rights.get("push", True)
    if scopes is not None and "repo" not in scopes:
        return Finding(name, "bad", f"the token has only the scopes {granted}", _TOKEN)
    if not pushes:
        return Finding(name, "bad", "the token may only read it", _TOKEN)
    return Finding(name, "ok", "token accepted; it may write")


async def _workflow(http: HttpPort, repository: str, workflow: str) -> Finding:
    name = f"{repository} {workflow}"
    path = f"/repos/{repository}/actions/workflows/{quoted(workflow)}"
    try:
        state = fields(await http.request("GET", path, missing=("workflow", workflow))).get("state")
    except Missing:
        do = f"Put it under .github/workflows of {repository}, or mend deploy.workflow."
        return Finding(name, "bad", "there is no such workflow", do)
    except TgkError as error:
        return troubled(name, error, _TOKEN)
    if state not in (None, "active"):
        do = "Enable it on the repository's Actions page."
        return Finding(name, "bad", f"it is {state}", do)
    return Finding(name, "ok", "is there and active")
