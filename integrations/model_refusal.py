"""What an error of OpenAI's client means for whoever asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Rejected, Unavailable, Upstream

if TYPE_CHECKING:
    from collections.abc import Callable

    from openai import APIStatusError, OpenAIError

_LONGEST_REASON = 200
_REFUSALS = {
    401: ("It refused our key.", "Renew OPENAI_API_KEY."),
    403: ("Our key may not use this model.", "Choose another model in agents of discovery.yml."),
    404: (
        "It does not know this model or this address.",
        "Check model and base_url in agents of discovery.yml.",
    ),
    413: ("The question is too long for it.", "Ask with fewer words."),
}


def model_refusal(system: str, error: OpenAIError, hide: Callable[[str], str]) -> Upstream:
    """Return the error that an operator reads; it quotes neither key nor address."""
    from openai import APIConnectionError, APIStatusError, APITimeoutError

    if isinstance(error, APITimeoutError):
        return Unavailable(system, "It fell silent for too long.")
    if isinstance(error, APIConnectionError):
        return Unavailable(system, "It cannot be reached.")
    if isinstance(error, APIStatusError):
        return _from_status(system, error, hide)
    return Unavailable(system, f"It broke off: {hide(_line(str(error)))}")


def is_about(error: APIStatusError, field: str) -> bool:
    """Say whether the server refused because of one field of the request."""
    return error.status_code in (400, 422) and field in error.response.text


def _from_status(system: str, error: APIStatusError, hide: Callable[[str], str]) -> Upstream:
    status = error.status_code
    if status == 429 and error.code == "insufficient_quota":  # noqa: PLR2004 - HTTP as written
        why = "The account has no credit left."
        return Rejected(system, why, status=status, remedy="Add credit, or choose another model.")
    if status == 429:  # noqa: PLR2004
        wait = _retry_after(error)
        return Unavailable(system, "It asks to be called less often.", retry_after=wait)
    if status in (408, 409, 425) or status >= 500:  # noqa: PLR2004
        why = f"It answered with error {status}."
        return Unavailable(system, why, retry_after=_retry_after(error))
    if status < 400:  # noqa: PLR2004
        why = "It sends us to another address, which is not followed."
        return Rejected(system, why, status=status, remedy="Mend base_url in discovery.yml.")
    reason = hide(_line(_reason(error)))
    why, remedy = _REFUSALS.get(status, (f"It refused the request ({status}): {reason}", ""))
    return Rejected(system, why, status=status, remedy=remedy)


def _retry_after(error: APIStatusError) -> float | None:
    value = error.response.headers.get("retry-after", "")
    return float(value) if value.isascii() and value.isdigit() and len(value) < 7 else None  # noqa: PLR2004


def _reason(error: APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    message = body.get("message")
    return message if isinstance(message, str) else "no reason given"


def _line(text: str) -> str:
    line = "".join(letter if letter.isprintable() else " " for letter in text)
    return line if len(line) <= _LONGEST_REASON else line[: _LONGEST_REASON - 1] + "…"
