"""What a provider is told of a request."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tgk.errors import ArgumentFault, InvalidRequest

if TYPE_CHECKING:
    from tgk.command import Command
    from tgk.context import Context
    from tgk.discovery import Discovery
    from tgk.options import Request
    from tgk.ports.providers import Argument

ALWAYS = ("environment", "slot", "service", "person")
"""Arguments that follow from the others, for texts in discovery.yml."""


def argument_names(command: Command[Any]) -> tuple[str, ...]:
    """Return every name that a provider of this command may be told."""
    named = (name.strip("_") for name in command.request.model_fields)
    return tuple(dict.fromkeys([*named, *ALWAYS]))


def given(request: Request) -> dict[str, Argument]:
    """Return the options that were given, flags only when they are set."""
    pairs = ((name.strip("_"), value) for name, value in request)
    return {name: value for name, value in pairs if value is not None and value is not False}


def arguments_of(command: str, request: Request, discovery: Discovery) -> dict[str, Argument]:
    """Return the options given, and what follows from them: where, and which service."""
    told = given(request)
    where = "environment" if "environment" in type(request).model_fields else "to"
    place = str(told.get(where, discovery.default_environment))
    provider = discovery.provider_of(command)
    if "component" in type(request).model_fields and "component" not in told:
        usual = provider.component if provider else None
        told |= {"component": usual} if usual else {}
    if component := told.get("component"):
        told["service"] = discovery.service_of(str(component))
    told["environment"] = discovery.environment_of(place)
    if place != told["environment"]:
        told["slot"] = place
    return told


def told_by(command: str, request: Request, context: Context) -> dict[str, Argument]:
    """Return the arguments, and who asks."""
    found = arguments_of(command, request, context.discovery)
    return {**found, "person": context.caller.person}


def require_here(
    command: str, request: Request, options: tuple[str, ...], discovery: Discovery
) -> None:
    """Refuse an option that names a place of another environment than the one that was judged.

    Raises InvalidRequest; names that are no places of ours, such as another site, are left alone.
    """
    told = arguments_of(command, request, discovery)
    for name in options:
        value = str(told.get(name, ""))
        elsewhere = discovery.environment_of(value)
        if value in discovery.places and elsewhere != told["environment"]:
            message = f"{value} belongs to {elsewhere}, not to {told['environment']}"
            hint = f"{message}; say --environment {elsewhere} as well"
            raise InvalidRequest(command, [ArgumentFault(name, hint)])
