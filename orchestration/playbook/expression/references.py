"""What an expression reads of its scope."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import takewhile
from typing import TYPE_CHECKING

from orchestration.playbook.expression.nodes import Access, Element, Field, Name
from orchestration.playbook.expression.operations import Default, Has

if TYPE_CHECKING:
    from collections.abc import Iterator

    from orchestration.playbook.expression.nodes import Node


@dataclass(frozen=True, slots=True)
class Reference:
    """A name with the fields that are read of it: ``monitor.output.health``."""

    path: tuple[str, ...]
    """Ends before the first element that is chosen by number or computed."""
    offset: int
    length: int
    places: tuple[tuple[int, int], ...] = ()
    """Offset and length of each part of the path."""
    optional: bool = False
    """Whether ``default()`` or ``has()`` allow that it is not there."""

    def moved(self, by: int) -> Reference:
        """Return it as if so many characters stood in front of its text."""
        places = tuple((offset + by, length) for offset, length in self.places)
        return replace(self, offset=self.offset + by, places=places)


def references(node: Node, *, optional: bool = False) -> Iterator[Reference]:
    """Return what is read below ``node``, from left to right."""
    if isinstance(node, Name):
        yield _reference(node, (), optional=optional)
        return
    children = node.children()
    if isinstance(node, Access) and isinstance(node.root, Name):
        yield _reference(node.root, node.steps, optional=optional)
        children = children[1:]
    for position, child in enumerate(children):
        total = isinstance(node, Default | Has) and position == 0
        yield from references(child, optional=optional or total)


def _reference(root: Name, steps: tuple[Field | Element, ...], *, optional: bool) -> Reference:
    fields = tuple(each for each in takewhile(_is_field, steps) if isinstance(each, Field))
    places = ((root.offset, root.length), *((each.offset, each.length) for each in fields))
    last, width = places[-1]
    path = (root.name, *(each.name for each in fields))
    return Reference(path, root.offset, last + width - root.offset, places, optional)


def _is_field(step: Field | Element) -> bool:
    return isinstance(step, Field)
