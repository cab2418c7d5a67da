"""Jira gets an issue for a run that failed, once."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import quote

from pydantic import SecretStr

from integrations.heralds.address import posted, reached
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from integrations.providers.filling import Variable
    from orchestration.playbook.model import Integration
    from tgk.ports.runs import RunView
    from tgk.ports.time import Clock

_TRUE: Final = "true"
_MOST_STEPS: Final = 10


class JiraHerald:
    """Implements Herald on Jira's REST API, version 3.

    ``JIRA_URL``, ``JIRA_EMAIL`` and ``JIRA_API_TOKEN`` come from the environment. An issue carries
    the run's id as a label and is looked for before one is made.
    """

    def __init__(self, clock: Clock, variable: Variable) -> None:
        self._clock = clock
        self._variable = variable

    @property
    def type(self) -> Literal["jira"]:
        """Which integrations it serves."""
        return "jira"

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Look whether the host answers, and whether everything is there to be let in."""
        if not settings.get("project"):
            raise Rejected("Jira", "The playbook names no project.")
        url, _, _ = (self._value(name) for name in ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN"))
        await reached("Jira", url)

    async def tell(
        self,
        integration: Integration,  # noqa: ARG002 - named by the protocol
        event: Literal["start", "failure", "success"],
        run: RunView,
        settings: Mapping[str, str],
    ) -> None:
        """Make an issue for a failure; raises Rejected where Jira is not configured."""
        if event != "failure" or settings.get("create_issue_on_failure", _TRUE) != _TRUE:
            return
        project = settings.get("project", "")
        if not project:
            raise Rejected("Jira", "The playbook names no project.")
        label = f"tgk-{run.id}"
        query = {"jql": f'labels = "{label}"', "maxResults": 1, "fields": ["key"]}
        found = (await self._post("/rest/api/3/search/jql", query)).get("issues")
        if not found:
            await self._post(
                "/rest/api/3/issue", {"fields": _fields(project, label, run, settings)}
            )

    async def _post(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        url, email, token = (
            self._value(name) for name in ("JIRA_URL", "JIRA_EMAIL", "JIRA_API_TOKEN")
        )
        account = base64.b64encode(f"{email}:{token}".encode()).decode()
        headers = {"Authorization": SecretStr(f"Basic {account}")}
        address = url.rstrip("/") + quote(path)
        answer = await posted("Jira", address, body, clock=self._clock, headers=headers)
        read = answer.json()
        return read if isinstance(read, dict) else {}

    def _value(self, name: str) -> str:
        found = self._variable(name)
        if found is None:
            raise Rejected("Jira", f"{name} is not set.", remedy="Set it where the bot runs.")
        return found.get_secret_value()


def _fields(project: str, label: str, run: RunView, settings: Mapping[str, str]) -> dict[str, Any]:
    failed = [f"{step.path}: {step.note}" for step in run.steps if step.state == "failed"]
    lines = [run.reason or "It failed.", *failed[:_MOST_STEPS], f"Started by {run.starter.person}."]
    paragraphs = [
        {"type": "paragraph", "content": [{"type": "text", "text": line}]} for line in lines if line
    ]
    return {
        "project": {"key": project},
        "issuetype": {"name": settings.get("issue_type", "Task")},
        "summary": f"{run.playbook} failed ({run.id})",
        "labels": [label],
        "description": {"type": "doc", "version": 1, "content": paragraphs},
    }
