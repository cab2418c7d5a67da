"""Who may do what: the question every door asks, and the answer with its reasons."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from tgk.caller import Caller, Platform

OUTWARD: Final = frozenset({"/http", "/shell"})
"""Permissions of steps that reach outside of the commands; their target's service is what they
reach, a host or a program."""


@dataclass(frozen=True, slots=True)
class Target:
    """What a command would act on; ``-`` means not given, which only a policy ``*`` matches."""

    environment: str = "-"
    service: str = "-"
    channel: str = "-"
    action: str = "-"
    """The sub-verb of commands with several, such as ``run`` of ``/orchestrate run``."""


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict with what is needed to explain it to the one refused."""

    allowed: bool
    rule: str
    """The policy row that decided, or ``no rule`` when nothing allowed it."""
    roles_held: tuple[str, ...] = ()
    roles_needed: tuple[str, ...] = ()
    """Roles that would have been allowed."""
    people: tuple[str, ...] = ()
    """Members who may do it."""


class Guard(Protocol):
    """Decides from the loaded policy, without I/O; deny by default."""

    @property
    def version(self) -> str:
        """A digest of the loaded policy."""

    def decide(self, caller: Caller, permission: str, target: Target) -> Decision:
        """Say whether the caller may use ``permission`` (as in ``/deploy``) on the target."""

    def permissions(self) -> frozenset[str]:
        """Every permission the policy names, for the contract between registry and policy."""


class Directory(Protocol):
    """Turns a platform's account into a person."""

    def resolve(
        self,
        platform: Platform,
        user_id: str,
        *,
        name: str,
        channel: str,
        groups: frozenset[str] = frozenset(),
    ) -> Caller:
        """Return the caller behind an account; ``groups`` are platform role ids."""

    def account(self, person: str, platform: Platform) -> str | None:
        """Return the account id of a member on a platform, to mention them."""
