"""What a surface asks for before it runs an action: options of its command, or pairs of one.

``parameters.version`` in ``Action.asks`` is the pair ``version`` of the option ``parameters``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.options import Option
from tgk.pairs import read_pairs, written_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tgk.reply import Action, Blank

_LONGEST = 1000


def questions(action: Action, options: Sequence[Option]) -> tuple[Option, ...]:
    """Return what is asked for, in order, each as an option that can be drawn."""
    known = {option.name: option for option in options}
    known |= {blank.name: _drawn(blank) for blank in action.blanks}
    return tuple(known[name] for name in action.asks if name in known)


def asked_as(name: str) -> str:
    """Return what to call it: ``from_step`` is "from step", ``parameters.version`` "version"."""
    return name.rpartition(".")[2].strip("_").replace("_", " ")


def given(action: Action, name: str) -> str | None:
    """Return what stands in the field before somebody types."""
    option, dot, key = name.partition(".")
    value = read_pairs(action.arguments.get(option)).get(key) if dot else _plain(action, name)
    return None if value is None else str(value)


def answered(action: Action, answers: Mapping[str, str]) -> dict[str, object]:
    """Return the arguments with the answers put in."""
    raw: dict[str, object] = dict(action.arguments)
    for name, value in answers.items():
        option, dot, key = name.partition(".")
        raw[option] = written_pairs({**read_pairs(raw.get(option)), key: value}) if dot else value
    return raw


def _plain(action: Action, name: str) -> object:
    value = action.arguments.get(name)
    return written_pairs(value) if isinstance(value, dict) else value


def _drawn(blank: Blank) -> Option:
    return Option(
        name=blank.name,
        type="choice" if blank.choices else "text",
        description=blank.description or asked_as(blank.name),
        required=True,
        choices=blank.choices,
        max_length=_LONGEST,
    )
