"""Values of a playbook's secrets: from the environment, or from Vault's KV store, version 2."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from integrations.http import HttpPort, Patience
from integrations.variables import not_set
from tgk.errors import Missing, Rejected

if TYPE_CHECKING:
    from collections.abc import Iterable

    from integrations.providers.filling import Variable
    from orchestration.playbook.model import Secret
    from tgk.ports.time import Clock

_PATIENCE: Final = Patience(timeout=5.0)
_OWN: Final = frozenset(
    {
        "AUDIT_HMAC_KEY", "DATABASE_URL", "D12_TOKEN", "DISCORD_TOKEN", "GITHUB_TOKEN",
        "GITHUB_WEBHOOK_SECRET", "JIRA_API_TOKEN", "OPENAI_API_KEY", "OTEL_EXPORTER_OTLP_HEADERS",
        "TELEGRAM_BOT_TOKEN", "VAULT_TOKEN",
    }
)  # fmt: skip
_OWN_BEGINNINGS: Final = ("AWS_", "TGK_")
"""What the program itself is trusted with: no playbook may have it."""


class SecretSources:
    """Implements Secrets. A value is fetched at each use and kept nowhere.

    Vault is found by ``VAULT_ADDR`` and asked with ``VAULT_TOKEN`` (``VAULT_NAMESPACE`` where there
    is one). The first part of a path is the mount: ``/secrets/prod/db`` is ``prod/db`` of the
    store mounted at ``secrets``. A secret that holds one value needs no ``key``; of several,
    ``key`` or the secret's own name says which. Variables that ``providers`` take belong to them.
    """

    def __init__(
        self,
        clock: Clock,
        variable: Variable,
        *,
        providers: Iterable[str] = (),
        simulated: bool = False,
    ) -> None:
        self._simulated = simulated
        self._clock = clock
        self._variable = variable
        self._own = _OWN.union(providers)

    async def reveal(self, secret: Secret) -> str:
        """Return the value, for one use.

        Raises Missing when there is none, Unavailable when its keeper does not answer.
        """
        if secret.source == "environment":
            return self._environment(secret.variable or secret.name.upper())
        return _chosen(secret, await self._vault(secret.path))

    def _environment(self, name: str) -> str:
        if name in self._own or name.startswith(_OWN_BEGINNINGS):
            raise Rejected(
                "The environment", f"{name} belongs to the bot; no playbook may have it."
            )
        found = self._variable(name)
        if found is None:
            raise Missing("variable", name)
        return found.get_secret_value()

    async def _vault(self, path: str) -> dict[str, Any]:
        address, token = self._variable("VAULT_ADDR"), self._variable("VAULT_TOKEN")
        if address is None or token is None:
            unset = "VAULT_ADDR" if address is None else "VAULT_TOKEN"
            raise not_set("Vault", unset, simulated=self._simulated)
        mount, _, inner = path.strip("/").removeprefix("data/").partition("/")
        if not inner or ".." in inner.split("/"):
            raise Missing("path in Vault", path)
        namespace = self._variable("VAULT_NAMESPACE")
        headers = {"X-Vault-Token": token}
        if namespace is not None:
            headers["X-Vault-Namespace"] = namespace
        async with HttpPort(
            "Vault",
            address.get_secret_value(),
            clock=self._clock,
            headers=headers,
            patience=_PATIENCE,
        ) as port:
            where = f"/v1/{quote(mount, safe='')}/data/{quote(inner)}"
            answer = await port.request("GET", where, missing=("secret", path))
        return _data(answer.json())


def _data(answer: Any) -> dict[str, Any]:
    """Return the pairs of a KV version 2 answer."""
    data = answer.get("data") if isinstance(answer, dict) else None
    pairs = data.get("data") if isinstance(data, dict) else None
    if not isinstance(pairs, dict):
        raise Rejected("Vault", "That path is no KV store of version 2, or was deleted.")
    return pairs


def _chosen(secret: Secret, pairs: dict[str, Any]) -> str:
    names = [secret.key] if secret.key else [secret.name, "value"]
    wanted = next((name for name in names if name in pairs), "")
    if not wanted and not secret.key and len(pairs) == 1:
        wanted = next(iter(pairs))
    if not wanted:
        raise Missing("key in Vault", secret.key or secret.name, known=sorted(pairs))
    value = pairs[wanted]
    return value if isinstance(value, str) else str(value)
