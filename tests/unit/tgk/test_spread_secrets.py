"""Secrets over several lines: hidden whole or in parts, while other lines stay as they are."""

from __future__ import annotations

import base64
import hashlib
import json
from time import process_time

import pytest

from tgk.masking import masked
from tgk.redaction import Redactor
from tgk.reply import Log, Plain, Reply, Text
from tgk.spread_secrets import HIDDEN, masked_lines

REDACTOR = Redactor(b"salt")


def key_text(lines: int = 25, width: int = 64) -> list[str]:
    """Return lines as long as those of a real key, the last one shorter."""
    drawn = b"".join(hashlib.sha512(bytes([n])).digest() for n in range(lines + 12))
    text = base64.b64encode(drawn).decode()
    full = [text[n * width : (n + 1) * width] for n in range(lines - 1)]
    return [*full, text[-30:-10] + "=="]


def pem(kind: str = "RSA PRIVATE KEY", **how: int) -> list[str]:
    """Return a key as a file holds it."""
    return [f"-----BEGIN {kind}-----", *key_text(**how), f"-----END {kind}-----"]


def stamped(lines: list[str]) -> list[str]:
    """Return lines as ``/logs`` shows them."""
    return [f"[2026-01-15 10:23:{n % 60:02}] {line}" for n, line in enumerate(lines)]


def as_docker_writes(lines: list[str]) -> list[str]:
    """Return lines as a container's log file holds them."""
    return [json.dumps({"log": line + "\n", "time": "2026-01-15T10:23:45Z"}) for line in lines]


def leaks(shown: list[str], secret: list[str]) -> list[str]:
    """Return every line of the secret of which a part of 8 characters can still be read."""
    text = "\n".join(shown)
    return [
        line
        for line in secret
        if line
        and "-----" not in line
        and any(line[n : n + 8] in text for n in range(max(1, len(line) - 7)))
    ]


AROUND = ["starting up", "loading the key:", "listening on :8080", "GET /healthz 200 in 3 ms"]
KINDS = {
    "RSA": pem(),
    "PKCS8": pem("PRIVATE KEY"),
    "EC": pem("EC PRIVATE KEY", lines=4),
    "OpenSSH": pem("OPENSSH PRIVATE KEY", lines=30, width=70),
    "PGP": pem("PGP PRIVATE KEY BLOCK", lines=40),
    "encrypted": [
        "-----BEGIN RSA PRIVATE KEY-----", "Proc-Type: 4,ENCRYPTED",
        "DEK-Info: AES-256-CBC,0123456789ABCDEF0123456789ABCDEF", "", *pem()[1:],
    ],
}  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("written", [list, stamped, as_docker_writes])
def test_a_key_over_lines_is_hidden_and_nothing_else(kind: str, written: type[list[str]]) -> None:
    """As many lines as before in the same order; those around it stay, the begin is marked."""
    before, key, after = AROUND[:2], KINDS[kind], AROUND[2:]
    lines = written([*before, *key, *after])

    shown = masked_lines(lines, REDACTOR.text)

    assert len(lines) == len(shown)
    assert [] == leaks(shown, key)
    assert lines[:2] == shown[:2]
    assert lines[-2:] == shown[-2:]
    assert "hmac:" in shown[2]
    assert all(line.endswith(HIDDEN) for line in shown[3:-2])
    assert shown == masked_lines(shown, REDACTOR.text)


@pytest.mark.parametrize("written", [list, stamped])
@pytest.mark.parametrize(("first", "last"), [(0, 12), (5, 27), (5, 20), (26, 27), (0, 2)])
def test_a_part_of_a_key_is_hidden_too(first: int, last: int, written: type[list[str]]) -> None:
    """What streams in pieces, or stands at the edge of a page: its begin, its middle, its end."""
    part = pem()[first:last]
    lines = written([*AROUND[:1], *part] if first else [*part, *AROUND[2:]])

    shown = masked_lines(lines, REDACTOR.text)

    assert [] == leaks(shown, part)
    assert len(AROUND[:1] if first else AROUND[2:]) == sum(
        a == b for a, b in zip(lines, shown, strict=True)
    )


def test_lines_of_others_between_those_of_a_key_betray_nothing() -> None:
    """Two programs may write at once: with the end unseen, theirs stay and the key does not."""
    key = pem()[:-1]
    mixed = [line for n, part in enumerate(key) for line in (part, f"GET /{n} 200")]

    shown = masked_lines(mixed, REDACTOR.text)

    assert [] == leaks(shown, key[:-1])
    assert [line for line in mixed if "GET" in line] == [line for line in shown if "GET" in line]


def test_a_word_of_a_key_hides_no_log() -> None:
    """A message that only names the marks of a key leaves what follows readable."""
    said = "expected -----BEGIN PRIVATE KEY----- but found nothing"
    lines = [said, *(f"request {n} took 3 ms" for n in range(1000))]

    assert lines[1:] == masked_lines(lines, REDACTOR.text)[1:]


def test_what_is_public_stays() -> None:
    """Certificates, public keys, digests and stack traces are no secrets."""
    digests = [hashlib.sha256(bytes([n])).hexdigest() for n in range(5)]
    sealed = [f"sha384-{line}" for line in key_text(4)[:3]]
    frames = ["Missing token:", "  at run (app.js:12)", "  at main (app.js:40)"]
    lines = [*pem("CERTIFICATE"), *pem("PUBLIC KEY", lines=6), *digests, *sealed, *frames]

    assert lines == masked_lines(lines, REDACTOR.text)


@pytest.mark.parametrize("written", [list, stamped])
@pytest.mark.parametrize("mark", ["|", "|-", ">", ">-2"])
def test_a_text_below_the_name_of_a_secret_is_hidden(mark: str, written: type[list[str]]) -> None:
    """As YAML writes it: the deeper lines, up to the next name."""
    lines = written(
        ["data:", f"  password: {mark}", "    correct horse", "", "    staple", "  user: dana"]
    )

    shown = masked_lines(lines, REDACTOR.text)

    assert [2, 3, 4] == [n for n, line in enumerate(shown) if line.endswith(HIDDEN)]
    assert (lines[0], lines[5]) == (shown[0], shown[5])


@pytest.mark.parametrize("block", [0, 1, 2])
def test_no_part_of_a_reply_keeps_a_key(block: int) -> None:
    """In the lines that become a file, in the plain wording and in what machines read."""
    lines = tuple(stamped([*AROUND, *pem()[1:]]))
    parts = [
        {"blocks": (Text(text="x"), Log(lines=lines, filename="a.log"))},
        {"plain": Plain(headline="x", lines=lines)},
        {"data": {"deep": {"lines": list(lines)}}},
    ]
    reply = Reply(topic="logs", title="x", **parts[block])  # type: ignore[arg-type]

    shown = masked(reply, REDACTOR.text)

    assert [] == leaks([shown.model_dump_json()], pem())
    assert shown.model_dump_json().count(HIDDEN) == len(pem()) - 1
    assert shown == masked(shown, REDACTOR.text)


def test_looking_across_lines_costs_little_beside_looking_at_them() -> None:
    """A clean log: less than a tenth of what its lines cost one by one, in one process."""
    lines = [f"[2026-01-15 10:23:45] GET /api/{n} took {n} ms, id={n:032x}" for n in range(2000)]

    def cost(look: object) -> float:
        best = float("inf")
        for _ in range(7):
            start = process_time()
            look()  # type: ignore[operator]
            best = min(best, process_time() - start)
        return best

    alone = cost(lambda: [REDACTOR.text(line) for line in lines])
    across = cost(lambda: masked_lines(lines, str))

    assert across < alone / 10
    assert lines == masked_lines(lines, REDACTOR.text)


def test_hostile_lines_cost_linear_time() -> None:
    """Begins without end, ends without begin, and lines that nearly fit."""
    hostile = [
        "-----BEGIN PRIVATE KEY-----",
        "-----END PRIVATE KEY-----",
        "A" * 64,
        "x: |",
        "=" * 99,
    ]
    small, large = ([line for line in hostile for _ in range(n)] for n in (200, 2000))

    def cost(lines: list[str]) -> float:
        best = float("inf")
        for _ in range(3):
            start = process_time()
            masked_lines(lines, str)
            best = min(best, process_time() - start)
        return best

    assert cost(large) < 40 * cost(small)
