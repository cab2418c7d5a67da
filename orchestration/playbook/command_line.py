"""A command line of a step as it was written, before the registry says what its words are for."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.origin import Origin, Span
    from orchestration.playbook.template import Template


@dataclass(frozen=True, slots=True)
class Argument:
    """One option with its value, or a word without an option (``option`` is empty)."""

    option: str
    """As written, without its hyphens."""
    value: Template | Literal[True]
    span: Span
    """All of it, the option's name included."""
    origin: Origin
    """Where each character of the value stands; of the option's name if it has none."""
    start: int = field(compare=False)
    """Where its value begins in the line."""
    quoted: bool = False
    glued: bool = False
    """Written ``--option=value``: then it is no word of its own if the option is a flag."""
    begins: int = field(default=0, compare=False)
    """Where it begins in the line, its option's name included."""
    literal: bool = False
    """Behind a lone ``--``: then it is a value, whatever it looks like."""

    @property
    def is_option(self) -> bool:
        """Whether it is an option, or would be one if it were not ``literal``."""
        if self.literal and not self.quoted and self.value is not True:
            return self.value.source.startswith("--") and self.value.source[2:3].isalpha()
        return self.option[:1].isalpha()


@dataclass(frozen=True, slots=True)
class CommandLine:
    """A line as written. The registry decides where the name ends and what the words are for."""

    head: tuple[Argument, ...]
    """The literal words in front: the name, and perhaps the first value."""
    arguments: tuple[Argument, ...]
    """The rest; a word behind an option counts as its value until the registry knows a flag."""
    span: Span
    source: str
    """The text of the line; empty for a mapping, which has none."""
    origin: Origin = field(compare=False)
    sound: bool = True
    """False if words of it could not be read: then nothing is missing for certain."""

    @property
    def name(self) -> str:
        """What the command is called, for showing: ``infra deploy``. See also ``command_of``."""
        return " ".join(str(word.value.source) for word in self.head if word.value is not True)

    def __iter__(self) -> Iterator[Argument]:
        """Yield every word that may hold a value."""
        yield from self.head
        yield from self.arguments
