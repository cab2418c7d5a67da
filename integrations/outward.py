"""What steps of playbooks reach outside of the commands: addresses, and programs here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from integrations.http import HttpPort, Patience
from integrations.lookup import led_to, looked_up
from integrations.providers.call import Call
from integrations.providers.process import ProcessProvider
from orchestration.runs.ports import Reached
from tgk.bindings import ProcessBinding
from tgk.errors import Rejected
from tgk.ports.providers import watch_nothing

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from integrations.http import Answer
    from integrations.lookup import Lookup
    from tgk.ports.time import Clock

_PATIENCE: Final = Patience(timeout=30.0, retries=0)
_MOST_READ: Final = 256 * 1024
_MOST_KEPT: Final = 16_000
_PORTS: Final = {"http": 80, "https": 443}
_FRAMING: Final = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "te", "trailer", "upgrade",
     "expect", "keep-alive", "accept-encoding"}
)  # fmt: skip
"""Headers that say where a request goes and where it ends: whoever writes them could write two."""


class OutwardSteps:
    """Implements Outward. Nothing follows redirects; nothing is inherited by a program."""

    def __init__(self, clock: Clock, lookup: Lookup = looked_up) -> None:
        self._clock = clock
        self._lookup = lookup

    async def http(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str],
        body: str | None,
        expect: tuple[int, ...],
        key: str,
    ) -> Reached:
        """Call an address once."""
        parts = urlsplit(url)
        host = parts.hostname or "the host"
        if framing := sorted(name for name in headers if name.lower() in _FRAMING):
            raise Rejected(host, f"No step writes the header {framing[0]} itself.")
        at = await led_to(host, parts.port or _PORTS[parts.scheme], self._lookup)
        origin = f"{parts.scheme}://{parts.netloc}"
        path = url.removeprefix(origin)
        sent = {name: SecretStr(value) for name, value in headers.items()}
        async with HttpPort(
            host, origin, clock=self._clock, headers=sent, patience=_PATIENCE,
            max_body=_MOST_READ, at=at,
        ) as port:  # fmt: skip
            try:
                answer = await port.request(
                    method, path if path.startswith("/") else f"/{path}", text=body,
                    headers={"Idempotency-Key": key}, idempotent=False,
                )  # fmt: skip
            except Rejected as error:
                if error.status is None:
                    raise
                note = f"it answered {error.status}"
                output = {"status": error.status}
                return Reached(good=error.status in expect, output=output, note=note)
        good = answer.status in expect if expect else True
        output = {"status": answer.status, "body": _content(answer)}
        return Reached(good=good, output=output, note=f"it answered {answer.status}")

    async def shell(self, program: str, arguments: Sequence[str], *, key: str) -> Reached:
        """Run a program without a shell."""
        binding = ProcessBinding(argv=(program, *arguments))
        provider = ProcessProvider(program, binding, variable=_none)
        call = Call(command="orchestrate step", arguments={}, key=key, watch=watch_nothing)
        result = await provider.invoke(call)
        text = "\n".join(result.log)[-_MOST_KEPT:]
        return Reached(good=result.success, output={"text": text}, note=result.summary)


def _none(name: str) -> None:
    """Return nothing."""


def _content(answer: Answer) -> Any:
    """Return JSON as data where it is small enough to keep, else the beginning of the text."""
    if len(answer.body) <= _MOST_KEPT and "json" in answer.headers.get("content-type", ""):
        return answer.json()
    return answer.body[:_MOST_KEPT].decode(errors="replace")
