"""``tgk completion``: what a shell needs to complete names."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command("completion")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def tool(shell: str) -> None:
    """Print the script; `eval "$(tgk completion bash)"` switches it on."""
    root = click.get_current_context().find_root().command
    found = get_completion_class(shell)
    if found is None:
        raise click.ClickException(f"{shell} is not supported")
    click.echo(found(root, {}, "tgk", "_TGK_COMPLETE").source())
