"""A call of a provider, the variables that it may read, and values that mean harm."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pydantic import SecretStr

from integrations.providers.call import Call
from tgk.ports.providers import watch_nothing

if TYPE_CHECKING:
    from tgk.ports.providers import Argument

HOSTILE = ("--force", "a/../b", "..", '"} or up{x="', "a b&c=d", "{version}", "${HOME}", "x\ny")


def call(command: str = "infra deploy", **arguments: Argument) -> Call:
    """Return a call with a key."""
    return Call(command=command, arguments=arguments, key="k1", watch=watch_nothing)


def variable(name: str) -> SecretStr | None:
    """Return the variables of these tests."""
    known = {"TOKEN": "s3cr3t-token", "PAGER": "pager-key-1", "GENIE": "genie-key-1"}
    return SecretStr(known[name]) if name in known else None
