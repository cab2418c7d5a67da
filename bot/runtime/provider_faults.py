"""What is wrong with ``providers:`` of discovery.yml, and with the names that they are told."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any

from commands.ops.arguments import argument_names
from integrations.providers.filling import arguments_in
from tgk.families import family_of
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tgk.bindings import NotificationTarget, Provider
    from tgk.command import Command
    from tgk.discovery import Discovery
    from tgk.yaml_marks import Document, Fault
    from tgk.yaml_marks import Path as Place

_WAYS = ("channel", "council", "slack", "pagerduty", "opsgenie")


@dataclass(frozen=True, slots=True)
class Operable:
    """What a provider may be told for a command, and what the command promises."""

    arguments: frozenset[str]
    outputs: frozenset[str]

    def __or__(self, other: Operable) -> Operable:
        return Operable(self.arguments | other.arguments, self.outputs | other.outputs)


def operable(commands: Iterable[Command[Any]]) -> dict[str, Operable]:
    """Return every command that a provider does, and every family of such."""
    found: dict[str, Operable] = {}
    for entry in commands:
        if entry.plan is None:
            continue
        own = Operable(frozenset(argument_names(entry)), frozenset(entry.outputs))
        found[entry.name] = own
        family = family_of(entry.name)
        found[family] = found.get(family, own) | own
    return found


def named_in(document: Document, path: Place) -> list[str] | None:
    """Return the names written in a section, which may be at fault itself; none if it is absent.

    None where the section, or one around it, cannot be read: what it names is not known then.
    """
    for depth in range(1, len(path) + 1):
        node = document.node(path[:depth])
        if node is None:
            return []
        if not isinstance(node.value, dict):
            return None
    return list(node.keys) if node else []


class ProviderFaults:
    """Checks the section against the rest of the file and against the commands."""

    def __init__(
        self, estate: Discovery, document: Document, known: Mapping[str, Operable] | None
    ) -> None:
        self._estate = estate
        self._document = document
        self._known = known

    def __iter__(self) -> Iterator[Fault]:
        yield from self._names_of_services()
        yield from self._names_of_environments()
        for name, provider in self._estate.providers.items():
            path = ("providers", name)
            yield from self._kinds(path, provider)
            yield from self._component(path, provider)
            yield from self._targets(path, provider)
            yield from self._program(path, provider)
            yield from self._against_command(path, provider)

    def _kinds(self, path: Place, provider: Provider) -> Iterator[Fault]:
        every = [name for name in type(provider).model_fields if name != "component"]
        kinds = self._written(path, every)  # those at fault otherwise as well
        if len(kinds) == 1:
            return
        what = f"{path[1]} names {' and '.join(kinds)}" if kinds else f"{path[1]} names nobody"
        hint = "keep one of them" if kinds else f"add one of {', '.join(every)}"
        yield self._document.fault(path, what, hint, key=True)

    def _written(self, path: Place, keys: Iterable[str]) -> list[str]:
        """Return which of these keys stand at a place."""
        node = self._document.node(path)
        found = node.keys if node else ()
        return [key for key in keys if key in found]

    def _component(self, path: Place, provider: Provider) -> Iterator[Fault]:
        known = self._components_written()
        if known is not None and provider.component and provider.component not in known:
            what = f'there is no service "{provider.component}", nor one with that alias'
            hint = _meant(provider.component, known)
            yield self._document.fault((*path, "component"), what, hint)

    def _components_written(self) -> list[str] | None:
        """Return every service and alias, those at fault otherwise as well."""
        services = named_in(self._document, ("services",))
        if services is None:
            return None
        places = [("services", name, "aliases") for name in services]
        lists = [node.plain() for place in places if (node := self._document.node(place))]
        aliases = [str(each) for found in lists if isinstance(found, list) for each in found]
        return [*services, *aliases]

    def _targets(self, path: Place, provider: Provider) -> Iterator[Fault]:
        if provider.notification is None:
            return
        targets = provider.notification.targets
        if not targets:
            at = (*path, "notification", "targets")
            yield self._document.fault(at, "nobody is told", f"add one of {', '.join(_WAYS)}")
        for position, target in enumerate(targets):
            at = (*path, "notification", "targets", position)
            ways = [way for way in _WAYS if getattr(target, way)]
            if len(ways) != 1:
                what = f"this target names {' and '.join(ways) or 'no way to be told'}"
                yield self._document.fault(at, what, f"write one of {', '.join(_WAYS)}")
            else:
                yield from self._reach(at, target)

    def _reach(self, at: Place, target: NotificationTarget) -> Iterator[Fault]:
        channels = named_in(self._document, ("discord", "channels"))
        if channels is not None and target.channel and target.channel not in channels:
            what = f'discord.channels has no "{target.channel}"'
            hint = _meant(target.channel, channels, "add it there with its id")
            yield self._document.fault((*at, "channel"), what, hint)
        if target.council and self._document.node(("telegram",)) is None:
            what = "there is no council to tell"
            hint = "add telegram.council with its chat and members"
            yield self._document.fault((*at, "council"), what, hint)

    def _program(self, path: Place, provider: Provider) -> Iterator[Fault]:
        argv = provider.process.argv if provider.process else ()
        at = (*path, "process", "argv")
        if argv and not argv[0].startswith("/"):
            what, hint = (
                f'"{argv[0]}" is no full path',
                f"write it whole, such as /usr/bin/{argv[0]}",
            )
            yield self._document.fault((*at, 0), what, hint)
        for position, word in enumerate(argv):
            for name in arguments_in(word):
                what = f"{{{name}}} is not filled in here: the words of argv are fixed"
                hint = f'move it to options, as in {name}: "{{{name}}}"'
                yield self._document.fault((*at, position), what, hint)

    def _against_command(self, path: Place, provider: Provider) -> Iterator[Fault]:
        if self._known is None:
            return
        name = str(path[1])
        promised = self._known.get(name)
        if promised is None:
            what = f"no provider does a command {name}"
            yield self._document.fault(path, what, _meant(name, self._known), key=True)
            return
        for kind in provider.kinds:
            body = getattr(provider, kind).model_dump(exclude={"argv"})
            yield from self._told((*path, kind), body, promised)
            yield from self._promised((*path, kind, "output"), body.get("output") or {}, promised)

    def _told(self, path: Place, body: Any, known: Operable) -> Iterator[Fault]:
        """Name every argument that the command does not have."""
        for at, text in _texts(path, body):
            for argument in arguments_in(text):
                if argument not in known.arguments:
                    what = f"/{path[1]} has no argument {argument}"
                    yield self._document.fault(at, what, _meant(argument, sorted(known.arguments)))

    def _promised(self, path: Place, output: Iterable[str], known: Operable) -> Iterator[Fault]:
        """Name every output that the command does not promise."""
        for name in output:
            if name not in known.outputs:
                what = f"/{path[1]} does not promise an output {name}"
                hint = _meant(name, sorted(known.outputs))
                yield self._document.fault((*path, name), what, hint, key=True)

    def _names_of_services(self) -> Iterator[Fault]:
        """Name every alias that means something else already."""
        taken = dict.fromkeys(self._estate.services, "a service")
        for name, service in self._estate.services.items():
            for position, alias in enumerate(service.aliases):
                if alias in taken:
                    at = ("services", name, "aliases", position)
                    what = f"{alias} is {taken[alias]} already"
                    yield self._document.fault(at, what, "choose another name")
                taken.setdefault(alias, f"{name}'s other name")

    def _names_of_environments(self) -> Iterator[Fault]:
        """Name every slot, and other name, that means something else already."""
        taken = dict.fromkeys(self._estate.environments, "an environment")
        for name, environment in self._estate.environments.items():
            others = (("aliases", environment.aliases, "another name"),
                      ("slots", environment.slots, "a slot"))  # fmt: skip
            for key, listed, what in others:
                for position, word in enumerate(listed):
                    if word in taken:
                        at, told = ("environments", name, key, position), f"{word} is {taken[word]}"
                        hint = f"choose another, such as {name}-{word}"
                        yield self._document.fault(at, f"{told} already", hint)
                    taken.setdefault(word, f"{what} of {name}")


def _texts(path: Place, value: Any) -> Iterator[tuple[Place, str]]:
    """Yield every text below a place, with where it stands."""
    if isinstance(value, str):
        yield path, value
    elif isinstance(value, dict):
        yield from chain.from_iterable(_texts((*path, key), each) for key, each in value.items())
    elif isinstance(value, list | tuple):
        each_at = (_texts((*path, number), each) for number, each in enumerate(value))
        yield from chain.from_iterable(each_at)


def _meant(name: str, known: Iterable[str], otherwise: str = "") -> str:
    listed = list(known)
    near = nearest(name, listed)
    return f'did you mean "{near[0]}"?' if near else otherwise or f"known: {', '.join(listed)}"
