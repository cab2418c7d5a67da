"""Admission: what stands between a request and its handler, without I/O."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tgk.errors import Denied, Missing, Refused, UnknownCommand
from tgk.guard import Target
from tgk.reply import Action
from tgk.suggest import enumerated, nearest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tgk.caller import Caller
    from tgk.command import Command
    from tgk.context import Invocation
    from tgk.discovery import CommandEntry, Discovery
    from tgk.guard import Decision, Guard
    from tgk.limits import RateLimiter
    from tgk.options import Kind, Request
    from tgk.registry import Registry

NO_RULE = "no rule"
"""What the guard answers when nothing of the policy speaks for or against it."""
EXCUSED = "no rule; the council decides"
_MOST_NAMED = 3
_PLEA_SECONDS = 3600.0
_ANYTHING = "/anything"
"""No row of a policy names it, so only those who may do everything may do it: administrators."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A typed request that the guard let through."""

    command: Command[Any]
    request: Request
    decision: Decision
    excused: bool = False
    """Whether the caller has no right to it, and the council is to decide instead."""


class Admission:
    """Parses, limits and authorises; the same for every surface and every press of a button."""

    def __init__(
        self, registry: Registry, guard: Guard, discovery: Discovery, limiter: RateLimiter
    ) -> None:
        self.registry = registry
        self.guard = guard
        self.discovery = discovery
        self._limiter = limiter

    def admit(self, invocation: Invocation, *, count: bool = True) -> Admitted:
        """Return the request when it may run.

        Raises UnknownCommand, InvalidRequest, RateLimited, Denied, Missing or Refused.
        """
        if count:
            self.count(invocation)
        command = self.registry[invocation.name]
        if invocation.door not in command.doors:
            raise UnknownCommand(invocation.name)
        request = self.with_defaults(command, command.parse(invocation.raw))
        decision = self.decide(command, request, invocation.caller)
        excused = invocation.pleads and self._may_plead(command, decision, invocation.caller)
        if not decision.allowed and not excused:
            raise self.denial(command, request, decision, invocation.caller)
        entry = self.discovery.commands.get(self._listed(command.name))
        self._require_channel(command, invocation.caller, entry)
        self.require_known(command, request)
        if not decision.allowed:
            return Admitted(command, request, replace(decision, rule=EXCUSED), excused=True)
        return Admitted(command, request, decision)

    def count(self, invocation: Invocation) -> None:
        """Count one attempt, whether anybody can read it or not; raises RateLimited."""
        listed = self._listed(invocation.name)
        self._limiter.check(invocation.caller, listed, self.discovery.commands.get(listed))

    def count_completion(self, caller: Caller) -> None:
        """Count one request for values while somebody types; raises RateLimited."""
        self._limiter.check_completion(caller)

    def _listed(self, name: str) -> str:
        """Return the entry of discovery.yml that a command, or what was typed as one, is under."""
        return self.discovery.switched_on(name) or name

    def decide(self, command: Command[Any], request: Request, caller: Caller) -> Decision:
        """Ask the guard about one typed request.

        A change that names no service touches them all: a rule against one of them is against it.
        """
        target = self._meant(command.target(request, caller.channel))
        decision = self.guard.decide(caller, command.permission, target)
        for service in self._left_out(command, target):
            if not decision.allowed:
                break
            decision = self.guard.decide(
                caller, command.permission, replace(target, service=service)
            )
        return decision

    def _meant(self, target: Target) -> Target:
        """Return the target with the environment of a slot and the service of a component."""
        return replace(
            target,
            environment=self.discovery.environment_of(target.environment),
            service=self.discovery.service_of(target.service),
        )

    def _left_out(self, command: Command[Any], target: Target) -> tuple[str, ...]:
        """Return every service when a change could have named one and did not."""
        narrows = any(option.known in ("service", "component") for option in command.options)
        unnamed = command.effect == "change" and narrows and target.service == "-"
        return tuple(self.discovery.services) if unnamed else ()

    def with_defaults(self, command: Command[Any], request: Request) -> Request:
        """Fill in the default environment, and call services and environments by their own names.

        So the guard judges what will really happen.
        """
        estate, changed = self.discovery, dict[str, str]()
        own = {
            "service": estate.service_of, "environment": estate.place_named,
            "place": estate.place_named,
        }  # fmt: skip
        for option in command.options:
            given = getattr(request, option.name)
            usual = not (option.required or option.own_default)
            if given is not None and option.known in own:
                changed[option.name] = own[option.known](given)
            elif given is None and usual and option.known in ("environment", "place"):
                changed[option.name] = estate.default_environment
        return request.model_copy(update=changed) if changed else request

    def denial(
        self, command: Command[Any], request: Request, decision: Decision, caller: Caller
    ) -> Denied:
        """Say who may do it, and what the caller has."""
        target = command.target(request, caller.channel)
        where = f" in {target.environment}" if target.environment != "-" else ""
        if decision.rule.startswith("deny"):
            why = f"A rule of the policy forbids you /{command.name}{where}."
        elif not decision.roles_held:
            why = "You have no role here."
        else:
            roles = enumerated(decision.roles_needed, _MOST_NAMED, last=" or ")
            held = enumerated(decision.roles_held, _MOST_NAMED)
            needed = roles or "a right that no role has"
            why = f"/{command.name}{where} needs {needed}. You have: {held}."
        remedy = self._whom_to_ask(decision, caller)
        may_plead = self._may_plead(command, decision, caller)
        pleas = [_plea(command, request, caller)] if may_plead else []
        return Denied(command.name, decision, why=why, remedy=remedy, ways_out=pleas)

    def _may_plead(self, command: Command[Any], decision: Decision, caller: Caller) -> bool:
        """Say whether the council may be asked: never against a rule, nor by a stranger."""
        open_to_it = command.excusable and command.effect == "change"
        missing = not decision.allowed and decision.rule == NO_RULE
        return open_to_it and missing and caller.known and self.discovery.telegram is not None

    def _whom_to_ask(self, decision: Decision, caller: Caller) -> str:
        """Name who can do it instead; whoever has no role needs an administrator first."""
        if decision.roles_held:
            people, purpose = decision.people, ""
        else:
            people, purpose = self.guard.decide(caller, _ANYTHING, Target()).people, " for a role"
        if not people:
            return f"Ask an administrator{purpose or ' for the role'}."
        some = "one of " if len(people) > 1 else ""
        return f"Ask {some}{', '.join(people[:_MOST_NAMED])}{purpose}."

    def known(self, kind: Kind) -> tuple[str, ...] | None:
        """Return every name of a kind that the estate fixes, None for kinds that change."""
        estate = self.discovery
        fixed: dict[Kind, tuple[str, ...]] = {
            "service": tuple(estate.services), "component": estate.components,
            "environment": tuple(estate.environments), "place": estate.places,
        }  # fmt: skip
        return fixed.get(kind)

    def require_known(self, command: Command[Any], request: Request) -> None:
        """Raise Missing for a name that the estate does not have."""
        for option in command.options:
            value = getattr(request, option.name)
            names = self.known(option.known) if option.known else None
            if names is not None and value is not None and value not in names:
                near = nearest(str(value), names)
                raise Missing(str(option.known), str(value), near, known=names)

    @staticmethod
    def _require_channel(command: Command[Any], caller: Caller, entry: CommandEntry | None) -> None:
        if entry and entry.channels and caller.channel not in entry.channels:
            raise Refused(
                f"/{command.name} was not run.",
                why=f"It only works in {', '.join(entry.channels)}.",
            )

    def could_run(self, command: Command[Any], caller: Caller, raw: Mapping[str, object]) -> bool:
        """Say whether some complete form of a half-typed request may be allowed, for completion."""
        fields = command.request.model_fields
        given = {name: value for name, value in raw.items() if name in fields and value is not None}
        typed = command.request.model_construct(**{**dict.fromkeys(fields), **given})
        target = self._meant(command.target(typed, caller.channel))
        return self.guard.decide(caller, command.permission, target).allowed


def _plea(command: Command[Any], request: Request, caller: Caller) -> Action:
    """Return the button that asks the council to let exactly this be done once."""
    return Action(
        label="Ask for approval",
        command=command.name,
        arguments=request.model_dump(mode="json", exclude_none=True),
        style="primary",
        confirms=True,
        pleads=True,
        only=caller.person,
        lifetime=_PLEA_SECONDS,
    )
