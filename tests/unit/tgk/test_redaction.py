"""Masking of secrets."""

from __future__ import annotations

import json
import re
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tgk.errors import ConfigurationInvalid
from tgk.redaction import Redactor

MARK = re.compile(r"hmac:[0-9a-f]{16}")
SECRETS = {
    "GitHub": "ghp_" + "aB3" * 12,
    "GitHub app": "gho_" + "aB3" * 12,
    "GitHub fine-grained": "github_pat_11AAAAAAA0" + "aB3_" * 10,
    "Slack": "xox" + "b-123456789012-abcdefABCDEF",
    "AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "JWT": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJlLWhlcmU",
    "Discord": "MTIzNDU2Nzg5MDEyMzQ1Njc4" + ".GaBcDe.abcdefghijklmnopqrstuvwxyz0123456789AB",
    "Telegram": "7000000:AA" + "h-b_C1" * 6,
    "model": "sk-" + "proj-aB3dE6gH9jK2mN5p",
}
PEM = "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENC\n\nMIIE-not\n-----END RSA PRIVATE KEY-----"
IN_PLACE = {
    "https://api.telegram.org/bot{}/getMe": SECRETS["Telegram"],
    "https://x/bot{}/getMe": SECRETS["Telegram"].replace(":", "%3A"),
    "postgres://{}@db/tgk": "tgk:hunter2",
    "https://discord.com/api/webhooks/400000000000000001/{}": "aB3_" * 17,
    "https://hooks.slack.com/services/{}": "T00000000/B00000000/abcdefghijklmnop",
    "password={} and more": "hunter2",
    "PASSWORD: {}": "correcthorse",
    'password="{}"': "with spaces, and commas",
    "?token={}&x=1": "abcdef",
    "DISCORD_TOKEN={}": "short",
    '{{"api_key": "{}"}}': "no digits here",
    '{{"api key": "{}"}}': "no digits here",
    "Authorization: Bearer {}": "abcdefghijk",
    "authorization: Basic {}": "dXNlcjpwYXNz",
    "Authorization: Bot {}": "whatever",
    "sent Bearer {} twice": "abcdefghijk",
    "key:\n{}\nend": PEM,
}


@pytest.mark.parametrize("kind", SECRETS)
@pytest.mark.parametrize("frame", ["{}", "it is {}.", "<{}>", "a={},b", "x\n{}\ny", '"{}"'])
def test_a_known_shape_is_masked_wherever_it_stands(kind: str, frame: str) -> None:
    """The rest of the text stays."""
    redactor = Redactor(b"salt")

    masked = redactor.text(frame.format(SECRETS[kind]))

    assert MARK.sub("{}", masked).rstrip(".") == frame.rstrip(".")
    assert redactor.masked == 1


@pytest.mark.parametrize("frame", IN_PLACE)
def test_a_secret_is_masked_by_what_stands_around_it(frame: str) -> None:
    """Only the secret goes; who reads it sees where it was."""
    secret = IN_PLACE[frame]

    masked = Redactor(b"salt").text(frame.format(secret))

    assert masked == frame.format(Redactor(b"salt").fingerprint(secret))


@pytest.mark.parametrize(
    "text",
    [
        "staging",
        "v1.2.3",
        "discord:role:200000000000000001",
        "task-force-with-a-very-long-name",
        "token: expired",
        "deploy:production",
        "https://github.com/org/repo/actions/runs/1234",
        "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "2026-01-15T12:00:00.000000Z",
        "the bearer of bad news",
        "someone@example.com",
        "monkey business",
        "a-b.c-d.e-f",
    ],
)
def test_ordinary_text_stays_as_it_is(text: str) -> None:
    """A log full of marks helps nobody."""
    redactor = Redactor(b"salt")

    assert redactor.text(text) == text
    assert redactor.masked == 0


def test_the_same_secret_has_the_same_mark_and_another_salt_another() -> None:
    """So that a known secret can be looked for, and an unknown one not be guessed."""
    first, second = Redactor(b"salt"), Redactor(b"pepper")
    secret = SECRETS["GitHub"]

    assert first.text(f"<{secret}>") == f"<{first.fingerprint(secret)}>"
    assert first.value({"token": secret}) == {"token": first.fingerprint(secret)}
    assert first.fingerprint(secret) != second.fingerprint(secret)


def test_values_are_masked_by_the_name_they_stand_under() -> None:
    """Names of secrets in any spelling; names that only look like one stay."""
    redactor = Redactor(b"salt", keys=["session"])
    secret = {"password": 1234, "apiKey": "x", "X-Auth-Token": "x", "Cookie": "x", "SESSION": "x"}
    secret |= {"aws_secret_access_key": "x", "nested": {"dbPassword": ["x", {"a": b"x"}]}}
    plain = {"key": "deploy:production", "lock_key": "x", "monkey": "x", "author": "x"}
    plain |= {"max_tokens": 100, "keyboard": "x", "password": None, "secret": ""}

    assert redactor.value(plain) == plain
    masked = redactor.value(secret)
    assert '"x"' not in json.dumps(masked)
    assert "1234" not in json.dumps(masked)
    assert masked["nested"]["dbPassword"] == [
        redactor.fingerprint("x"),
        {"a": redactor.fingerprint("x")},
    ]


def test_exact_secrets_of_the_process_are_masked_in_any_text() -> None:
    """Plain and as written in an address; texts seen before are looked at again."""
    redactor = Redactor(b"salt")
    assert redactor.text("p@ss/word-1 here") == "p@ss/word-1 here"

    redactor.literals("p@ss/word-1", "short")

    assert redactor.text("p@ss/word-1 here") == f"{redactor.fingerprint('p@ss/word-1')} here"
    assert "p%40ss" not in redactor.text("https://x/?q=p%40ss%2Fword-1")
    assert redactor.text("short") == "short"


def test_patterns_of_the_operator_are_masked_whole() -> None:
    """As written in discovery.yml."""
    redactor = Redactor(b"salt", patterns=[r"EMP-[0-9]{4}"])

    assert redactor.text("see EMP-1234") == f"see {redactor.fingerprint('EMP-1234')}"


def test_bad_patterns_are_all_named() -> None:
    """Before anything starts."""
    with pytest.raises(ConfigurationInvalid) as caught:
        Redactor(b"salt", patterns=["(", "ok", "["])

    assert len(caught.value.faults) == 2


def test_values_are_copied_and_bounded_in_depth() -> None:
    """The original is left alone; endless nesting ends."""
    endless: list[object] = []
    endless.append(endless)
    given_value = {"password": "x", "items": ("a", {"b"}), "at": 1.5}

    copy = Redactor(b"salt").value(given_value)

    assert given_value["password"] == "x"
    assert (copy["items"], copy["at"]) == (["a", ["b"]], 1.5)
    assert "too deep" in json.dumps(Redactor(b"salt").value(endless))


PIECES = st.sampled_from(
    [*SECRETS.values(), PEM, "password=", "Bearer ", "token: ", "https://", "@", ":", "/", " ",
     "\n", "authorization: ", '"', "x", "1", "=", "hmac:0123456789abcdef", "-----", ".", "é"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=8).map("".join))
def test_masking_twice_changes_nothing(text: str) -> None:
    """Every layer may mask, in any order."""
    redactor = Redactor(b"salt")
    once = redactor.text(text)

    assert redactor.text(once) == once


@given(st.text(max_size=200), st.sampled_from(sorted(SECRETS)), st.text(max_size=200))
def test_no_neighbour_hides_a_secret(before: str, kind: str, after: str) -> None:
    """Whatever else a line holds, the secret is not in it afterwards."""
    secret = SECRETS[kind]

    assert secret not in Redactor(b"salt").text(f"{before} {secret} {after}")


@pytest.mark.parametrize(
    "seed",
    ["eyJ", "eyJa-", "password ", "password", "a://", "1:", "1", "-----BEGIN PRIVATE KEY-----",
     "M.", "-----", "bearer ", "authorization:", "token:", "sk-", "ghp_", "http://a:", "MMMM.",
     "a-"],
)  # fmt: skip
def test_hostile_text_costs_linear_time(seed: str) -> None:
    """Eight times the text takes far less than sixty-four times as long."""
    redactor = Redactor(b"salt")

    small, large = (cost(redactor, seed * (size // len(seed))) for size in (20_000, 160_000))

    assert large < 24 * max(small, 0.0005)


def cost(redactor: Redactor, text: str) -> float:
    """Return the shortest of three measurements."""
    times = []
    for _ in range(3):
        began = process_time()
        redactor.text(text)
        times.append(process_time() - began)
    return min(times)
