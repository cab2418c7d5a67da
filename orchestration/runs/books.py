"""Playbooks as they were when a run began with them, whatever became of their files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from orchestration.playbook.load import load
from orchestration.runs.neighbours import beside
from tgk.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Callable

    from orchestration.playbook.model import Playbook
    from orchestration.runs.ledger import Ledger
    from orchestration.runs.records import RunRecord
    from tgk.registry import Registry

_MOST_REMEMBERED: Final = 500


class Books:
    """Reads what the ledger keeps of playbooks, each once.

    ``registry`` is asked for only where a run plays neighbours at once.
    """

    def __init__(self, ledger: Ledger, registry: Callable[[], Registry]) -> None:
        self._ledger = ledger
        self._registry = registry
        self._read: dict[str, Playbook] = {}

    async def of(self, record: RunRecord) -> dict[str, Playbook]:
        """Return every playbook that a run reaches, by name."""
        found = {name: await self._book(digest) for name, digest in record.pinned.items()}
        if record.request.parallel:
            found[record.playbook] = beside(found[record.playbook], self._registry())
        return found

    async def _book(self, digest: str) -> Playbook:
        if digest not in self._read:
            file, source = await self._ledger.source(digest)
            found = load(source, file).playbook
            if found is None:
                raise Unavailable("runs", f"{file} cannot be read any more.")
            if len(self._read) > _MOST_REMEMBERED:
                self._read.clear()
            self._read[digest] = found
        return self._read[digest]
