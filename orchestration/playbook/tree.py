"""Walks the tree of a playbook: what is inside a step, and which texts it computes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from orchestration.playbook.model import (
    ApprovalStep,
    Assert,
    CommandStep,
    Conditional,
    ForEach,
    Group,
    Http,
    Parallel,
    SetValues,
    Shell,
    SubPlaybook,
    Wait,
)
from orchestration.playbook.origin import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from orchestration.playbook.command_line import CommandLine
    from orchestration.playbook.expression import Expression
    from orchestration.playbook.model import Playbook, Step
    from orchestration.playbook.template import Template

Role = Literal["test", "value", "command", "secret"]
"""A condition, a value, a word of a command line, or a value that may hold a secret."""


@dataclass(frozen=True, slots=True)
class Use:
    """One text of a playbook that is computed while it runs."""

    path: str
    key: str
    text: Expression | Template
    origin: Origin
    role: Role = "value"
    after: bool = False
    """Computed when the step has a result of its own, which it may read."""


@dataclass(frozen=True, slots=True)
class Arm:
    """One list of steps inside a step."""

    name: str
    """``then``, ``else``, a branch's name, ``on_failure`` … or empty for the step's own."""
    steps: tuple[Step, ...]
    path: str


def arms(step: Step) -> tuple[Arm, ...]:
    """Return the lists of steps that are a step's own work."""
    if isinstance(step, Parallel):
        return tuple(Arm(each.name, each.steps, each.path) for each in step.branches)
    if isinstance(step, Conditional):
        return (
            Arm("then", step.then, f"{step.path}/then"),
            Arm("else", step.otherwise, f"{step.path}/else"),
        )
    if isinstance(step, ForEach | Group):
        return (Arm("", step.steps, step.path),)
    return ()


def handlers(step: Step) -> tuple[Arm, ...]:
    """Return the lists of steps that run because of how a step ended."""
    listed = (
        ("on_failure", step.on_failure),
        ("on_success", step.on_success),
        ("undo", step.undo),
    )
    return tuple(Arm(name, steps, f"{step.path}/{name}") for name, steps in listed if steps)


def walk(steps: Iterable[Step]) -> Iterator[Step]:
    """Yield every step, each before those inside it and those that handle its end."""
    for step in steps:
        yield step
        for arm in (*arms(step), *handlers(step)):
            yield from walk(arm.steps)


def every_step(playbook: Playbook) -> Iterator[Step]:
    """Yield every step of a playbook, those of ``finally`` last."""
    yield from walk(playbook.steps)
    yield from walk(playbook.finally_)


def uses(step: Step, playbook: Playbook) -> Iterator[Use]:
    """Yield the texts of a step itself, not of the steps inside it."""
    book = _Book(step.path, playbook)
    if step.condition is not None:
        yield book.use("condition", step.condition, "test")
    if step.retry.when is not None:
        yield book.use("retry.when", step.retry.when, "test", after=True)
    for place, lock in enumerate(step.locks):
        yield book.use(f"locks[{place}]", lock)
    if step.idempotency_key is not None:
        yield book.use("idempotency_key", step.idempotency_key)
    yield from _own(step, book)


def playbook_uses(playbook: Playbook) -> Iterator[Use]:
    """Yield the texts of the playbook itself: key, locks, outputs, settings of integrations."""
    book = _Book("", playbook)
    if playbook.idempotency_key is not None:
        yield book.use("idempotency_key", playbook.idempotency_key)
    for place, lock in enumerate(playbook.locks):
        yield book.use(f"locks[{place}]", lock)
    for name, output in playbook.outputs.items():
        yield book.use(f"outputs.{name}", output)
    for place, integration in enumerate(playbook.integrations):
        for key, setting in integration.settings.items():
            yield book.use(f"integrations[{place}].{key}", setting, "secret")


class _Book:
    """Makes uses of one step, with their places."""

    def __init__(self, path: str, playbook: Playbook) -> None:
        self._path = path
        self._places = playbook.places

    def use(
        self, key: str, text: Expression | Template, role: Role = "value", *, after: bool = False
    ) -> Use:
        origin = self._places.get((self._path, key)) or Origin(((0, 1, 1),), 1)
        return Use(self._path, key, text, origin, role, after)

    def words(self, line: CommandLine) -> Iterator[Use]:
        for word in line:
            if word.value is not True:
                yield Use(self._path, "command", word.value, word.origin, "command")

    def several(self, key: str, texts: Mapping[str, Template], role: Role) -> Iterator[Use]:
        for name, text in texts.items():
            yield self.use(f"{key}.{name}", text, role)

    def listed(self, key: str, texts: Iterable[Template]) -> Iterator[Use]:
        for place, text in enumerate(texts):
            yield self.use(f"{key}[{place}]", text)


def _own(step: Step, book: _Book) -> Iterator[Use]:
    """Yield what only this kind of step has."""
    if isinstance(step, CommandStep):
        yield from book.words(step.command)
    elif isinstance(step, Conditional):
        yield book.use("condition", step.test, "test")
    elif isinstance(step, ForEach):
        if isinstance(step.items, tuple):
            yield from book.listed("items", step.items)
        else:
            yield book.use("items", step.items)
    elif isinstance(step, Assert):
        yield book.use("test", step.test, "test")
        yield book.use("message", step.message)
    else:
        yield from _plain(step, book)


def _plain(step: Step, book: _Book) -> Iterator[Use]:
    if isinstance(step, ApprovalStep):
        yield book.use("prompt", step.prompt)
    elif isinstance(step, SubPlaybook):
        yield from book.several("parameters", step.parameters, "value")
    elif isinstance(step, SetValues):
        yield from book.several("set", step.values, "value")
    elif isinstance(step, Shell):
        yield from book.listed("arguments", step.arguments)
    elif isinstance(step, Wait):
        yield from _waiting(step, book)
    elif isinstance(step, Http):
        yield book.use("url", step.url)
        yield from book.several("headers", step.headers, "secret")
        if step.body is not None:
            yield book.use("body", step.body, "secret")


def _waiting(step: Wait, book: _Book) -> Iterator[Use]:
    if step.seconds is not None:
        yield book.use("wait.for", step.seconds)
    if step.command is not None:
        yield from book.words(step.command)
    if step.until is not None:
        yield book.use("until", step.until, "test", after=step.command is not None)
