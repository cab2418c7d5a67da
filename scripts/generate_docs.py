"""Write docs/commands.md and docs/configuration.md; with --check, fail when one differs."""

from __future__ import annotations

import sys
import types
import typing
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import yaml
from pydantic import BaseModel, SecretStr
from pydantic_core import PydanticUndefined

import commands
from bot.cli.exits import MEANINGS
from bot.runtime.settings import Settings
from tgk.discovery import Discovery
from tgk.registry import collect
from tgk.spelling import spelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pydantic.fields import FieldInfo

    from tgk.command import Command
    from tgk.options import Option

ROOT = Path(__file__).parent.parent
EXAMPLES: dict[str, str] = {
    "status": """/status event-gateway

Sovereignty Architecture: status check
Service: event-gateway
State: Running
Version: v1.2.3
Replicas: 2/2""",
    "logs": """/logs discord-ops-bot --tail 50

Last 50 lines from discord-ops-bot:
[2024-01-15 10:23:45] INFO: Command /status executed
[2024-01-15 10:23:46] INFO: Fetched metrics from Prometheus
...""",
    "deploy": """/deploy staging v1.2.3

Deploying v1.2.3 to staging
Triggered workflow: deploy-staging-1234
Monitor: https://github.com/org/repo/actions/runs/1234""",
    "scale": """/scale event-gateway 3

Scaling event-gateway to 3 replicas
Previous: 2
New: 3
ETA: ~30 seconds""",
    "ask": """/ask What's the current deployment strategy for valoryield?

[gpt-4o-mini] The valoryield-engine uses blue-green deployment with automatic rollback...""",
    "lock": """/lock production database migration until noon

production is locked
Reason: database migration until noon""",
    "unlock": """/unlock production

production is unlocked
Unlocked by: dana""",
}
"""How each reads in the wording that people script against."""

KNOWN = {
    "service": "a service of discovery.yml", "environment": "an environment of discovery.yml",
    "tag": "a tag of the repository", "command": "a command", "approval": "an open question",
    "lock": "a lock", "component": "a service of discovery.yml, or another name of it",
    "place": "an environment of discovery.yml, or a slot of one",
}  # fmt: skip

COMMANDS_HEAD = """# Commands

Every command is the same on Discord (slash commands, or typed after a mention of the bot), on
Telegram, in the terminal (`tgk status event-gateway`) and behind every button. In typed lines,
options go by position or by name: `/logs event-gateway 200`, `/logs event-gateway --tail 200` and
`/logs event-gateway --tail=200` mean the same. A value in quotes is always a value. Free text
goes on up to the next option: put it in quotes if it holds words such as `--force`; only where it
is a file, or all that a command takes, everything that follows is text. Whatever you
may not run is refused with the role it needs, and recorded. On Discord a mention with several
words that are no command, such as `@bot why is staging slow`, is a question for `/ask`.

*Reads* change nothing and repeat freely. *Changes* run to their end although the bot is stopped
or killed, happen once, and are recorded before and after. "Who" is what the shipped
`rbac/policy.yml` says; yours decides.
"""

CONFIGURATION_HEAD = """# Configuration

Three places: `discovery.yml` says what exists, [`rbac/policy.yml`](../rbac/policy.yml) says who
may, the environment says how to get in. All are checked whole at start: every fault is named at
once, with file and line and what to write instead. `tgk config check` does the same without
starting. Your editor completes both files from [`docs/schemas`](schemas).

## discovery.yml

A key in **bold** must be there. `<name>` stands for a name of your choice.
"""

ENVIRONMENT_HEAD = """## Environment

Without any token the bot talks to a simulated world and says TEST MODE everywhere. With one, what
has no token is off and says so; nothing is simulated beside it. A token that is refused is an
error. An empty variable is the same as none.
"""

OTHERS_HEAD = """### What secrets and integrations read

Read when a playbook needs them, not at start; a playbook cannot have the values itself. A
simulated world reads no variables of yours.

| variable | meaning |
|---|---|
| `VAULT_ADDR` | Vault, such as `https://vault.example.com:8200`: secrets with `source: vault` |
| `VAULT_TOKEN` | token that may read them; KV version 2 |
| `VAULT_NAMESPACE` | namespace, where Vault has any |
| `JIRA_URL` | Jira, such as `https://example.atlassian.net`: `type: jira` without `url` |
| `JIRA_EMAIL` | account there |
| `JIRA_API_TOKEN` | API token of that account |
| `DATADOG_API_URL` | another address than `https://api.<site>`, such as a proxy |

Slack, PagerDuty and Opsgenie have no variables of a fixed name: `notify team` takes those that
[`providers`](#providersnamenotificationtargets) name, such as `${SLACK_WEBHOOK}`,
`${PAGERDUTY_KEY}` or `${OPSGENIE_KEY}`; a playbook names its own under `secrets`. Both are read
where the bot runs. [Playbooks](playbooks.md#who-else-hears-of-a-run) shows an example of each.
"""


def main(arguments: list[str]) -> int:
    """Return 1 when a page would change and only a check was asked for."""
    stale = [path for path, text in pages().items() if _current(path) != text]
    for path in stale:
        print(f"{path} is not what the program says; run scripts/generate_docs.py")
    if "--check" in arguments:
        return 1 if stale else 0
    for path, text in pages().items():
        (ROOT / path).write_text(text, encoding="utf-8")
    return 0


def _current(path: str) -> str:
    file = ROOT / path
    return file.read_text(encoding="utf-8") if file.exists() else ""


def pages() -> dict[str, str]:
    """Return the text of both pages by their path."""
    return {
        "docs/commands.md": "\n".join(commands_page()),
        "docs/configuration.md": "\n".join(configuration_page()),
    }


def commands_page() -> Iterator[str]:
    """Yield the lines about every command: first what people type, then what webhooks bring."""
    yield COMMANDS_HEAD
    found = sorted(collect(commands), key=lambda entry: entry.name)
    typed = [entry for entry in found if "gateway" not in entry.doors]
    yield "| command | what it does | who |"
    yield "|---|---|---|"
    for entry in typed:
        yield f"| [`{entry.usage}`](#{_anchor(entry)}) | {entry.summary} | {_who(entry)} |"
    yield ""
    told: set[str] = set()
    for entry in typed:
        if entry.family and entry.family not in told:
            told.add(entry.family)
            yield from _family([each for each in typed if each.family == entry.family])
        yield from _command(entry)
    yield "## From webhooks"
    yield ""
    yield "Nobody types these; signed events become them, with the same checks and records."
    yield ""
    for entry in found:
        if entry not in typed:
            yield f"- `/{entry.name}` ← `POST /{entry.name}`: {entry.summary}. {_who(entry)}."
    yield ""


def _anchor(entry: Command[Any]) -> str:
    return entry.name.replace(" ", "-")


def _family(entries: list[Command[Any]]) -> Iterator[str]:
    """Say once what holds for every verb of a family."""
    family = entries[0].family
    yield f"## /{family}"
    yield ""
    yield f"{', '.join(f'[{each.verb}](#{_anchor(each)})' for each in entries)}."
    yield ""
    alone = [each.verb for each in entries if each.default_verb]
    if alone:
        yield f"`/{family}` alone, or with an option behind it, means `/{family} {alone[0]}`."
        yield ""
    underscored = f"{family}_{entries[0].verb}".replace("-", "_")
    yield f"In Telegram's menu the first is `/{underscored}`; both spellings work when typed."
    yield ""


def _command(entry: Command[Any]) -> Iterator[str]:
    yield f"{'###' if entry.family else '##'} {entry.name}"
    yield ""
    yield f"{entry.summary}."
    yield ""
    yield f"`{entry.usage}`"
    yield ""
    if entry.options:
        yield "| option | value | meaning |"
        yield "|---|---|---|"
        for option in entry.options:
            name = f"**{spelled(option.name)}**" if option.required else spelled(option.name)
            yield f"| {name} | {_value(option)} | {option.description} |"
        yield ""
    for label, text in _traits(entry):
        yield f"- **{label}** {text}"
    yield ""
    if example := EXAMPLES.get(entry.name):
        yield "```text"
        yield example
        yield "```"
        yield ""


def _value(option: Option) -> str:
    parts = [", ".join(f"`{each}`" for each in option.choices)] if option.choices else []
    if option.repeats:
        parts = ["`key=value`, as often as needed"]
    if not parts:
        parts = [KNOWN.get(option.known or "", option.type)]
    if option.minimum is not None or option.maximum is not None:
        parts.append(f"{option.minimum} to {option.maximum}")
    if option.max_length is not None and option.known is None:
        parts.append(f"at most {option.max_length} characters")
    if option.rest:
        parts.append("takes the rest of the line" if option.file else "up to the next option")
    if not option.required and option.default not in (None, "", {}):
        parts.append(f"`{option.default}` if not given")
    return "; ".join(parts)


def _traits(entry: Command[Any]) -> Iterator[tuple[str, str]]:
    kind = "changes something; runs once, whatever happens to the bot"
    other = "; what writes is a command with a right of its own, named at its option"
    reads = "reads only" + (other if entry.instead else "")
    yield "Effect:", kind if entry.effect == "change" else reads
    rights = " or ".join(f"`{permission}`" for permission in entry.grantable)
    yield "Permission:", f"{rights}, by default {_who(entry)}"
    if entry.private:
        yield "Answer:", "only for you where the platform can"
    if entry.confirm:
        yield "Asks first:", "you, and then the council, where the environment is protected"
    if entry.mirror:
        yield "Told to:", ", ".join("the council" if r == "council" else r for r in entry.mirror)


def _who(entry: Command[Any]) -> str:
    """Return who may by the shipped policy."""
    policy = yaml.safe_load((ROOT / "rbac" / "policy.yml").read_text(encoding="utf-8"))
    if set(entry.grantable) & set(policy["everyone"]):
        return "every member"
    able = [
        name
        for name, role in policy["roles"].items()
        if {"*", *entry.grantable} & set(role.get("permissions", ()))
    ]
    return ", ".join(able) or "nobody"


def configuration_page() -> Iterator[str]:
    """Yield the lines about every key, every variable and every exit code."""
    yield CONFIGURATION_HEAD
    yield from _section(Discovery, "")
    yield ENVIRONMENT_HEAD
    yield "| variable | value | if not set | meaning |"
    yield "|---|---|---|---|"
    for field in Settings.model_fields.values():
        kind = _shape(field.annotation)
        yield f"| `{field.alias}` | {kind} | {_default(field)} | {field.description} |"
    yield ""
    yield OTHERS_HEAD
    yield "## Exit codes"
    yield ""
    yield "`python -m bot` ends with 0 after SIGTERM or Ctrl-C, 78 when files or environment must"
    yield "be mended, 69 when something it needs does not answer. `tgk` ends with:"
    yield ""
    yield "| code | meaning |"
    yield "|---|---|"
    for code, meaning in MEANINGS.items():
        yield f"| {code} | {meaning} |"
    yield ""


def _section(model: type[BaseModel], path: str) -> Iterator[str]:
    """Yield a table of one section, then those of the sections in it."""
    below: list[tuple[type[BaseModel], str]] = []
    if path:
        yield f"### {path}"
        yield ""
        yield (model.__doc__ or "").strip().splitlines()[0]
        yield ""
    yield "| key | value | if not given | meaning |"
    yield "|---|---|---|---|"
    for name, field in model.model_fields.items():
        inner, where = _inner(field.annotation), f"{path}.{name}" if path else name
        if inner is not None:
            below.append((inner, where + _repeated(field.annotation)))
        key = f"**{name}**" if field.is_required() else name
        meaning = field.description or (inner.__doc__ or "").strip().splitlines()[0]
        yield f"| {key} | {_shape(field.annotation)} | {_default(field)} | {meaning} |"
    yield ""
    for inner, where in below:
        yield from _section(inner, where)


def _bare(annotation: Any) -> Any:
    """Strip Annotated and a None that stands beside."""
    if typing.get_origin(annotation) is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if typing.get_origin(annotation) in (typing.Union, types.UnionType):
        return _bare(next(a for a in typing.get_args(annotation) if a is not type(None)))
    return annotation


def _inner(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a key holds, one or many times."""
    plain = _bare(annotation)
    held = [_bare(each) for each in (plain, *typing.get_args(plain))]
    return next((e for e in held if isinstance(e, type) and issubclass(e, BaseModel)), None)


def _repeated(annotation: Any) -> str:
    origin = typing.get_origin(_bare(annotation))
    return {dict: ".<name>", tuple: "[]"}.get(origin, "")


NAMES: dict[Any, str] = {
    str: "text", int: "whole number", float: "number", bool: "`true` or `false`", Path: "path",
    SecretStr: "secret", timedelta: "seconds",
}  # fmt: skip


def _shape(annotation: Any) -> str:
    plain = _bare(annotation)
    origin, inside = typing.get_origin(plain), typing.get_args(plain)
    if origin is Literal:
        return ", ".join(f"`{each}`" for each in inside)
    if origin is tuple:
        return f"list of {_shape(inside[0])}"
    if origin is dict:
        return f"{_shape(inside[1])} by name"
    if isinstance(plain, type) and issubclass(plain, BaseModel):
        return "section"
    return NAMES.get(plain, str(plain))


def _default(field: FieldInfo) -> str:
    value = field.default
    if value is PydanticUndefined or value in (None, "", (), {}) or isinstance(value, BaseModel):
        return "–"
    if isinstance(value, timedelta):
        return f"`{value.total_seconds():g}`"
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
