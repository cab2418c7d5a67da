"""No two modules lean on each other, not even for the names of types."""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter

import grimp

ROOMS = ("tgk", "audit", "rbac", "orchestration", "integrations", "commands", "bot", "sandbox")


def test_no_module_imports_what_imports_it() -> None:
    """Neither at once nor over others; what is imported for type checkers alone counts."""
    graph = grimp.build_graph(*ROOMS, cache_dir=None)
    leans = {
        module: graph.find_modules_directly_imported_by(module) for module in sorted(graph.modules)
    }

    try:
        TopologicalSorter(leans).prepare()
    except CycleError as error:
        raise AssertionError(" → ".join(error.args[1])) from None
