"""What a playbook is checked against."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from orchestration.playbook.model import Playbook
    from tgk.registry import Registry


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a playbook is checked against."""

    registry: Registry
    playbooks: Mapping[str, Playbook] = field(default_factory=dict)
    """By name, the one that is checked not needed among them."""
    http: bool = False
    shell: bool = False
    """Whether an operator allowed these kinds of steps."""
    hosts: tuple[str, ...] | None = None
    programs: frozenset[str] | None = None
    """What they may reach; None for anything."""
