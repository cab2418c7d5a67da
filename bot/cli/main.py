"""``tgk``: the same commands in a terminal, and the operator's own tools."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from tgk import __version__

if TYPE_CHECKING:
    from bot.cli.session import Session
    from tgk.registry import Registry

_TOOLS = {
    "audit": ("bot.cli.audit", "Read and prove the audit log."),
    "completion": ("bot.cli.completion", "Print the completion script of a shell."),
    "config": ("bot.cli.config", "Check discovery.yml, the policy and the environment."),
    "demo": ("bot.cli.demo", "Start a simulated world with the bot in it."),
    "doctor": ("bot.cli.doctor", "Look at everything this machine needs, and say what to mend."),
    "rbac": ("bot.cli.rbac", "Explain who may do what."),
}
"""Loaded when used: `tgk --version` imports none of them."""


class Tgk(click.Group):
    """Commands of the registry and tools, each imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return every name."""
        return sorted([*_TOOLS, *(e.name for e in _registry() if e.listed and "cli" in e.doors)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one command, or None."""
        if cmd_name in _TOOLS:
            loaded: click.Command = importlib.import_module(_TOOLS[cmd_name][0]).tool
            return loaded
        registry = _registry()
        if cmd_name not in registry or "cli" not in registry[cmd_name].doors:
            return None
        from bot.cli.generated import click_command

        return click_command(registry[cmd_name], _connect)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Add names that look alike to click's own refusal."""
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from tgk.suggest import nearest

            near = nearest(args[0], self.list_commands(ctx))
            if near and "Did you mean" not in str(error.message):
                raise click.UsageError(f"{error.message} Did you mean {near[0]}?", ctx) from error
            raise

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the tools without importing them."""
        chat = [(e.name, e.summary) for e in _registry() if e.listed and "cli" in e.doors]
        with formatter.section("Commands, as in chat"):
            formatter.write_dl(chat)
        with formatter.section("Tools"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(_TOOLS.items())])


def _registry() -> Registry:
    import commands
    from tgk.registry import Registry, collect

    return Registry(collect(commands))


def _connect() -> Session:
    from bot.cli.connection import connect

    return connect()


@click.group(cls=Tgk, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tgk")
@click.option("--user", envvar="TGK_USER", help="Who you are in rbac/policy.yml (TGK_USER).")
@click.pass_context
def tgk(context: click.Context, user: str | None) -> None:
    """Operate services from the terminal: the same commands, rights and audit log as in chat."""
    context.obj = user


def main() -> None:
    """Run the program."""
    from bot.cli.generated import tell
    from tgk.errors import TgkError

    try:
        tgk()
    except TgkError as error:
        sys.exit(tell(error))
    except BrokenPipeError:  # the reader of our output went away, as with `| head`
        sys.stderr.close()
        sys.exit(0)
