"""What ``event_gateway.triggers`` promises and the playbooks or the policy do not keep."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from tgk.errors import ConfigurationInvalid, Missing
from tgk.yaml_marks import read

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from orchestration.runs.ports import Playbooks
    from tgk.admission import Admission
    from tgk.discovery import Discovery
    from tgk.guard import Directory

_WHERE = ("event_gateway", "triggers")


def trigger_faults(config: Path, discovery: Discovery, state: Path) -> list[str]:
    """Return a line for each playbook listed there whose triggers could start nothing.

    Both files are sound by themselves; ``state`` is where published playbooks lie.
    """
    if not discovery.event_gateway.triggers:
        return []
    from bot.runtime.assemble import registry_of
    from bot.runtime.clock import SystemClock
    from bot.runtime.playbooks import folders
    from orchestration.runs.shelf import FolderPlaybooks
    from rbac.policy_file import PolicyFile
    from tgk.admission import Admission
    from tgk.limits import RateLimiter

    clock, root = SystemClock(), config.resolve().parent
    roles = discovery.discord.roles if discovery.discord else {}
    council = discovery.telegram.council.members if discovery.telegram else ()
    policy = PolicyFile(root / "rbac" / "policy.yml", roles, clock, council=council)
    limiter = RateLimiter(discovery.limits, clock)
    admission = Admission(registry_of(discovery), policy.guard, discovery, limiter)
    playbooks = FolderPlaybooks([folder.path for folder in folders(root, state)])
    document = read(config.read_bytes(), str(config))
    return [
        document.fault((*_WHERE, name), what, instead, key=True).text(str(config))
        for name in discovery.event_gateway.triggers
        for what, instead in _faults(name, playbooks, admission, policy.directory)
    ]


def _faults(
    name: str, playbooks: Playbooks, admission: Admission, directory: Directory
) -> Iterator[tuple[str, str]]:
    from orchestration.shelf.planning import assumed
    from orchestration.triggers.rights import lacks

    try:
        book = playbooks.get(name)
        known, _ = assumed(book, "")
        found = list(lacks(book, known, playbooks, admission, directory))
    except Missing as error:
        yield error.what, error.remedy or "`tgk orchestrate library` lists every playbook"
        return
    except ConfigurationInvalid as error:
        yield f"{name} cannot be run", error.remedy or "; ".join(error.faults)
        return
    file = PurePath(book.file).name
    if not book.triggers:
        yield f"{name} has no triggers", f"remove it, or write `triggers:` in {file}"
    for lack in found:
        yield f"{lack.told} ({file}:{lack.line})", lack.remedy
