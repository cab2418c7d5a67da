"""Jira gets an issue for a run that failed, once."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal
from urllib.parse import quote

from pydantic import SecretStr

from integrations.heralds.herald import PostingHerald, is_on, words
from integrations.variables import not_set

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import RunEvent
    from tgk.ports.runs import RunView

_MOST_STEPS: Final = 10


@dataclass(frozen=True, slots=True)
class _Account:
    url: str
    user: str
    token: str = field(repr=False)

    @property
    def headers(self) -> dict[str, str | SecretStr]:
        """What lets it in."""
        basic = base64.b64encode(f"{self.user}:{self.token}".encode()).decode()
        return {"Authorization": SecretStr(f"Basic {basic}")}


class JiraHerald(PostingHerald):
    """Implements Herald on Jira's REST API, version 3.

    The account is ``url``, ``user`` and ``token`` of the playbook, or ``JIRA_URL``, ``JIRA_EMAIL``
    and ``JIRA_API_TOKEN`` of the environment: the token of one never goes to the other's address.
    An issue carries the run's id and mark as a label and is looked for before one is made.
    """

    type: ClassVar[Literal["jira"]] = "jira"
    system = "Jira"

    async def say(self, event: RunEvent, run: RunView, settings: Mapping[str, str]) -> None:
        """Make an issue for a failure, unless there is one."""
        if event != "failure" or not is_on(settings, "create_issue_on_failure"):
            return
        project = self.needed(settings, "project")
        label = f"tgk-{run.id}-{run.mark[:8]}"
        query = {"jql": f'labels = "{label}"', "maxResults": 1, "fields": ["key"]}
        found = await self._asked(settings, "/rest/api/3/search/jql", query)
        if not isinstance(found.get("issues"), list) or not found["issues"]:
            fields = _fields(project, label, run, settings)
            await self._asked(settings, "/rest/api/3/issue", {"fields": fields})

    def address(self, settings: Mapping[str, str]) -> str:
        """Return where Jira is; raises Rejected without a project or an account."""
        self.needed(settings, "project")
        return self._account(settings).url

    async def _asked(
        self, settings: Mapping[str, str], path: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        account = self._account(settings)
        answer = await self.post(account.url.rstrip("/") + quote(path), body, account.headers)
        read = answer.json()
        return read if isinstance(read, dict) else {}

    def _account(self, settings: Mapping[str, str]) -> _Account:
        """Return the playbook's own account whole, or the environment's whole."""
        if any(settings.get(name, "").strip() for name in ("url", "user", "token")):
            url, user, token = (self.needed(settings, name) for name in ("url", "user", "token"))
        else:
            url, user, token = (
                self._value(name) for name in ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN")
            )
        return _Account(url, user, token)

    def _value(self, name: str) -> str:
        found = self._variable(name)
        if found is None:
            raise not_set(self.system, name, simulated=self._simulated)
        return found.get_secret_value()


def _fields(project: str, label: str, run: RunView, settings: Mapping[str, str]) -> dict[str, Any]:
    failed = [f"{step.path}: {step.note}" for step in run.steps if step.state == "failed"]
    lines = [run.reason or "It failed.", *failed[:_MOST_STEPS], f"Started by {run.starter.person}."]
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines if line
    ]
    more = [word.replace(" ", "-") for word in words(settings.get("labels", ""))]
    return {
        "project": {"key": project},
        "issuetype": {"name": settings.get("issue_type", "").strip() or "Task"},
        "summary": f"{run.playbook} failed ({run.id})",
        "labels": list(dict.fromkeys([label, *more])),
        "description": {"type": "doc", "version": 1, "content": paragraphs},
    }
