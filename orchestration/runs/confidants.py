"""Whom an integration may tell a secret: no host that only the author of the playbook chose."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orchestration.playbook.scopes import secret_of
from tgk.errors import Rejected

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from orchestration.playbook.model import Integration
    from orchestration.playbook.template import Template

_ADDRESS: Final = {"slack": "webhook", "jira": "url", "datadog": "site"}
"""The setting of each kind that says where it is told."""
_CREDENTIALS: Final = {
    "slack": {"webhook"}, "jira": {"url", "user", "token"}, "datadog": {"api_key", "site"},
}  # fmt: skip
"""Settings that let us in; all others are shown to whoever reads what was told."""
_OWN: Final = {
    "slack": re.compile(r"https://hooks\.slack(-gov)?\.com"),
    "jira": re.compile(r"https://[a-z0-9-]+\.atlassian\.net"),
    "datadog": re.compile(r"https://api\.([a-z0-9]+\.)?(datadoghq\.(com|eu)|ddog-gov\.com)"),
}
"""Where the services themselves are."""
_HERE: Final = re.compile(r"https?://(localhost|127(\.[0-9]{1,3}){3}|\[::1\])(:[0-9]{1,5})?")
_ORIGIN: Final = re.compile(r"(https?://[^/?#\\$]+)(?=[/?]|$)")


def require_trusted(
    integration: Integration, secrets: Collection[str], hosts: Sequence[str]
) -> None:
    """Let what lets us in be secret where others vouch for the host; raises Rejected elsewhere.

    That is the service itself, this machine, a host of the operator's list, or one whose whole
    address is such a secret. Without the setting it is where the service, or the operator, says.
    """
    where = integration.settings.get(_ADDRESS[integration.type])
    named = {key for key, each in integration.settings.items() if _named(each, secrets)}
    if shown := sorted(named - _CREDENTIALS[integration.type]):
        raise Rejected(integration.type, f"A secret in {shown[0]} would be shown to its readers.")
    if where is None or not named or _is_secret(where, secrets):
        return
    written = f"https://api.{where.source}" if integration.type == "datadog" else where.source
    found = _ORIGIN.match(written)
    origin = found[1] if found else ""
    known = origin in hosts or _OWN[integration.type].fullmatch(origin) or _HERE.fullmatch(origin)
    if not known:
        raise Rejected(
            integration.type,
            "A secret would go to a host that only the playbook names.",
            remedy="List it under playbooks: hosts of discovery.yml, or make the whole "
            f"{_ADDRESS[integration.type]} a secret.",
        )


def _named(template: Template, secrets: Collection[str]) -> bool:
    return any(secret_of(each) in secrets for each in template.references)


def _is_secret(template: Template, secrets: Collection[str]) -> bool:
    """Say whether a setting is one secret and nothing else."""
    lone = re.fullmatch(r"\$\{\s*(?:secrets\.)?([A-Za-z_][A-Za-z0-9_-]*)\s*\}", template.source)
    return lone is not None and lone[1] in secrets
