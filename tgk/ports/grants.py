"""Approvals that were given beforehand, for what was shown and for nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from tgk.context import Invocation


class Grants(Protocol):
    """Knows what people have approved as part of something larger, such as a run."""

    async def covering(self, invocation: Invocation, digest: str) -> str:
        """Return the id of the approval that showed exactly this request and still holds.

        Empty where there is none: then the question is asked. ``digest`` is what an approval of the
        request would be bound to.
        """


class NoGrants:
    """Nothing was approved beforehand."""

    async def covering(self, invocation: Invocation, digest: str) -> str:  # noqa: ARG002 - none
        """Return nothing."""
        return ""
