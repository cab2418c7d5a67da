"""``tgk doctor``: look at everything this machine needs, and say what to mend."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from bot.cli import exits
from bot.cli.database import look
from bot.cli.harmless import harmless
from bot.cli.machine import Machine
from bot.cli.outside import look_outside
from bot.cli.running import config_path, screen_for, user_name
from bot.runtime.settings import read_settings
from bot.runtime.simulation import simulated
from integrations.finding import Finding
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery

Section = tuple[str, list[Finding]]
_WELL = "Nothing is wrong."
_WELL_HERE = "Nothing is wrong on this machine; nobody outside was asked."
_SIGNS = {"ok": "✓", "warn": "!", "bad": "✗", "off": "-"}
_ASCII = {"ok": "ok", "warn": "!", "bad": "X", "off": "-"}
_COLOURS = {"ok": "green", "warn": "yellow", "bad": "red", "off": "bright_black"}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="The findings as JSON.")
@click.option("--plain", is_flag=True, help="ASCII only.")
@click.option("--offline", is_flag=True, help="Only this machine; ask nobody outside.")
def tool(*, as_json: bool, plain: bool, offline: bool) -> None:
    """Look at everything this machine needs, and say what to mend.

    Exit 0 when nothing is wrong (a ! is no fault), 5 when something is. No token is ever printed,
    and nothing is changed or posted anywhere.
    """
    test_mode, sections = _examined(offline=offline)
    well = not any(each.state == "bad" for _, found in sections for each in found)
    if as_json:
        findings = [{"section": s, **asdict(each)} for s, found in sections for each in found]
        click.echo(json.dumps({"well": well, "simulated": test_mode, "findings": findings}))
    else:
        _print(sections, test_mode=test_mode, well=well, plain=plain)
    sys.exit(0 if well else exits.UNAVAILABLE)


def _examined(*, offline: bool) -> tuple[bool, list[Section]]:
    """Return whether the world was simulated, and what was found."""
    config = config_path()
    try:
        settings = read_settings()
    except ConfigurationInvalid as error:
        return False, [("environment", _faults("variables", error))]
    machine = Machine(settings, config, user_name())
    here: list[Section] = [("this machine", machine.base()), ("files", machine.files())]
    discovery = machine.discovery
    here += [("people and tokens", machine.identity()), ("state", asyncio.run(machine.state()))]
    here.append(("database", look(settings)))
    if discovery is None or offline:
        return False, here
    if not settings.has_token and not settings.sandbox_url:
        told = "nobody was asked: no token is set, and TGK_SANDBOX_URL names no simulated world"
        return False, [*here, ("outside", [Finding("reach", "off", told)])]
    found, test_mode = _outside(settings, discovery, machine)
    return test_mode, here + found


def _outside(
    settings: Settings, discovery: Discovery, machine: Machine
) -> tuple[list[Section], bool]:
    try:
        with simulated(settings, machine.root) as actual:
            found = asyncio.run(look_outside(actual, discovery, machine.root))
            return found, actual.simulated
    except TgkError as error:
        told = Finding("reach", "bad", f"{error.what} {error.why}".strip(), error.remedy)
        return [("outside", [told])], False


def _faults(name: str, error: ConfigurationInvalid) -> list[Finding]:
    return [Finding(name, "bad", fault, error.remedy) for fault in error.faults]


def _print(sections: list[Section], *, test_mode: bool, well: bool, plain: bool) -> None:
    screen = screen_for(as_json=False, plain=plain)
    if test_mode:
        click.echo(
            "TEST MODE: no token is set, so everything outside is the world of TGK_SANDBOX_URL."
        )
    signs = _ASCII if screen.ascii_only else _SIGNS
    for title, found in sections:
        click.echo(click.style(title, bold=True) if screen.card and screen.colour else title)
        for each in found:
            sign = signs[each.state]
            if screen.card and screen.colour:
                sign = click.style(sign, fg=_COLOURS[each.state])
            for line in _lines(each):
                click.echo(f"  {sign} {line}" if line is not None else "")
                sign = " " * len(signs[each.state])
    asked = any(title == "clock" for title, _ in sections)  # the end of a look outside
    bad = sum(each.state == "bad" for _, found in sections for each in found)
    click.echo((_WELL if asked else _WELL_HERE) if well else f"{bad} to mend.")


def _lines(each: Finding) -> Iterator[str]:
    told = " ".join(each.told.split())
    yield harmless(f"{each.name}: {told}")
    if each.do and each.state != "ok":
        yield harmless(f"  {' '.join(each.do.split())}")
