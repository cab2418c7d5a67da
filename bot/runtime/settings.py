"""The environment, read once: tokens, addresses, places. The only reader of ``os.environ``."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NamedTuple
from urllib.parse import unquote, urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    StringConstraints,
    ValidationError,
)

from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

Address = Annotated[str, StringConstraints(pattern=r"^(https?|wss?)://[^\s]+$")]
SOCKET_NAME = "tgk.sock"
"""Under the state folder: where a running bot takes commands from the terminal."""
DEMO_PID = "bot.pid"
"""Under the state folder of a demo: the bot that it starts again when that was killed."""
AUDIT_LOG = "audit.jsonl"
ANCHORS = "audit.anchors"
_OF_THE_PROCESS = frozenset(
    {"AUDIT_HMAC_KEY", "LOG_LEVEL", "TGK_ALERT_TOKEN", "TGK_EVENT_SECRET", "TGK_HOOK_SECRET",
     "TGK_HTTP", "TGK_LEASE", "TGK_SALT", "TGK_SANDBOX_URL", "TGK_STATE", "TGK_USER"}
)  # fmt: skip
"""What is about this process and no system outside: all that counts beside a simulated world."""
_SAID_BY_THE_WORLD = frozenset({"TGK_SIMULATED"})
TOKENS = ("DISCORD_TOKEN", "TELEGRAM_BOT_TOKEN", "GITHUB_TOKEN", "OPENAI_API_KEY", "D12_TOKEN")


def _host_and_port(address: str) -> str:
    """Refuse an address that nobody could listen on, with one that is right."""
    if not re.fullmatch(r"[^\s:]+:[0-9]{1,5}", address):
        raise ValueError("write host:port, such as 127.0.0.1:8080")
    return address


def _salt(value: SecretStr) -> SecretStr:
    """Refuse a salt that is none, without repeating it."""
    if not re.fullmatch(r"[0-9a-fA-F]{64}", value.get_secret_value()):
        raise ValueError("write 64 hexadecimal digits, such as `openssl rand -hex 32` makes")
    return value


def _postgres(url: SecretStr) -> SecretStr:
    """Refuse an address that is none, without repeating it."""
    try:
        parts = urlsplit(url.get_secret_value())
        usable = parts.scheme in ("postgres", "postgresql") and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("write postgresql://user:password@host:5432/database")
    return url


class Settings(BaseModel):
    """What the environment says. Field aliases are the variables' names."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    discord_token: SecretStr | None = Field(
        default=None,
        alias="DISCORD_TOKEN",
        description="token of the Discord application's bot; without it Discord is off",
    )
    telegram_token: SecretStr | None = Field(
        default=None,
        alias="TELEGRAM_BOT_TOKEN",
        description="token that @BotFather gave; without it Telegram is off",
    )
    telegram_council: int | None = Field(
        default=None,
        alias="TELEGRAM_COUNCIL_ID",
        description="chat id of the council; overrides discovery.yml",
    )
    github_token: SecretStr | None = Field(
        default=None,
        alias="GITHUB_TOKEN",
        description="fine-grained token with Actions: write on the repositories that deploy",
    )
    github_webhook_secret: SecretStr | None = Field(
        default=None,
        alias="GITHUB_WEBHOOK_SECRET",
        description="secret that signs POST /git; without it the address refuses",
    )
    alert_token: SecretStr | None = Field(
        default=None,
        alias="TGK_ALERT_TOKEN",
        description="bearer token of POST /alert; without it only this machine may post",
    )
    event_secret: SecretStr | None = Field(
        default=None,
        alias="TGK_EVENT_SECRET",
        description="secret that signs POST /event; without it the address refuses",
    )
    hook_secret: SecretStr | None = Field(
        default=None,
        alias="TGK_HOOK_SECRET",
        description="secret that signs POST /hooks/<playbook>; without it the address refuses",
    )
    openai_api_key: SecretStr | None = Field(
        default=None,
        alias="OPENAI_API_KEY",
        description="key of the model; without key and address /ask quotes documents",
    )
    audit_hmac_key: SecretStr | None = Field(
        default=None,
        alias="AUDIT_HMAC_KEY",
        description="key of the audit chain; without it rewriting the whole log is not noticed",
    )

    salt: Annotated[SecretStr, AfterValidator(_salt)] | None = Field(
        default=None,
        alias="TGK_SALT",
        description="salt of masked secrets, the same for bot and workers; else made and kept",
    )

    discord_api_url: Address | None = Field(
        default=None, alias="DISCORD_API_URL", description="another REST address, such as a proxy"
    )
    discord_gateway_url: Address | None = Field(
        default=None, alias="DISCORD_GATEWAY_URL", description="another gateway address"
    )
    telegram_api_url: Address | None = Field(
        default=None, alias="TELEGRAM_API_URL", description="another Bot API server"
    )
    github_api_url: Address = Field(
        default="https://api.github.com",
        alias="GITHUB_API_URL",
        description="another GitHub, such as an Enterprise Server's /api/v3",
    )
    openai_base_url: Address | None = Field(
        default=None,
        alias="OPENAI_BASE_URL",
        description="any chat-completions server; an agent's own base_url goes before it",
    )
    kubeconfig: Path | None = Field(
        default=None,
        alias="KUBECONFIG",
        description="file with clusters and credentials; without it nothing is scaled",
    )
    loki_url: Address | None = Field(
        default=None, alias="LOKI_URL", description="where services with logs in Loki are read"
    )
    prometheus_url: Address | None = Field(
        default=None, alias="PROMETHEUS_URL", description="where figures come from"
    )
    aws_endpoint_url: Address | None = Field(
        default=None, alias="AWS_ENDPOINT_URL", description="another address for CloudWatch Logs"
    )
    aws_region: str | None = Field(
        default=None,
        alias="AWS_REGION",
        description="region of CloudWatch Logs; credentials are found as the AWS SDK does",
    )
    otlp_endpoint: Address | None = Field(
        default=None,
        alias="OTEL_EXPORTER_OTLP_ENDPOINT",
        description="where runs are sent as traces, OTLP over HTTP: /v1/traces below it",
    )
    otlp_headers: SecretStr | None = Field(
        default=None,
        alias="OTEL_EXPORTER_OTLP_HEADERS",
        description="headers of these requests, such as a key: name=value by commas",
    )
    database_url: Annotated[SecretStr, AfterValidator(_postgres)] | None = Field(
        default=None,
        alias="DATABASE_URL",
        description="PostgreSQL for all that is kept; without it SQLite in the state folder",
    )
    sandbox_url: Address | None = Field(
        default=None,
        alias="TGK_SANDBOX_URL",
        description="a simulated world that runs already, on this machine; never beside a token",
    )

    user: Annotated[str, StringConstraints(max_length=64)] = Field(
        default="",
        alias="TGK_USER",
        description="whose rights the terminal uses; else the login name",
    )
    log_level: Literal["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        default="INFO", alias="LOG_LEVEL", description="how much goes to standard error"
    )
    lease: float = Field(
        default=10.0,
        ge=2,
        le=300,
        alias="TGK_LEASE",
        description="seconds of silence after which others take over; with DATABASE_URL only",
    )
    state: Path = Field(
        default=Path("var"),
        alias="TGK_STATE",
        description="folder of the audit log, the store and the socket",
    )
    http: Annotated[str, AfterValidator(_host_and_port)] = Field(
        default="127.0.0.1:8080",
        alias="TGK_HTTP",
        description="host:port of webhooks, probes and metrics",
    )
    simulated: bool = Field(
        default=False,
        alias="TGK_SIMULATED",
        description="said by the simulated world; every message then says TEST MODE",
    )

    _others: dict[str, SecretStr] = PrivateAttr(default_factory=dict)
    """The whole environment, or all that a simulated world announces: for ``variable`` alone."""

    def variable(self, name: str) -> SecretStr | None:
        """Return a variable that discovery.yml names, None when it is not set."""
        found = self._others.get(name)
        return found if found is not None and found.get_secret_value() else None

    @property
    def has_token(self) -> bool:
        """Whether any platform or service is meant for real."""
        return any((self.discord_token, self.telegram_token, self.github_token))

    def secrets(self) -> tuple[str, ...]:
        """Return every secret value, for redaction only."""
        values = (getattr(self, name) for name in type(self).model_fields)
        told = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        password = urlsplit(self.database).password if self.database else None
        return (*told, *((password, unquote(password)) if password else ()))

    @property
    def database(self) -> str:
        """The address of PostgreSQL as every library reads it; empty for SQLite."""
        url = self.database_url.get_secret_value() if self.database_url else ""
        return url.replace("postgres://", "postgresql://", 1)


def read_settings(
    environ: Mapping[str, str] | None = None, announced: Mapping[str, str] | None = None
) -> Settings:
    """Return the settings of this process; raises ConfigurationInvalid naming every fault.

    ``announced`` are the addresses of the simulated world; beside them the environment names no
    system, and without them nothing is simulated; a world that is named may have a database. An
    empty variable is the same as none.
    """
    source = os.environ if environ is None else environ
    names = {field.alias: name for name, field in Settings.model_fields.items()}
    heard = (_OF_THE_PROCESS if announced else names.keys()) - _SAID_BY_THE_WORLD
    if source.get("TGK_SANDBOX_URL"):
        heard = heard | {"DATABASE_URL"}
    known: dict[str, Any] = {key: source[key].strip() for key in heard if key and source.get(key)}
    known.update({key: value for key, value in (announced or {}).items() if key in names})
    others = source if announced is None else announced
    try:
        settings = Settings.model_validate({key: v for key, v in known.items() if v != ""})
    except ValidationError as error:
        faults = [
            f"{fault['loc'][0]}: {fault['msg'].removeprefix('Value error, ')}"
            for fault in error.errors(include_url=False, include_input=False)
        ]
        raise ConfigurationInvalid(
            "The environment cannot be used.", faults, remedy="Mend or unset these variables."
        ) from None
    settings._others.update({key: SecretStr(str(value).strip()) for key, value in others.items()})  # noqa: SLF001 - ours, and closed from here on
    return settings


class TerminalWishes(NamedTuple):
    """What the person's terminal asks of programs."""

    colour: bool
    dumb: bool
    forced: bool = False
    """Whether cards are wanted although nobody seems to look."""
    summary: Path | None = None
    """Where GitHub Actions takes Markdown for the page of a run."""


def terminal_wishes(environ: Mapping[str, str] | None = None) -> TerminalWishes:
    """Return what is wanted: colour (no-color.org, force-color.org), drawing, and a summary."""
    source = os.environ if environ is None else environ
    forced = source.get("FORCE_COLOR", "0") not in ("", "0")
    summary = source.get("GITHUB_STEP_SUMMARY")
    return TerminalWishes(
        colour=not source.get("NO_COLOR") or forced,
        dumb=source.get("TERM") == "dumb",
        forced=forced,
        summary=Path(summary) if summary else None,
    )


def without_tokens(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment for a child that must not reach anything real."""
    source = os.environ if environ is None else environ
    ours = {field.alias for field in Settings.model_fields.values()} | set(TOKENS)
    return {name: value for name, value in source.items() if name not in ours}
