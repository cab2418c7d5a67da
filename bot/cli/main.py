"""``tgk``: the same commands in a terminal, and the operator's own tools."""

from __future__ import annotations

import importlib
import sys
from typing import TYPE_CHECKING, Any

import click

from tgk import __version__
from tgk.families import families, heads

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bot.cli.session import Session
    from tgk.command import Command
    from tgk.registry import Registry

TOOLS = {
    "audit": ("bot.cli.audit", "Read and prove the audit log."),
    "completion": ("bot.cli.completion", "Print the completion script of a shell."),
    "config": ("bot.cli.config", "Check discovery.yml, the policy and the environment."),
    "demo": ("bot.cli.demo", "Start a simulated world with the bot in it."),
    "doctor": ("bot.cli.doctor", "Look at everything this machine needs, and say what to mend."),
    "rbac": ("bot.cli.rbac", "Explain who may do what."),
    "store": ("bot.cli.store", "Move what the bot keeps from its files to PostgreSQL."),
    "worker": ("bot.cli.worker", "Play runs beside a bot, on PostgreSQL."),
}
"""Loaded when used: `tgk --version` imports none of them."""


class Tgk(click.Group):
    """Commands of the registry and tools, each imported when it is named."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return every name; a family counts once."""
        return sorted([*TOOLS, *heads(entry.name for entry in _offered() if entry.listed)])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return one command or a family of them, or None."""
        if cmd_name in TOOLS:
            loaded: click.Command = importlib.import_module(TOOLS[cmd_name][0]).tool
            return loaded
        entries = [e for e in _offered() if cmd_name in (e.family, e.name)]
        if not entries:
            return None
        from bot.cli.family import Family

        return Family(cmd_name, entries, _built) if entries[0].family else _built(entries[0])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Read what stands before the command; a flag of commands is told where it belongs."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            from bot.cli.generated import COMMON

            if error.option_name not in {name for flag in COMMON for name in flag.opts}:
                raise
            flag = error.option_name
            what = f"{flag} goes after the command. Did you mean `tgk COMMAND … {flag}`?"
            raise click.UsageError(what, ctx) from error

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Take names as typed in chat, and add names that look alike to click's own refusal."""
        from bot.cli.family import resolved

        typed = [*args[0].removeprefix("/").split(), *args[1:]] or args
        names = self.list_commands(ctx)
        return resolved(lambda a: super(Tgk, self).resolve_command(ctx, a), typed, names, ctx)

    def format_commands(
        self,
        ctx: click.Context,  # noqa: ARG002 - click's signature
        formatter: click.HelpFormatter,
    ) -> None:
        """List the tools without importing them, and each family with its verbs."""
        offered = [entry for entry in _offered() if entry.listed]
        verbs = families(entry.name for entry in offered)
        told = {entry.name: entry.summary for entry in offered}
        chat = [
            (head, ", ".join(verbs[head]) if head in verbs else told[head]) for head in heads(told)
        ]
        with formatter.section("Commands, as in chat"):
            formatter.write_dl(chat)
        with formatter.section("Tools"):
            formatter.write_dl([(name, text) for name, (_, text) in sorted(TOOLS.items())])


def _offered() -> list[Command[Any]]:
    return [entry for entry in registry() if "cli" in entry.doors]


def _built(entry: Command[Any]) -> click.Command:
    from bot.cli.generated import click_command

    return click_command(entry, _connect)


def registry() -> Registry:
    """Return every command of the program; which of them a bot offers, it says itself."""
    import commands
    from tgk.registry import Registry, collect

    return Registry(collect(commands))


def _connect() -> Session:
    from bot.cli.connection import connect
    from bot.cli.running import config_path

    return connect(config_path())


@click.group(cls=Tgk, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="tgk")
@click.option("--user", envvar="TGK_USER", help="Who you are in rbac/policy.yml (TGK_USER).")
@click.option(
    "--config", envvar="TGK_CONFIG", type=click.Path(), help="discovery.yml (TGK_CONFIG)."
)
def tgk(user: str | None, config: str | None) -> None:
    """Operate services from the terminal: the same commands, rights and audit log as in chat."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program; every end has its exit code, and every error says what to do."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a name in odd letters must not end a run
    try:
        code = _run(words)
    except BrokenPipeError:  # the reader of our output went away, as with `| head`
        from bot.cli.terminal import silence

        silence(sys.stdout)
        code = 0
    sys.exit(code)


def _run(words: list[str]) -> int:
    try:
        ended = tgk.main(words, prog_name="tgk", standalone_mode=False)
        sys.stdout.flush()
    except (click.ClickException, click.Abort, KeyboardInterrupt) as error:
        return _stopped(error, as_json="--json" in words)
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001 - whoever types reads what to do, never a trace
        return _failed(error, as_json="--json" in words)
    return ended if isinstance(ended, int) else 0


def _failed(error: Exception, *, as_json: bool) -> int:
    """Say what went wrong; the trace of a fault of ours only where LOG_LEVEL asks for it."""
    from bot.cli.trouble import of_error, of_fault, tell
    from tgk.errors import TgkError

    if isinstance(error, TgkError):
        return tell(of_error(error), as_json=as_json)
    return tell(of_fault(error), as_json=as_json)


def _stopped(error: BaseException, *, as_json: bool) -> int:
    """Say why nothing was started; return the exit code."""
    from bot.cli import exits
    from bot.cli.trouble import Trouble, of_usage, tell

    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message())
        return 0
    if isinstance(error, click.ClickException):
        return tell(of_usage(error), as_json=as_json)
    return tell(Trouble(what="Interrupted.", code=exits.INTERRUPTED), as_json=as_json)


if __name__ == "__main__":
    main()
