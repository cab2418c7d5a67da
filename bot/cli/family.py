"""A family of commands in the terminal: ``tgk infra deploy``, each verb a command of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from tgk.families import listing
from tgk.suggest import nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from click.shell_completion import CompletionItem

    from tgk.command import Command

_SHORT = 70


def resolved(
    find: Callable[[list[str]], Any], args: list[str], names: Sequence[str], context: click.Context
) -> Any:
    """Return what a name leads to; click's own refusal gets names that look alike."""
    try:
        return find(args)
    except click.UsageError as error:
        near = nearest(args[0], names)
        if near and "Did you mean" not in error.format_message():
            message = f"{error.format_message()} Did you mean {near[0]}?"
            raise click.UsageError(message, context) from error
        raise


class Family(click.Group):
    """The verbs of one family; an option behind its name belongs to the default verb."""

    def __init__(
        self,
        name: str,
        entries: Sequence[Command[Any]],
        build: Callable[[Command[Any]], click.Command],
    ) -> None:
        default = next((entry.verb for entry in entries if entry.default_verb), None)
        verbs = {entry.verb: entry for entry in entries if entry.listed}
        alone = f" Without a verb: {default}." if default else ""
        super().__init__(
            name,
            help=f"Commands of /{name}, as in chat.{alone}",
            short_help=listing(verbs, _SHORT),
            context_settings={
                "ignore_unknown_options": default is not None,
                "allow_interspersed_args": False,
            },
        )
        self._verbs = {entry.verb: entry for entry in entries}
        self._listed = tuple(verbs)
        self._default = default
        self._build = build

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the verbs."""
        return [*self._listed]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of one verb, or None."""
        entry = self._verbs.get(cmd_name)
        return self._build(entry) if entry else None

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        """Return the command and what is left of the line."""
        if self._default and args[0].startswith("-"):
            args = [self._default, *args]
        return resolved(lambda a: super(Family, self).resolve_command(ctx, a), args,
                        self._listed, ctx)  # fmt: skip

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Return verbs, and the options of the default one."""
        found = super().shell_complete(ctx, incomplete)
        if not (self._default and incomplete.startswith("-")):
            return found
        default = self.get_command(ctx, self._default)
        return [*found, *(default.shell_complete(ctx, incomplete) if default else ())]
