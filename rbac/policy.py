"""The shape of ``rbac/policy.yml``: roles, people, and the exceptions an operator writes."""

from __future__ import annotations

import hashlib
from typing import Annotated

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

_WORD = r"[a-z0-9][a-z0-9_.-]{0,31}"
PERMISSION = rf"^(\*|/{_WORD}( {_WORD})?)$"
ROLE = r"^[a-z][a-z0-9_-]{0,31}$"
PERSON = r"^[a-z0-9][a-z0-9._-]{0,62}$"
_TOKEN = r"[A-Za-z0-9][A-Za-z0-9._/#@:+-]{0,127}"  # noqa: S105 - a pattern, not a secret
LITERAL = rf"^(\*|{_TOKEN})$"
PREFIX = r"^(\*|[A-Za-z0-9#][A-Za-z0-9._/#@:+-]{0,127}\*?)$"
WHO = (
    r"^(everyone|role:[a-z][a-z0-9_-]{0,31}|person:[a-z0-9][a-z0-9._-]{0,62}|telegram:council"
    rf"|(discord|telegram|cli|console):(user|role):{_TOKEN}|gateway:{_TOKEN})$"
)
ACCOUNT = rf"^{_TOKEN}$"

SHAPES = {
    PERMISSION: 'a permission such as "/deploy" or "/infra deploy", or "*" for every one',
    ROLE: "a role name of lower-case letters, digits, _ and -",
    PERSON: "a name of lower-case letters, digits, ., _ and -",
    LITERAL: 'one name, or "*" for every one',
    PREFIX: 'a name, a beginning such as "api-*", or "*"',
    WHO: "everyone, role:<name>, person:<name>, or an account such as discord:user:<id>",
    ACCOUNT: "an account id of the platform, without spaces",
}


def _number_as_text(value: object) -> object:
    """Let ids stand without quotation marks."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


RoleName = Annotated[str, Field(pattern=ROLE)]
PersonName = Annotated[str, Field(pattern=PERSON)]
Permission = Annotated[str, Field(pattern=PERMISSION)]
AccountId = Annotated[
    str,
    BeforeValidator(_number_as_text, json_schema_input_type=str | int),
    Field(pattern=ACCOUNT),
]
One = Annotated[str, Field(pattern=LITERAL)]
Many = Annotated[str, Field(pattern=PREFIX)]


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Role(_Section):
    """A set of permissions that people hold together."""

    permissions: tuple[Permission, ...] = Field(
        default=(),
        description='such as "/deploy", or "/infra deploy" for one verb; "*" is every one',
    )
    inherits: tuple[RoleName, ...] = Field(
        default=(), description="roles whose permissions this one has as well"
    )


class Accounts(_Section):
    """The same person on each platform."""

    discord: AccountId | None = Field(default=None, description="user id")
    telegram: AccountId | None = Field(default=None, description="user id")
    cli: AccountId | None = Field(default=None, description="TGK_USER of the terminal")
    console: AccountId | None = Field(default=None, description="name in the web console")

    def listed(self) -> tuple[tuple[str, str], ...]:
        """Return platform and id of each account."""
        return tuple((platform, value) for platform, value in self if value is not None)


class Member(_Section):
    """One person."""

    roles: tuple[RoleName, ...] = Field(default=(), description="names under roles:")
    accounts: Accounts = Accounts()


class Source(_Section):
    """A signed webhook that calls by itself."""

    roles: tuple[RoleName, ...] = Field(description="names under roles:")


class Exemption(_Section):
    """One permission given or refused to somebody, as narrowly as the operator likes."""

    who: Annotated[str, Field(pattern=WHO)] = Field(
        description="everyone, role:<name>, person:<name>, or an account"
    )
    permission: Permission = Field(description='such as "/deploy", or "/infra deploy" for one verb')
    environment: One = "*"
    service: Many = "*"
    channel: Many = "*"
    action: One = Field(default="*", description="one verb, where permission names none")
    nbf: AwareDatetime | None = Field(default=None, description="not before this time")
    exp: AwareDatetime | None = Field(default=None, description="no longer from this time on")


WEBHOOKS = ("alertmanager", "event", "github")


class Policy(_Section):
    """The whole file."""

    roles: dict[RoleName, Role] = Field(min_length=1, description="what each role may do")
    everyone: tuple[Permission, ...] = Field(
        default=(), description="for every member and whoever holds a role"
    )
    members: dict[PersonName, Member] = Field(default={}, description="one entry a person")
    sources: dict[Annotated[str, Field(pattern=ACCOUNT)], Source] = Field(
        default={}, description="webhooks and their roles; absent: all have the role webhook"
    )
    grants: tuple[Exemption, ...] = Field(default=(), description="allowed in addition")
    denies: tuple[Exemption, ...] = Field(default=(), description="refused whatever else allows it")

    def callers(self) -> dict[str, tuple[str, ...]]:
        """Return the roles of each webhook by its source."""
        if self.sources or "webhook" not in self.roles:
            return {name: source.roles for name, source in self.sources.items()}
        return dict.fromkeys(WEBHOOKS, ("webhook",))

    def digest(self, *context: object) -> str:
        """Return what changes whenever a decision could: comments and layout do not count."""
        parts = [self.model_dump_json(), *(repr(part) for part in context)]
        return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
