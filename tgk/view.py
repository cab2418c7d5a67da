"""What one caller may see: help, completion and read-only calls on their behalf."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from tgk.errors import Refused
from tgk.families import heads
from tgk.guard import Target
from tgk.ports.runs import RunFilter
from tgk.suggest import completions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from tgk.admission import Admission
    from tgk.backends import Backends
    from tgk.command import Command
    from tgk.context import Context, Invocation
    from tgk.guard import Decision
    from tgk.options import Kind, Option, Request
    from tgk.outcome import Outcome
    from tgk.ports.council import ApprovalRule

    Run: TypeAlias = Callable[[Invocation], Awaitable[Outcome]]

_MOST_CALLS = 8


class View:
    """The registry and the estate through one caller's rights."""

    def __init__(
        self, admission: Admission, backends: Backends, run: Run, invocation: Invocation
    ) -> None:
        self._admission = admission
        self._backends = backends
        self._run = run
        self._invocation = invocation
        self._calls = 0

    def allowed(self) -> tuple[Command[Any], ...]:
        """Return the listed commands that the caller may run on at least one target."""
        return tuple(entry for entry in self.known() if self._anywhere(entry))

    def known(self) -> tuple[Command[Any], ...]:
        """Return every listed command of this door, whoever may run it."""
        door = self._invocation.door
        return tuple(e for e in self._admission.registry if e.listed and door in e.doors)

    def unlisted(self) -> tuple[Command[Any], ...]:
        """Return the other commands of this door: buttons and options lead to them."""
        door = self._invocation.door
        return tuple(e for e in self._admission.registry if not e.listed and door in e.doors)

    def decide(self, name: str, raw: Mapping[str, object]) -> Decision:
        """Say whether the caller could run this; raises like admission for a malformed request."""
        return self._admission.decide(*self._asked(name, raw), self._invocation.caller)

    def may(self, name: str, given: Mapping[str, object]) -> bool:
        """Say whether some complete form of a half-given request could be allowed."""
        admission = self._admission
        return name in admission.registry and admission.could_run(
            admission.registry[name], self._invocation.caller, given
        )

    def explain(self, permission: str, action: str = "-") -> Decision:
        """Say who may use a permission, or one verb of it, on every target."""
        target = Target(action=action)
        return self._admission.guard.decide(self._invocation.caller, permission, target)

    async def rehearse(self, name: str, raw: Mapping[str, object], context: Context) -> None:
        """Ask a command whether it could be done now, as it is asked before it is done.

        Raises InvalidRequest for a malformed request, Missing for a name that the estate does not
        have, and what the command says against it.
        """
        command, request = self._asked(name, raw)
        self._admission.require_known(command, request)
        if command.check:
            await command.check(request, context)

    def question(self, name: str, raw: Mapping[str, object]) -> ApprovalRule | None:
        """Return what the council would be asked first; raises InvalidRequest."""
        command, request = self._asked(name, raw)
        if command.approval is None:
            return None
        return command.approval(request, self._admission.discovery)

    async def dispatch(self, name: str, raw: Mapping[str, object]) -> Outcome:
        """Run a read-only command as the same caller, with its own audit record."""
        if self._admission.registry[name].effect != "read":
            raise Refused(f"/{name} changes something and was not run.")
        self._calls += 1
        if self._calls > _MOST_CALLS:
            raise Refused("Too many look-ups for one question.")
        delivery = f"{self._invocation.delivery}/{self._calls}:{name}"
        return await self._run(
            replace(self._invocation, name=name, raw=raw, delivery=delivery, confirmed=False)
        )

    async def complete(
        self, name: str, option: str, partial: str, given: Mapping[str, object]
    ) -> tuple[str, ...]:
        """Return at most 25 values for an option, only such as the caller may run with.

        Raises UnknownCommand, and RateLimited for whoever asks faster than people type.
        """
        self._admission.count_completion(self._invocation.caller)
        command = self._admission.registry[name]
        found = next((entry for entry in command.options if entry.name == option), None)
        if found is None or not self._anywhere(command):
            return ()
        names = found.choices or await self._candidates(found, given)
        caller, admission = self._invocation.caller, self._admission
        fitting = completions(partial, names, limit=100)
        return tuple(
            value
            for value in fitting
            if admission.could_run(command, caller, {**given, option: value})
            or found.known not in ("service", "component", "environment", "place")
        )[:25]

    async def _candidates(self, option: Option, given: Mapping[str, object]) -> tuple[str, ...]:
        backends = self._backends
        if option.known == "tag":
            return await self._tags(given)
        if option.known == "command":
            names = [entry.name for entry in self.allowed()]
            return tuple(dict.fromkeys([*heads(names), *names]))
        if option.known == "lock":
            held = await backends.locks.held()
            return tuple(lock.key.removeprefix("deploy:") for lock in held)
        if option.known == "approval":
            return tuple(entry.id for entry in await backends.approvals.open())
        if option.known in ("playbook", "run", "checkpoint", "schedule"):
            return await self._of_runs(option.known, given)
        return (self._admission.known(option.known) if option.known else None) or ()

    async def _of_runs(self, kind: Kind, given: Mapping[str, object]) -> tuple[str, ...]:
        """Return names of playbooks, runs, checkpoints of the run that is named, or schedules."""
        backends = self._backends
        if kind == "playbook":
            return tuple(entry.name for entry in await backends.playbooks.entries())
        if kind == "schedule":
            return tuple(entry.name for entry in await backends.schedules.listed())
        if kind == "run":
            return ("current", *[each.id for each in await backends.runs.find(RunFilter())])
        if not (run := str(given.get("workflow", ""))):
            return ()
        found, newest = await backends.runs.checkpoints(run), (await backends.runs.view(run)).id
        return tuple(each.id for each in found if each.run == newest)

    async def _tags(self, given: Mapping[str, object]) -> tuple[str, ...]:
        discovery = self._admission.discovery
        service = discovery.services.get(str(given.get("service", "")))
        environment = discovery.environments.get(str(given.get("env", "")))
        pipeline = (service and service.deploy) or (environment and environment.deploy)
        repositories = [pipeline.repository] if pipeline else []
        repositories += [e.deploy.repository for e in discovery.environments.values() if e.deploy]
        for repository in repositories[:1]:
            return tuple(tag.name for tag in await self._backends.pipelines.tags(repository))
        return ()

    def _asked(self, name: str, raw: Mapping[str, object]) -> tuple[Command[Any], Request]:
        """Return a command with a typed request for it; raises InvalidRequest."""
        command = self._admission.registry[name]
        return command, self._admission.with_defaults(command, command.parse(raw))

    def _anywhere(self, command: Command[Any]) -> bool:
        """Whether some environment and service exist for which the caller may run it."""
        admission, caller = self._admission, self._invocation.caller
        kinds = {option.known: option.name for option in command.options}
        placed = kinds.keys() & {"environment", "place"}
        narrowed = kinds.keys() & {"service", "component"}
        environments = (*admission.discovery.environments,) if placed else ("-",)
        services = (*admission.discovery.services,) if narrowed else ("-",)
        aimed = Target(channel=caller.channel, action=command.verb or "-")
        return any(
            admission.guard.decide(
                caller,
                command.permission,
                replace(aimed, environment=environment, service=service),
            ).allowed
            for environment in environments
            for service in services
        )
