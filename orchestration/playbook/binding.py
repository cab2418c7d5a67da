"""Binds the words of a command line to the options of a command, and fills in their values."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from orchestration.playbook.diagnostics import Edit, Report
from orchestration.playbook.expression import UNKNOWN
from orchestration.playbook.likeness import did_you_mean, slip
from orchestration.playbook.origin import Span
from orchestration.playbook.template import parse as parse_template
from tgk.errors import ArgumentFault, InvalidRequest
from tgk.options import takes_all

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from orchestration.playbook.command_line import Argument, CommandLine
    from orchestration.playbook.diagnostics import Diagnostic
    from orchestration.playbook.expression import Value
    from orchestration.playbook.template import Template
    from tgk.command import Command
    from tgk.options import Option
    from tgk.registry import Registry

_DOOR = "playbook"


@dataclass(slots=True)
class Bound:
    """A line whose every word has its option."""

    command: Command[Any]
    line: CommandLine
    values: dict[str, tuple[Option, Template | bool, Argument]] = field(default_factory=dict)


def command_of(line: CommandLine, registry: Registry) -> Command[Any] | None:
    """Return the command with the longest name that the line begins with, None without one."""
    found = _matched(line, registry)
    return found[0] if found else None


def _matched(line: CommandLine, registry: Registry) -> tuple[Command[Any], int] | None:
    """Return the command and how many words its name takes; a family alone may mean one."""
    for count in range(len(line.head), 0, -1):
        name = _name(line.head[:count])
        if name in registry:
            return registry[name], count
    usual = registry.defaults.get(_name(line.head[:1]))
    return (registry[usual], 1) if usual else None


def bind(line: CommandLine, registry: Registry) -> tuple[Diagnostic, ...]:
    """Return what is wrong with a line: its command, options, literal values, what is missing."""
    report = Report()
    found = bound(line, registry, report)
    if found and line.sound:
        _check_values(found, report)
    return report.sorted


def bound(line: CommandLine, registry: Registry, report: Report) -> Bound | None:
    """Give each word to an option, reporting those that fit nowhere; None without a command."""
    found = _matched(line, registry)
    if found is None or _DOOR not in found[0].doors:
        if line.head:  # else it was reported when it was read
            _unknown(line, registry, report)
        return None
    reading = _Reading(found[0], line, found[1], report)
    reading.read()
    return reading.bound


def written(found: Bound) -> dict[str, object]:
    """Return the options whose values are written out: text, and booleans of flags."""
    return {
        name: value if isinstance(value, bool) else value.text({})
        for name, (_, value, _) in found.values.items()
        if isinstance(value, bool) or value.is_literal
    }


def left_to_the_run(command: Command[Any]) -> list[str]:
    """Return the options that say where and may be left out: then it is where the run is aimed."""
    return [
        option.name
        for option in command.options
        if option.known in ("environment", "place")
        if not (option.required or option.own_default)
    ]


def fill(
    line: CommandLine, scope: Mapping[str, Value], registry: Registry
) -> dict[str, object]:  # fmt: skip
    """Return the raw arguments for the dispatcher, which judges them by the command's types.

    Values are text, those of flags booleans; what is null is left out, and what a dry run does
    not know yet is ``UNKNOWN``. A place that the line leaves open is where the run is aimed.
    Raises InvalidRequest for a value that cannot be one word, and ExpressionError for one that
    cannot be computed.
    """
    report = Report()
    found = bound(line, registry, report)
    if found is None or report.found:
        faults = [ArgumentFault("command", one.message) for one in report.sorted]
        raise InvalidRequest(line.name, faults)
    raw: dict[str, object] = {}
    for name, (option, value, _) in found.values.items():
        given = value if isinstance(value, bool) else _computed(option, value, scope, line.name)
        if given is not None:
            raw[name] = given
    return {**_aimed(found.command, scope), **raw}


def _aimed(command: Command[Any], scope: Mapping[str, Value]) -> dict[str, object]:
    """Return the options that say where, as far as they can be left out: there, the run's aim."""
    aim = _aim(scope)
    return dict.fromkeys(left_to_the_run(command), aim) if aim else {}


def _aim(scope: Mapping[str, Value]) -> str:
    """Return the environment that the run is for; empty where it has none of its own."""
    run = scope.get("run")
    where = run.get("environment") if isinstance(run, dict) else None
    return where if isinstance(where, str) else ""


def spelled(name: str) -> str:
    """Return an option as it is typed: ``dry_run`` is ``dry-run``, ``from_`` is ``from``."""
    return name.strip("_").replace("_", "-").casefold()


def _computed(
    option: Option, value: Template, scope: Mapping[str, Value], command: str
) -> object:  # fmt: skip
    given = value.value(scope)
    if given is UNKNOWN or given is None:
        return given
    if option.type == "boolean":
        return given
    text = value.text(scope)
    allowed = "\n\t" if option.rest else ""
    if any(unicodedata.category(each) == "Cc" and each not in allowed for each in text):
        fault = ArgumentFault(option.name, "the value holds control characters or line ends")
        raise InvalidRequest(command, [fault])
    return text


class _Reading:
    """One reading of the words with the options of a command."""

    def __init__(
        self, command: Command[Any], line: CommandLine, count: int, report: Report
    ) -> None:  # fmt: skip
        self.bound = Bound(command, line)
        self._report = report
        self._options = {spelled(option.name): option for option in command.options}
        self._positional = [option for option in command.options if option.type != "boolean"]
        self._words = list(line.head[count:]) + list(line.arguments)
        self._at = 0

    def read(self) -> None:
        """Consume every word."""
        while self._at < len(self._words):
            word = self._words[self._at]
            self._at += 1
            if word.option:
                self._named(word)
            else:
                self._place(word)

    def _named(self, word: Argument) -> None:
        option, negated = self._lookup(word.option)
        if option is None:
            self._unknown(word)
        elif option.type != "boolean":
            self._valued(option, word)
        elif word.glued:
            self._give(option, word.value, word)
        else:
            self._give(option, not negated, word)
            if word.value is not True:
                self._place(word)

    def _valued(self, option: Option, word: Argument) -> None:
        if word.value is True:
            help_ = f"write --{word.option} VALUE"
            self._report.add("E044", word.span, f"--{word.option} needs a value", help=help_)
        elif option.rest and not word.glued and not word.quoted:
            self._text(option, word)
        else:
            self._give(option, word.value, word)

    def _place(self, word: Argument) -> None:
        free = (option for option in self._positional if option.name not in self.bound.values)
        option = next(free, None)
        if option is None:
            self._report.add(
                "E047",
                word.origin.span,
                f"/{self.bound.command.name} has no place for this word",
                help="put quotes around a value that has spaces in it",
            )
        elif option.rest:
            self._text(option, word)
        else:
            self._give(option, word.value, word)

    def _text(self, option: Option, first: Argument) -> None:
        """Give the words up to the next option, or all of them, to free text."""
        begun = self._at
        whole = first.literal or takes_all(option, self.bound.command.options)
        while self._at < len(self._words) and (whole or not self._words[self._at].is_option):
            self._at += 1
        following = self._words[self._at] if self._at < len(self._words) else None
        if following and following.literal:
            self._unclear(option, following)
        if first.quoted and self._at == begun:
            self._give(option, first.value, first)
            return
        end = following.begins if following else None
        self._give(
            option, parse_template(self.bound.line.source[first.start : end].rstrip()), first
        )

    def _unclear(self, option: Option, word: Argument) -> None:
        """Report what looks like an option behind a lone ``--`` within free text."""
        self._report.add(
            "E048",
            word.span,
            "behind '--' this is no option, but the text began before it",
            help=f"put quotes around the value of --{spelled(option.name)}",
        )
        self._at = len(self._words)

    def _give(self, option: Option, value: Template | bool, word: Argument) -> None:
        first = self.bound.values.get(option.name)
        if first is None:
            self.bound.values[option.name] = option, value, word
            return
        shown = f"--{spelled(option.name)}"
        self._report.add("E043", word.span, f"{shown} is given twice", help="keep one of them")

    def _lookup(self, written: str) -> tuple[Option | None, bool]:
        name = spelled(written)
        if name in self._options:
            return self._options[name], False
        option = self._options.get(name.removeprefix("no-")) if name.startswith("no-") else None
        return (option, True) if option and option.type == "boolean" else (None, False)

    def _unknown(self, word: Argument) -> None:
        name = f"/{self.bound.command.name}"
        listed = ", ".join(f"--{known}" for known in self._options)
        otherwise = f"it knows {listed}" if listed else "it takes no options"
        meant = slip(spelled(word.option), self._options)
        dashes = "--" if self.bound.line.source else ""  # a mapping has the bare names
        span = Span(word.span.line, word.span.column, len(word.option) + len(dashes))
        self._report.add(
            "E041",
            span,
            f"{name} has no option --{word.option}",
            help=did_you_mean(
                spelled(word.option), self._options, before="--", otherwise=otherwise
            ),
            fix=[Edit(span, f"{dashes}{meant}")] if meant else (),
        )
        option = self._options.get(meant or "")
        if option is not None and option.name not in self.bound.values:
            given = True if option.type == "boolean" else word.value
            self.bound.values[option.name] = option, given, word


def _check_values(found: Bound, report: Report) -> None:
    """Let the command judge what is written out, and find what nobody gave."""
    raw = written(found)
    for fault in _faults(found.command, raw):
        name = fault.name.partition(".")[0]
        if name in raw:
            _, _, word = found.values[name]
            meant = fault.suggestions[0] if len(fault.suggestions) == 1 else None
            span = word.origin.span
            report.add(
                "E042",
                span,
                f"--{spelled(name)} does not take this: {fault.message}",
                help=f"did you mean '{fault.suggestions[0]}'?" if fault.suggestions else "",
                fix=[Edit(span, meant)] if meant and slip(str(raw[name]), [meant]) else (),
            )
    _check_missing(found, report)


def _faults(command: Command[Any], raw: Mapping[str, object]) -> Sequence[ArgumentFault]:
    try:
        command.parse(raw)
    except InvalidRequest as error:
        return error.faults
    return ()


def _check_missing(found: Bound, report: Report) -> None:
    missing = [
        option
        for option in found.command.options
        if option.required and option.name not in found.values
    ]
    for option in missing:
        report.add(
            "E044",
            found.line.span,
            f"/{found.command.name} needs --{spelled(option.name)}",
            help=f"add --{spelled(option.name)} VALUE ({option.description})",
        )


def _unknown(line: CommandLine, registry: Registry, report: Report) -> None:
    names = [entry.name for entry in registry if _DOOR in entry.doors]
    families = {name.split()[0] for name in names if " " in name}
    within = bool(line.head) and _name(line.head[:1]) in families
    typed = _name(line.head if within else line.head[:1])
    verbs = [name for name in names if name.startswith(f"{typed.split()[0]} ")] if within else []
    pool = verbs or names
    span = _head_span(line, len(typed.split()))
    instead = _instead(typed, registry)
    two_words = [name for name in names if " " in name]
    meant = None if instead else slip(_name(line.head), two_words) or slip(typed, pool)
    wide = meant is not None and " " in meant
    report.add(
        "E040",
        _head_span(line, len(line.head)) if wide else span,
        f"there is no command /{typed}" + _not_here(typed, registry),
        help=instead or (f"did you mean '/{meant}'?" if meant else _offered(typed, pool, verbs)),
    )


def _not_here(name: str, registry: Registry) -> str:
    return " for playbooks" if name in registry else ""


def _instead(name: str, registry: Registry) -> str:
    """Return what to write for a command that is there, but for people alone."""
    if name not in registry or not name.startswith("orchestrate "):
        return ""
    return "a step plays another playbook with 'playbook: NAME'"


def _offered(typed: str, pool: Iterable[str], verbs: Sequence[str]) -> str:
    listed = ", ".join(f"/{verb}" for verb in verbs)
    return did_you_mean(typed, pool, before="/", otherwise=listed and f"there are {listed}")


def _head_span(line: CommandLine, words: int) -> Span:
    first, last = line.head[0].span, line.head[min(words, len(line.head)) - 1].span
    if first.line != last.line:
        return first
    return Span(first.line, first.column, last.column + last.length - first.column)


def _name(words: Sequence[Argument]) -> str:
    return " ".join(str(word.value.source) for word in words if word.value is not True).casefold()
