"""A command done by calling an address that discovery.yml names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from integrations.http import HttpPort, Patience
from integrations.providers.call import found, web_address
from integrations.providers.filling import filled_body, filled_path, with_variables
from tgk.errors import Rejected, Unavailable
from tgk.ports.providers import ProviderProgress, ProviderResult

if TYPE_CHECKING:
    from integrations.http import Answer
    from integrations.providers.call import Call
    from integrations.providers.filling import Variable
    from tgk.bindings import Following, HttpBinding
    from tgk.ports.providers import Arguments
    from tgk.ports.time import Clock

_MOST_ANSWERED = 256 * 1024
_MOST_LOGGED = 50


class HttpProvider:
    """Calls one address of one host; the key goes along as ``Idempotency-Key``."""

    def __init__(
        self, name: str, binding: HttpBinding, *, clock: Clock, variable: Variable
    ) -> None:
        self._binding = binding
        self._clock = clock
        address = with_variables(binding.url, variable, system=name).get_secret_value()
        parts = urlsplit(address)
        self._origin = f"{parts.scheme}://{parts.netloc}"
        self._path = address.removeprefix(self._origin) or "/"
        self._http = HttpPort(
            name,
            self._origin,
            clock=clock,
            headers={
                key: with_variables(value, variable, system=name)
                for key, value in binding.headers.items()
            },
            patience=Patience(timeout=binding.timeout),
            max_body=_MOST_ANSWERED,
        )

    def plan(self, arguments: Arguments) -> str:
        """Name the method and the address as discovery.yml writes it, which holds no secret."""
        body = filled_body(self._binding.body, arguments) or {}
        told = ", ".join(f"{name}={value}" for name, value in body.items())
        address = filled_path(self._binding.url, arguments)
        return f"{self._binding.method} {address}" + (f" with {told}" if told else "")

    async def invoke(self, call: Call) -> ProviderResult:
        """Make the call, follow the job that it starts, and read what was asked for from it."""
        binding = self._binding
        try:
            answer = await self._request(
                binding.method,
                filled_path(self._path, call.arguments),
                body=filled_body(binding.body, call.arguments),
                key=call.key,
            )
        except Rejected as error:
            if error.status not in binding.success:
                raise
            return ProviderResult(success=True, summary=error.why)
        if binding.success and answer.status not in binding.success:
            return ProviderResult(success=False, summary=f"It answered {answer.status}.")
        content = _content(answer)
        if binding.follow is not None:
            content = await self._followed(binding.follow, content, call)
        return self._result(content)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _request(self, method: str, path: str, *, body: Any, key: str) -> Answer:
        return await self._http.request(
            method,
            path,
            json=body,
            headers={"Idempotency-Key": key},
            idempotent=True if method == "GET" else self._binding.repeatable,
        )

    async def _followed(self, follow: Following, content: Any, call: Call) -> Any:
        """Look at a job until its state is none in which it goes on; outages are waited out."""
        path = self._path_of(found(content, follow.at))
        until = self._clock.monotonic() + follow.within
        trouble = ""
        while str(found(content, follow.state)) in follow.running:
            if self._clock.monotonic() >= until:
                why = f"It still runs after {follow.within:.0f} s."
                raise Unavailable(self._http.system, why, remedy="Look there yourself.")
            note = trouble or str(found(content, "note") or found(content, follow.state))
            await call.watch(ProviderProgress(note=note[:200]))
            await self._clock.sleep(follow.every)
            try:
                content = _content(await self._request("GET", path, body=None, key=call.key))
                trouble = ""
            except Unavailable as error:
                trouble = f"it does not answer, still trying: {error.why}"
        return content

    def _path_of(self, target: object) -> str:
        """Return where to look for a job; raises Rejected for an address of another host."""
        address = urljoin(f"{self._origin}{self._path}", str(target or ""))
        if target is None or not address.startswith(f"{self._origin}/"):
            raise Rejected(
                self._http.system,
                "It does not say where to look for the job that it started.",
                remedy="Mend follow.at in discovery.yml; other hosts are not followed.",
            )
        return address.removeprefix(self._origin)

    def _result(self, content: Any) -> ProviderResult:
        output = {name: found(content, path) for name, path in self._binding.output.items()}
        success = output.pop("success", True) is True
        summary = output.pop("summary", None)
        log = found(content, "log")
        lines = log if isinstance(log, list) else []
        return ProviderResult(
            success=success,
            output=output,
            summary=summary if isinstance(summary, str) else "",
            url=web_address(output.get("url")),
            log=tuple(str(line) for line in lines[-_MOST_LOGGED:]),
        )


def _content(answer: Answer) -> Any:
    """Return the JSON of an answer; one without a body says nothing."""
    return answer.json() if answer.body.strip() else {}
