"""Masks secrets before anything is shown, logged or written; the same secret gets the same mark."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from tgk.errors import ConfigurationInvalid

if TYPE_CHECKING:
    from collections.abc import Iterable

SHORTEST_LITERAL = 6
"""Shorter exact secrets are not looked for: they would hide ordinary words."""
DEEPEST = 24
"""Containers nested further than this are replaced whole."""
MOST_PASSES = 5
LONGEST_REMEMBERED = 64
MOST_REMEMBERED = 2048
"""Short texts without a secret that are not looked at again."""

_SENSITIVE = frozenset(
    {
        "apikey", "authorization", "bearer", "cookie", "credential", "credentials", "passphrase",
        "passwd", "password", "passwords", "pwd", "secret", "secrets", "token", "tokens",
    }
)  # fmt: skip
_HARMLESS_KEYS = frozenset(
    {"cache", "foreign", "idempotency", "lock", "partition", "primary", "public", "routing", "sort"}
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_MARK = r"hmac:[0-9a-f]{16}(?![0-9A-Za-z])"
_QUICK = 16
"""No rule without one of ``_PUNCTUATION`` matches anything shorter."""
_PUNCTUATION = frozenset("=: ")


@dataclass(frozen=True, slots=True)
class _Rule:
    """A pattern, and the lower-case texts of which one must occur for it to be worth trying.

    Every pattern either consumes what it scans or gives up after a bounded number of characters,
    so that hostile text costs linear time.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]


def _rule(pattern: str, *hints: str, flags: int = 0) -> _Rule:
    return _Rule(hints, re.compile(pattern, flags))


_NAMES = (
    r"(?:password|passwd|passphrase|pwd|secret|token|credentials?"
    r"|(?:api|access|private|secret|signing|account|ssh|auth)[ _-]?key)"
)
_BUILT_IN = (
    _rule(
        r"(?P<secret>-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[^-]*(?:-(?!----)[^-]*)*"
        r"(?:-----END [A-Z0-9 ]{0,40}-----)?)",
        "private key",
    ),
    _rule(r"[a-z][a-z0-9+.]{1,14}://(?P<secret>(?!" + _MARK + r"@)[^\s/@?#\"'<>]{1,512})@",
          "://", flags=re.IGNORECASE),
    _rule(r"(?P<secret>gh[a-z]_[A-Za-z0-9]{16,}|github_pat_[A-Za-z0-9_]{20,})", "gh", "github_pat"),
    _rule(r"(?P<secret>xox[a-z]-[A-Za-z0-9-]{11,}|xapp-[A-Za-z0-9-]{16,})", "xox", "xapp-"),
    _rule(r"(?P<secret>(?:AKIA|ASIA)[0-9A-Z]{16})", "akia", "asia"),
    _rule(r"(?P<secret>eyJ[A-Za-z0-9_-]{13,}+(?:\.[A-Za-z0-9_-]++){0,2})", "eyj"),
    _rule(
        r"(?P<secret>[MNO][A-Za-z0-9_-]{22,29}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,})", "."
    ),
    _rule(r"(?<!\d)(?P<secret>\d{5,20}(?::|%3[Aa])[A-Za-z0-9_-]{35,})", ":", "%3a"),
    _rule(r"(?<![A-Za-z0-9])(?P<secret>[sr]k-[A-Za-z0-9_-]{16,})", "sk-", "rk-"),
    _rule(
        r"(?P<secret>(?:glpat-|hvs\.|lin_api_|npm_|dop_v1_|AIza)[A-Za-z0-9_-]{20,})",
        "glpat-", "hvs.", "lin_api_", "npm_", "dop_v1_", "aiza",
    ),
    _rule(r"/webhooks/\d{5,20}/(?P<secret>[A-Za-z0-9_-]{20,})", "/webhooks/"),
    _rule(r"hooks\.slack\.com/services/(?P<secret>[A-Za-z0-9/]{20,})", "hooks.slack.com"),
    _rule(
        r"authorization[\"']?\s{0,4}[:=]\s{0,4}[\"']?(?:(?:bearer|basic|bot|token)\s{1,4})?+"
        r"(?P<secret>(?!" + _MARK + r")[^\s\"',;]+)",
        "authorization", flags=re.IGNORECASE,
    ),
    _rule(r"\bbearer\s{1,4}(?P<secret>(?!" + _MARK + r")[A-Za-z0-9._~+/=-]{8,})",
          "bearer", flags=re.IGNORECASE),
    _rule(
        _NAMES + r"\\{0,3}[\"']?\s{0,4}(?:=\s{0,4}|:\s{0,4}(?=[^\s=]{0,64}\d)"
        r"|(?<=password):\s{0,4}|(?<=\"|'):\s{0,4})"
        r"(?:\"(?P<secret>(?!" + _MARK + r")[^\"\n]{1,4096})|'(?P<single>(?!" + _MARK
        + r")[^'\n]{1,4096})|\\{1,3}\"(?P<escaped>(?!" + _MARK
        + r")[^\"\n]{1,4096}?)(?=\\{1,3}\")|(?P<bare>(?!\\{1,3}[\"'])(?!" + _MARK
        + r")[^\s,;&\"'{}\[\]]+))",
        "passw", "passphrase", "pwd", "secret", "token", "credential", "key",
        flags=re.IGNORECASE,
    ),
)  # fmt: skip


class Redactor:
    """Replaces secrets by ``hmac:<16 hex>``; without the salt nobody can tell what was there.

    Raises ConfigurationInvalid when one of ``patterns`` is not a regular expression.
    """

    def __init__(self, salt: bytes, keys: Iterable[str] = (), patterns: Iterable[str] = ()) -> None:
        self.masked = 0
        """How many values were masked so far."""
        self._salt = salt
        self._keys = frozenset(key.lower() for key in keys)
        self._extra = _compiled(patterns)
        self._literals: tuple[str, ...] = ()
        self._known_keys: dict[str, bool] = {}
        self._clean: set[str] = set()

    def literals(self, *secrets: str) -> None:
        """Also mask these exact secrets of this process, plain or as written in an address."""
        usable = {secret for secret in secrets if len(secret) >= SHORTEST_LITERAL}
        spelled = usable | {quote(secret, safe="") for secret in usable} | set(self._literals)
        self._literals = tuple(sorted(spelled, key=len, reverse=True))
        self._clean = set()

    def fingerprint(self, secret: str) -> str:
        """Return the mark that stands for a secret, to look it up in what was written."""
        data = secret.encode("utf-8", "surrogatepass")
        return "hmac:" + hmac.digest(self._salt, data, "sha256").hex()[:16]

    def text(self, value: str) -> str:
        """Return the text with every secret in it masked; masking twice changes nothing."""
        if value in self._clean:
            return value
        masked = self._masked(value)
        if masked == value and len(value) <= LONGEST_REMEMBERED:
            if len(self._clean) >= MOST_REMEMBERED:
                self._clean = set()
            self._clean.add(value)
        return masked

    def value(self, value: Any) -> Any:
        """Return a redacted copy made of plain mappings, lists, texts and numbers."""
        return self._copy(value, DEEPEST)

    def is_sensitive(self, name: str) -> bool:
        """Say whether what stands under this name is a secret by its name alone."""
        known = self._known_keys.get(name)
        if known is None:
            known = name.lower() in self._keys or _names_a_secret(name)
            if len(self._known_keys) < MOST_REMEMBERED:
                self._known_keys[name] = known
        return known

    def _masked(self, value: str) -> str:
        """Mask until nothing is left to mask: a mark may be what completes its neighbour."""
        for _ in range(MOST_PASSES):
            before, value = value, self._masked_once(value)
            if value == before:
                break
        return value

    def _masked_once(self, value: str) -> str:
        for secret in self._literals:
            if secret in value:
                self.masked += 1
                value = value.replace(secret, self.fingerprint(secret))
        if len(value) >= _QUICK or not _PUNCTUATION.isdisjoint(value):
            value = self._by_rules(value)
        for pattern in self._extra:
            value = pattern.sub(self._mask, value)
        return value

    def _by_rules(self, value: str) -> str:
        low = value.lower()
        for rule in _BUILT_IN:
            for hint in rule.hints:
                if hint in low:
                    value = rule.pattern.sub(self._mask, value)
                    break
        return value

    def _mask(self, found: re.Match[str]) -> str:
        name = found.lastgroup
        start, end = found.span(name) if name else found.span()
        if start == end:
            return found[0]
        self.masked += 1
        whole, offset = found[0], found.start()
        mark = self.fingerprint(whole[start - offset : end - offset])
        return whole[: start - offset] + mark + whole[end - offset :]

    def _copy(self, value: Any, depth: int) -> Any:
        if isinstance(value, str):
            return self.text(value)
        if value is None or isinstance(value, (bool, int, float)):
            return value
        if depth == 0:
            return "too deep"
        if isinstance(value, (dict, Mapping)):
            return {
                self.text(str(key)): self._under(str(key), item, depth - 1)
                for key, item in value.items()
            }
        if isinstance(value, (list, Sequence, AbstractSet)) and not isinstance(
            value, (bytes, bytearray)
        ):
            return [self._copy(item, depth - 1) for item in value]
        return self.text(_spelled(value))

    def _under(self, name: str, value: Any, depth: int) -> Any:
        if not self.is_sensitive(name) or (name.lower().endswith("tokens") and _is_count(value)):
            return self._copy(value, depth)
        return self._hidden(value, depth)

    def _hidden(self, value: Any, depth: int) -> Any:
        if value is None or isinstance(value, bool) or value == "":
            return value
        if depth > 0 and isinstance(value, (dict, Mapping)):
            return {
                self.text(str(key)): self._hidden(item, depth - 1) for key, item in value.items()
            }
        if depth > 0 and isinstance(value, (list, tuple, set, frozenset)):
            return [self._hidden(item, depth - 1) for item in value]
        self.masked += 1
        return self.fingerprint(_spelled(value))


def _compiled(patterns: Iterable[str]) -> tuple[re.Pattern[str], ...]:
    found, faults = [], []
    for pattern in patterns:
        try:
            found.append(re.compile(pattern))
        except re.error as error:
            faults.append(f"redaction pattern {pattern!r}: {error}")
    if faults:
        raise ConfigurationInvalid("The redaction rules cannot be used.", faults)
    return tuple(found)


def _names_a_secret(name: str) -> bool:
    words = [word.lower() for word in _WORD.findall(name)]
    if not _SENSITIVE.isdisjoint(words):
        return True
    return len(words) > 1 and words[-1] == "key" and words[-2] not in _HARMLESS_KEYS


def _is_count(value: Any) -> bool:
    return isinstance(value, int)


def _spelled(value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return bytes(value).decode("utf-8", "backslashreplace")
    return str(value)


__all__ = ["DEEPEST", "SHORTEST_LITERAL", "Redactor"]
