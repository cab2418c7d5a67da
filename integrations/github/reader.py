"""Reads from GitHub that cost nothing while nothing changed."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

from integrations.github.remedies import explained
from tgk.errors import Rejected

if TYPE_CHECKING:
    from integrations.http import Answer, HttpPort, Params

_NOT_MODIFIED = 304
_LARGEST_KEPT = 512 * 1024


class GitHubReader:
    """Remembers the latest answers by their ETag: GitHub does not count an unchanged one."""

    def __init__(self, http: HttpPort, *, kept: int = 32) -> None:
        self._http = http
        self._kept = kept
        self._answers: OrderedDict[str, Answer] = OrderedDict()

    async def get(
        self, path: str, params: Params | None = None, *, missing: tuple[str, str] | None = None
    ) -> Answer:
        """Return a read; raises Missing where ``missing`` names what a 404 means."""
        key = f"{path}?{params}"
        known = self._answers.get(key)
        tag = known.headers.get("etag") if known else None
        try:
            answer = await self._http.request(
                "GET",
                path,
                params=params,
                headers={"If-None-Match": tag} if tag else None,
                missing=missing,
            )
        except Rejected as error:
            raise explained(error) from error
        if answer.status == _NOT_MODIFIED and known is not None:
            self._answers.move_to_end(key)
            return known
        return self._remember(key, answer)

    def _remember(self, key: str, answer: Answer) -> Answer:
        if "etag" in answer.headers and len(answer.body) <= _LARGEST_KEPT:
            self._answers[key] = answer
            self._answers.move_to_end(key)
        while len(self._answers) > self._kept:
            self._answers.popitem(last=False)
        return answer
