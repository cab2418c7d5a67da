"""Where a secret is kept, in one word: what a parameter of type ``secret`` is, never the secret.

``environment:NAME``, ``vault:/path#key``, or the name of one that the playbook itself declares.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from orchestration.playbook.model import Secret
from orchestration.playbook.origin import Span
from orchestration.playbook.patterns import fits

if TYPE_CHECKING:
    from orchestration.playbook.model import Parameter, Playbook

_NAME: Final = r"[A-Za-z_][A-Za-z0-9_]{0,127}"
_STEP: Final = r"[A-Za-z0-9_][A-Za-z0-9_.@-]{0,63}"
PLACE: Final = rf"environment:{_NAME}|vault:/?{_STEP}(?:/{_STEP})+(?:#{_STEP})?"
"""As a pattern, for people's editors as well."""
DECLARED: Final = r"[A-Za-z_][A-Za-z0-9_-]{0,63}"
PLACES_HELP: Final = (
    "write where the secret is kept, never the secret itself: environment:NAME, vault:PATH#KEY, or "
    "the name of one under `secrets`"
)
_NOWHERE = Span(1, 1)


def is_place(text: object) -> bool:
    """Say whether this names a place, whatever is there."""
    return isinstance(text, str) and re.fullmatch(PLACE, text) is not None


def secret_at(place: str, name: str) -> Secret:
    """Return the secret that is kept at a place; ``name`` says which of several in Vault."""
    source, _, rest = place.partition(":")
    if source == "environment":
        return Secret(name=name, span=_NOWHERE, source="environment", variable=rest)
    path, _, key = rest.partition("#")
    return Secret(name=name, span=_NOWHERE, source="vault", path=path, key=key)


def place_of(secret: Secret) -> str:
    """Return the place of a declared secret."""
    if secret.source == "environment":
        return f"environment:{secret.variable or secret.name.upper()}"
    return f"vault:{secret.path}" + (f"#{secret.key}" if secret.key else "")


def places_of(playbook: Playbook) -> dict[str, str]:
    """Return the places of the secrets that a playbook declares, by name."""
    return {each.name: place_of(each) for each in playbook.secrets}


def secret_parameters(playbook: Playbook) -> tuple[str, ...]:
    """Return the parameters whose values are places of secrets."""
    return tuple(each.name for each in playbook.parameters if each.type == "secret")


def offered(parameter: Parameter, playbook: Playbook) -> tuple[str, ...]:
    """Return what whoever starts a run may choose from, besides what ``pattern`` allows."""
    listed = parameter.choices or tuple(places_of(playbook))
    default = (parameter.default,) if parameter.default is not None else ()
    return tuple(dict.fromkeys(str(each) for each in (*listed, *default)))


def placed(parameter: Parameter, playbook: Playbook, text: object, *, trusted: bool) -> str:
    """Return the place that a value means; raises ValueError, which never repeats the value.

    Somebody who starts a run may name only what the author offers: what the process can read is
    more than what everybody may have sent somewhere. What an author wrote is ``trusted``.
    """
    declared = places_of(playbook)
    place = declared.get(text, text) if isinstance(text, str) else ""
    if not isinstance(place, str) or not is_place(place):
        listed = ", ".join(offered(parameter, playbook))
        raise ValueError(f"{PLACES_HELP}{f' ({listed})' if listed else ''}; nothing was kept of it")
    allowed = bool(parameter.pattern) and fits(parameter.pattern, place)
    known = {declared.get(each, each) for each in offered(parameter, playbook)}
    if trusted or allowed or place in known:
        return place
    listed = ", ".join(offered(parameter, playbook))
    raise ValueError(
        f"write one of {listed}" if listed else
        "its author offers no place: declare it under `secrets`, or name places with `enum` or "
        "`pattern`"
    )  # fmt: skip
