"""``/whoami``: who the bot takes the caller for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.command import command
from tgk.context import Context
from tgk.families import families, heads
from tgk.options import Request
from tgk.reply import Fact, Facts, Plain, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class WhoAmI(Request):
    """Show who you are to the bot and what you may do."""


@command("whoami", permission="whoami", private=True)
async def whoami(request: WhoAmI, context: Context) -> Reply:  # noqa: ARG001 - asks nothing
    """Name the person, the account, the roles and the commands."""
    caller = context.caller
    roles = context.access.explain("/whoami").roles_held
    commands = [entry.name for entry in context.access.allowed()]
    facts = (
        Fact(label="Person", value=caller.person),
        Fact(label="Account", value=f"{caller.platform} {caller.user_id}"),
        Fact(label="Roles", value=", ".join(roles) or "none"),
        Fact(label="May run", value=", ".join(_told(commands)) or "nothing"),
    )
    hint = (
        ()
        if caller.known
        else (Text(text="This account is not in rbac/policy.yml: ask an admin.", style="small"),)
    )
    return Reply(
        topic="whoami",
        title=caller.person,
        tone="ok" if roles else "off",
        blocks=(Facts(facts=facts), *hint),
        private=True,
        plain=Plain(headline=caller.person, lines=tuple(f"{f.label}: {f.value}" for f in facts)),
        data={"person": caller.person, "roles": list(roles), "commands": commands},
    )


def _told(names: Sequence[str]) -> Iterator[str]:
    """Yield each command, and each family once with the verbs that may be run."""
    verbs = families(names)
    for head in heads(names):
        yield f"/{head} ({', '.join(verbs[head])})" if head in verbs else f"/{head}"
