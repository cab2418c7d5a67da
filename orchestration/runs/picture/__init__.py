"""Pictures of runs: drawn for chats and pages, written for those who cannot see them."""

from orchestration.runs.picture.gantt import gantt
from orchestration.runs.picture.graph import graph
from orchestration.runs.picture.mermaid import mermaid
from orchestration.runs.picture.outline import tree

__all__ = ["gantt", "graph", "mermaid", "tree"]
