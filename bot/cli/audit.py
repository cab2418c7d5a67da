"""``tgk audit``: read, search, prove and export the audit log, also while the bot writes it."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import sys
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from audit.acknowledge import request_acknowledgement
from audit.chain import Keyring
from audit.export import FORMATS, export
from audit.query import Filter, oldest_first, query
from audit.record import CODES
from audit.stats import totals
from audit.tail import tail
from audit.verify import verify
from bot.cli import exits
from bot.cli.harmless import harmless
from bot.cli.running import user_name
from bot.runtime.clock import SystemClock
from bot.runtime.settings import AUDIT_LOG, read_settings
from tgk import __version__
from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from audit.anchors import Anchor
    from audit.export import Format
    from audit.record import Record
    from audit.verify import Verdict

_RESULTS = tuple(dict.fromkeys(result for _, result in CODES))
_AGES = {"m": "minutes", "h": "hours", "d": "days"}


class Moment(click.ParamType[datetime]):
    """A time, or an age such as 2h."""

    name = "time"

    def convert(self, value: Any, param: Any, ctx: Any) -> datetime:
        """Return the moment meant; refuses what is neither."""
        if isinstance(value, datetime):
            return value
        if found := re.fullmatch(r"([0-9]{1,5})([mhd])", value):
            return SystemClock().now() - timedelta(**{_AGES[found[2]]: int(found[1])})
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value} is neither a time (2026-01-15T10:00) nor an age (2h)", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _filters(act: Callable[..., Any]) -> Callable[..., Any]:
    for option in (
        click.option("--until", type=Moment(), help="Not newer than."),
        click.option("--since", type=Moment(), help="Not older than: a time, or an age as 2h."),
        click.option("--corr", default="", help="One invocation, by the id on its card, or a run."),
        click.option("--channel", default=""),
        click.option("--result", type=click.Choice(_RESULTS), help="How it ended."),
        click.option("--command", default="", help="Such as deploy, or notify for a whole family."),
        click.option("--user", "who", default="", help="A person or an account id."),
    ):
        act = option(act)
    return act


def _wanted(given: dict[str, Any]) -> Filter:
    return Filter(
        user=given["who"], command=given["command"], result=given["result"] or "",
        channel=given["channel"], corr=given["corr"], since=given["since"], until=given["until"],
    )  # fmt: skip


def _path() -> Path:
    """Return the log; raises ConfigurationInvalid when there is none."""
    path = read_settings().state / AUDIT_LOG
    if not path.exists():
        raise ConfigurationInvalid(
            "There is no audit log.", [f"{path} does not exist"],
            remedy="Set TGK_STATE to the bot's state folder.",
        )  # fmt: skip
    return path


def _line(record: Record) -> str:
    args = json.dumps(dict(record.args), ensure_ascii=False) if record.args else ""
    parts = (
        f"{record.at:%Y-%m-%d %H:%M:%S}Z  {record.result:<11} {record.phase:<8}",
        f"{record.user:<12} {record.command:<10}",
        f"in {record.channel}" if record.channel not in ("", "-") else "",
        args,
        f"why: {record.detail}" if record.detail else "",
        f"rule: {record.rule}" if record.rule else "",
        f"id: {record.corr[:6]}",
    )
    return "  ".join(part for part in parts if part)


def _print(records: Iterable[Record], *, as_json: bool) -> bool:
    """Print records, and say whether there was one."""
    found = False
    for record in records:
        line = next(iter(export([record], "jsonl"))) if as_json else _line(record)
        click.echo(_for_reader(line) if as_json else _between_words(harmless(line)))
        found = True
    return found


def _between_words(line: str) -> str:
    """Return a line as it is for a pipe; at a terminal with its further lines set in."""
    if not sys.stdout.isatty():
        return line
    width = max(40, shutil.get_terminal_size().columns)
    kept = textwrap.wrap(
        line, width, subsequent_indent=" " * 4, break_long_words=False, break_on_hyphens=False
    )
    return "\n".join(kept)


def _none_fits() -> None:
    click.echo("No record fits what was asked for.", err=True)


def _for_reader(line: str) -> str:
    """Return a line exactly for a program, and harmless for a terminal."""
    return harmless(line) if sys.stdout.isatty() else line


@click.group("audit")
def tool() -> None:
    """Read and prove the audit log."""


@tool.command("tail")
@click.option("-n", "--limit", "last", default=10, show_default=True)
@click.option("-f", "--follow", is_flag=True, help="Go on with new ones.")
@click.option("--json", "as_json", is_flag=True)
@_filters
def tail_command(last: int, *, follow: bool, as_json: bool, **given: Any) -> None:
    """Show the newest records, oldest of them first."""

    async def show() -> bool:
        shown = False
        found = tail(_path(), SystemClock(), last=last, follow=follow, wanted=_wanted(given))
        async for record in found:
            shown = _print([record], as_json=as_json)
        return shown

    try:
        if not asyncio.run(show()):
            _none_fits()
    except KeyboardInterrupt:
        sys.exit(exits.INTERRUPTED)


@tool.command("query")
@click.option("-n", "--limit", default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True)
@_filters
@click.argument("reference", metavar="[ID]", default="")
def query_command(limit: int, reference: str, *, as_json: bool, **given: Any) -> None:
    """Search, newest first; ID is what a card, a refusal or a report names, or a run."""
    given["corr"] = given["corr"] or reference
    if not _print(query(_path(), _wanted(given), limit), as_json=as_json):
        _none_fits()


@tool.command("stats")
@click.option("--json", "as_json", is_flag=True)
@_filters
def stats_command(*, as_json: bool, **given: Any) -> None:
    """Count by command, result and person."""
    found = totals(oldest_first(_path(), _wanted(given)))
    counts = {"commands": found.commands, "results": found.results, "users": found.users}
    whole = found.durations.get("*")
    if as_json:
        times = {"p50_ms": whole.p50, "p95_ms": whole.p95} if whole else {}
        click.echo(json.dumps({"invocations": found.invocations, **counts, **times}))
        return
    click.echo(f"{found.invocations} invocations in {found.records} records")
    if whole:
        click.echo(f"half within {whole.p50:.1f} ms, 95 % within {whole.p95:.1f} ms")
    for title, table in counts.items():
        listed = ", ".join(f"{name} {count}" for name, count in list(table.items())[:10])
        click.echo(f"{title}: {listed}")


@tool.command("export")
@click.option("--format", "form", type=click.Choice(FORMATS), default="jsonl", show_default=True)
@_filters
def export_command(form: Format, **given: Any) -> None:
    """Write records to standard output, oldest first."""
    for line in export(oldest_first(_path(), _wanted(given)), form, version=__version__):
        click.echo(_for_reader(line))


@tool.command("verify")
@click.option("--anchors", type=click.Path(exists=True, dir_okay=False), help="Witnessed heads.")
@click.option("--json", "as_json", is_flag=True, help="The verdict as JSON.")
def verify_command(anchors: str | None, *, as_json: bool) -> None:
    """Check every record: exit 0 when nothing was changed, taken away, added or moved, else 6."""
    from audit.anchors import load

    verdict = _verdict(load(Path(anchors)) if anchors else ())
    if as_json:
        click.echo(json.dumps(_as_facts(verdict)))
    else:
        for line in _told(verdict):
            click.echo(harmless(line))
    sys.exit(0 if verdict.intact else exits.INVALID_FILES)


def _verdict(anchors: Iterable[Anchor] = ()) -> Verdict:
    path, key = _path(), read_settings().audit_hmac_key
    return verify(path, Keyring.of(key.get_secret_value().encode() if key else None), anchors)


def _as_facts(verdict: Verdict) -> dict[str, object]:
    return {
        "intact": verdict.intact,
        "records": verdict.records,
        "segments": verdict.segments,
        "head": verdict.head,
        "unkeyed": verdict.unkeyed,
        "unchecked": verdict.unchecked,
        "torn_bytes": verdict.torn,
        "anchors": verdict.anchors,
        "damages": [str(damage) for damage in verdict.damages],
        "unacknowledged": sorted(verdict.unsettled),
    }


def _told(verdict: Verdict) -> Iterator[str]:
    """Return the verdict as a person reads it, with what it does not prove."""
    files = "1 file" if verdict.segments == 1 else f"{verdict.segments} files"
    yield f"{verdict.records} records in {files}, head {verdict.head[:16]}"
    if verdict.anchors:
        yield f"{verdict.anchors} anchors compared"
    if verdict.unkeyed:
        yield (
            f"{verdict.unkeyed} records are unkeyed: whoever can write the file could have "
            "rewritten them (set AUDIT_HMAC_KEY)"
        )
    if verdict.unchecked:
        yield (
            f"{verdict.unchecked} records are unchecked: their key is not set, so only their "
            "order was proved (set AUDIT_HMAC_KEY to what the bot uses)"
        )
    if verdict.torn:
        yield f"{verdict.torn} bytes of an unfinished last line: a writer at work, or a kill"
    for damage in verdict.damages:
        yield f"DAMAGED {damage}"
    if verdict.unsettled:
        yield f"{len(verdict.unsettled)} damages not acknowledged (tgk audit acknowledge)"
    yield "intact" if verdict.intact else "NOT intact"


@tool.command("acknowledge")
def acknowledge_command() -> None:
    """Note that you have seen the damage that `verify` names; the bot records it as yours."""
    verdict = _verdict()
    if not verdict.unsettled:
        click.echo("There is no damage that nobody has acknowledged.")
        return
    request_acknowledgement(_path(), user_name(), verdict.unsettled)
    click.echo(
        f"{len(verdict.unsettled)} damages acknowledged by {harmless(user_name())}; "
        "the bot writes it down before its next change."
    )


@tool.command("hash")
@click.argument("value")
def hash_command(value: str) -> None:
    """Print the mark that stands in the log where VALUE was masked; - reads it from a prompt."""
    from bot.runtime.salt import FILE, known_salt, salt_of
    from tgk.redaction import Redactor

    settings = read_settings()
    if known_salt(settings) is None:
        raise ConfigurationInvalid(
            "Nothing was masked here yet.", [f"{settings.state / FILE} does not exist"],
            remedy="Set TGK_STATE to the bot's state folder, or TGK_SALT where the bot has it.",
        )  # fmt: skip
    secret = click.prompt("Value", hide_input=True, err=True) if value == "-" else value
    click.echo(Redactor(salt_of(settings)).fingerprint(secret))
