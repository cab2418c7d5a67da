"""Looks whether the model's address answers and knows the models of the agents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from integrations.finding import Finding, fields, port, troubled
from tgk.errors import Rejected, TgkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tgk.discovery import Agent
    from tgk.ports.time import Clock

_OPENAI = "https://api.openai.com/v1"
_UNLISTED = (404, 405, 501)


async def probe(
    key: SecretStr | None, agents: Iterable[Agent], clock: Clock, base_url: str = ""
) -> tuple[Finding, ...]:
    """Return one finding for each agent; no tokens are spent."""
    return tuple([await _agent(key, each, clock, base_url) for each in agents])


async def _agent(key: SecretStr | None, agent: Agent, clock: Clock, base_url: str) -> Finding:
    bearer = SecretStr(f"Bearer {key.get_secret_value() if key else 'none'}")
    address = (agent.base_url or base_url or _OPENAI).rstrip("/")
    async with port("The model", address, clock, {"Authorization": bearer}) as http:
        try:
            answer = await http.request("GET", "/models")
        except Rejected as error:
            if error.status in _UNLISTED:
                return Finding(agent.model, "warn", "reachable; it does not list its models")
            return troubled(agent.model, error, "Renew OPENAI_API_KEY.")
        except TgkError as error:
            return troubled(agent.model, error, "Check OPENAI_BASE_URL and the network.")
    listed = fields(answer).get("data")
    models = listed if isinstance(listed, list) else []
    names = {str(model.get("id")) for model in models if isinstance(model, dict)}
    if names and agent.model not in names:
        do = "Mend agents.*.model in discovery.yml."
        return Finding(agent.model, "bad", f"the server does not offer {agent.model}", do)
    return Finding(agent.model, "ok", "reachable")
