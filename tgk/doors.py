"""The doors through which somebody asks."""

from __future__ import annotations

from typing import Literal

Door = Literal["discord", "telegram", "cli", "console", "gateway", "playbook", "trigger"]
CHAT_AND_TERMINAL: frozenset[Door] = frozenset(
    {"discord", "telegram", "cli", "console", "playbook"}
)
WEBHOOK_ONLY: frozenset[Door] = frozenset({"gateway"})
OUTSIDE_OF_PLAYBOOKS: frozenset[Door] = CHAT_AND_TERMINAL - {"playbook"} | {"trigger"}
"""For what waits for a run: as a step of one it would hold the place that the other waits for."""
