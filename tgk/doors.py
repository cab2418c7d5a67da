"""The doors through which somebody asks."""

from __future__ import annotations

from typing import Literal

Door = Literal["discord", "telegram", "cli", "console", "gateway", "playbook"]
CHAT_AND_TERMINAL: frozenset[Door] = frozenset(
    {"discord", "telegram", "cli", "console", "playbook"}
)
WEBHOOK_ONLY: frozenset[Door] = frozenset({"gateway"})
