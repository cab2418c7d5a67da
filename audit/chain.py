"""The chain: every record is sealed together with the seal of the one before it."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FORMAT = 1
SEAL = 66
"""Length of what follows ``"hash":"``: 64 hexadecimal digits, a quote and a brace."""
HASH_NAME = b',"hash":"'
NO_KEY = ""


class KeyMissing(KeyError):
    """A record was sealed with a key that is not at hand."""


@dataclass(frozen=True, slots=True)
class Keyring:
    """The key that seals, and earlier ones that still verify; without a key plain SHA-256 seals."""

    active: str = NO_KEY
    keys: Mapping[str, bytes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, key: bytes | None, earlier: Iterable[bytes] = ()) -> Self:
        """Return a keyring; ids are derived from the keys, so that nobody has to name them."""
        keys = {key_id(each): each for each in (*earlier, *([key] if key else []))}
        return cls(key_id(key) if key else NO_KEY, keys)

    def seal(self, kid: str, data: bytes) -> str:
        """Return the seal of the data; raises KeyMissing."""
        if kid == NO_KEY:
            return hashlib.sha256(data).hexdigest()
        try:
            key = self.keys[kid]
        except KeyError:
            raise KeyMissing(kid) from None
        return hmac.digest(key, data, "sha256").hex()

    def holds(self, kid: str) -> bool:
        """Say whether seals of this key can be checked."""
        return kid == NO_KEY or kid in self.keys


@dataclass(frozen=True, slots=True)
class Link:
    """Where a chain stands: how many records, the last seal, and the key that seals the next."""

    seq: int = 0
    head: str = ""
    kid: str = NO_KEY


def key_id(key: bytes) -> str:
    """Return the public name of a key."""
    return hashlib.sha256(b"tgk audit key\n" + key).hexdigest()[:8]


def genesis(origin: str, salt: str) -> str:
    """Return what the first record of a log refers to, different for every log."""
    return hashlib.sha256(f"tgk audit\n{origin}\n{salt}".encode()).hexdigest()


def seal(keyring: Keyring, link: Link, body: bytes) -> tuple[bytes, Link]:
    """Return the finished line, with its end, and where the chain stands after it.

    The seal covers every byte before it, so that checking needs no re-encoding: strip the last 75
    characters of the line and digest the rest.
    """
    seq = link.seq + 1
    sealed = b'{"v":%d,"seq":%d,%b,"kid":"%b","prev":"%b"' % (
        FORMAT, seq, body, link.kid.encode(), link.head.encode(),
    )  # fmt: skip
    digest = keyring.seal(link.kid, sealed)
    line = b'%b,"hash":"%b"}\n' % (sealed, digest.encode())
    return line, Link(seq, digest, link.kid)
