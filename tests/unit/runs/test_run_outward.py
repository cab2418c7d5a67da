"""Steps that reach outside of the commands, and the secrets that they use on the way."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest

from orchestration.runs.hiding import hidden
from orchestration.runs.ports import Reached
from tests.unit.runs.runs_world import world
from tgk.discovery import OutsideSteps
from tgk.errors import ConfigurationInvalid, Unavailable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from orchestration.playbook.model import Secret
    from tests.unit.runs.runs_world import World

SECRET = "s3cret-Value-of-the-hook"
ALLOWED = OutsideSteps(hosts=("https://hooks.example",), programs={"tool": "/usr/bin/tool"})
POST = """
name: story
variables: {what: world}
secrets: [{name: token, source: environment, variable: HOOK_TOKEN}]
steps:
  - name: call
    retry: {max: 1, delay: 1}
    http:
      method: POST
      url: https://hooks.example/hello/${what}
      headers: {Authorization: "Bearer ${secrets.token}"}
      body: '{"token": "${token}", "what": "${what}"}'
  - {name: after, command: "/mark got-${call.output.status}"}
outputs: {said: "${call.output.body}"}
"""


class Outside:
    """Notes what is asked of it and answers as ordered."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error: Exception | None = None
        self.held: asyncio.Event | None = None

    async def http(
        self, method: str, url: str, *, headers: Mapping[str, str], body: str | None,
        expect: tuple[int, ...], key: str,
    ) -> Reached:  # fmt: skip
        """Repeat what was sent, the secret included."""
        self.asked.append(
            {"method": method, "url": url, "headers": dict(headers), "body": body, "key": key}
        )
        if self.held is not None:
            await self.held.wait()
        if self.error:
            raise self.error
        said = {"echo": [headers.get("Authorization", ""), {"x": f"<{SECRET}>"}]}
        good = not expect or 200 in expect
        return Reached(good=good, output={"status": 200, "body": said}, note="it answered 200")

    async def shell(self, program: str, arguments: Sequence[str], *, key: str) -> Reached:
        """Note the words."""
        self.asked.append({"program": program, "arguments": list(arguments), "key": key})
        return Reached(good=True, output={"text": "fine"}, note="It ended well.")


class Keeper:
    """Counts how often a secret is fetched."""

    def __init__(self) -> None:
        self.fetched: list[str] = []

    async def reveal(self, secret: Secret) -> str:
        """Return the one value."""
        self.fetched.append(secret.name)
        return SECRET


def files(folder: Path) -> list[str]:
    """Return everything that is on disk, as text."""
    found = [path for path in folder.rglob("*") if path.is_file()]
    return [path.read_bytes().decode(errors="replace") for path in found]


def outfitted(folder: Path, allowed: OutsideSteps = ALLOWED) -> World:
    """Return a world with an outside."""
    made = world(folder)
    made.allowed, made.outward, made.secrets = allowed, Outside(), Keeper()
    return made


async def test_a_secret_is_in_the_call_and_nowhere_else(tmp_path: Path) -> None:
    """Not in the view, the store, the audit log, nor in what the other side repeats."""
    made = outfitted(tmp_path)
    async with made.open():
        view = await made.play(POST)
        kept = await made.runs._ledger.steps(view.id)
        record = await made.runs._ledger.load(view.id)

    (asked,) = made.outward.asked
    assert asked["headers"] == {"Authorization": f"Bearer {SECRET}"}
    assert json.loads(asked["body"]) == {"token": SECRET, "what": "world"}
    assert asked["url"] == "https://hooks.example/hello/world"
    assert (view.state, made.effects.names) == ("succeeded", ["got-200"])
    assert made.secrets.fetched == ["token"]
    everything = [view.model_dump_json(), record.model_dump_json(), repr(kept)]
    everything += [repr(each) for each in (*made.journal.intents, *made.journal.conclusions)]
    everything += files(tmp_path)
    assert not [each for each in everything if SECRET in each]
    assert view.outputs["said"] == {"echo": ["Bearer [hidden]", {"x": "<[hidden]>"}]}


async def test_a_value_stays_one_part_of_the_address_and_of_the_body(tmp_path: Path) -> None:
    """It neither climbs to another path nor adds anything to the JSON around it."""
    made = outfitted(tmp_path)
    hostile = 'x", "admin": true, "y": "../../admin?z=1'
    text = POST.replace("variables: {what: world}", f"variables: {{what: '{hostile}'}}")
    async with made.open():
        await made.play(text)

    (asked,) = made.outward.asked
    assert json.loads(asked["body"]) == {"token": SECRET, "what": hostile}
    assert asked["url"].removeprefix("https://hooks.example/hello/").isascii()
    assert not {"/", "?", " ", '"'} & set(asked["url"].removeprefix("https://hooks.example/hello/"))


async def test_the_other_side_tells_a_call_from_its_namesake_s_of_a_lost_store(
    tmp_path: Path,
) -> None:
    """The run has the same id there, and another key."""
    keys = []
    for seconds, folder in enumerate((tmp_path / "lost", tmp_path / "begun-anew")):
        folder.mkdir()
        made = outfitted(folder)
        await made.clock.advance(seconds)
        async with made.open():
            view = await made.play(POST)
        keys.append((view.id, made.outward.asked[0]["key"]))

    (first, key), (second, other) = keys
    assert first == second
    assert key
    assert key != other


async def test_every_call_is_in_the_audit_log(tmp_path: Path) -> None:
    """Intended before, concluded after, as the starter of the run."""
    made = outfitted(tmp_path)
    async with made.open():
        view = await made.play(POST)
        told = [each for each in made.journal.intents if each.command == "/orchestrate step"]
        ends = [end for each, end in made.journal.conclusions if each in told]

    assert [each.args for each in told] == [
        {"run": view.id, "step": "call", "method": "POST",
         "url": "https://hooks.example/hello/world"}
    ]  # fmt: skip
    assert told[0].caller.person == "dana"
    assert [end.result for end in ends] == ["success"]


async def test_without_an_audit_log_nobody_is_called(tmp_path: Path) -> None:
    """The step fails before anything was sent."""
    made = outfitted(tmp_path)
    made.journal.broken = "disk full"
    async with made.open():
        view = await made.play(POST)

    assert (view.state, made.outward.asked) == ("failed", [])


@pytest.mark.parametrize(
    "url",
    [
        "https://other.example/x", "http://hooks.example/x", "https://hooks.example.evil.example/",
        "https://hooks.example@evil.example/", "https://hooks.example:8443/",
        "https://${host}/x", "https://hooks.example${host}",
    ],
)  # fmt: skip
async def test_what_nobody_allowed_is_not_even_started(tmp_path: Path, url: str) -> None:
    """Another host, scheme or port, or one that is computed."""
    made = outfitted(tmp_path)
    async with made.open():
        with pytest.raises(ConfigurationInvalid, match="not allowed"):
            await made.start(
                "name: story\nvariables: {host: hooks.example}\n"
                f"steps: [{{http: {{url: '{url}'}}}}]\n"
            )

    assert made.outward.asked == []


@pytest.mark.parametrize("step", ["http: {url: 'https://hooks.example/x'}", "shell: [tool, --all]"])
async def test_both_kinds_are_off_unless_something_is_listed(tmp_path: Path, step: str) -> None:
    """As shipped, a playbook reaches nothing but commands."""
    made = outfitted(tmp_path, OutsideSteps())
    async with made.open():
        with pytest.raises(ConfigurationInvalid, match="are off"):
            await made.start(f"name: story\nsteps: [{{{step}}}]\n")


SHELL = "name: story\nsteps:\n  - {name: call, shell: [tool, --all], retry: {max: 1, delay: 1}}\n"


@pytest.mark.parametrize(
    ("text", "why"), [(POST, "this address"), (SHELL, "the program tool")], ids=["http", "shell"]
)
async def test_the_engine_refuses_too_what_is_no_longer_allowed(
    tmp_path: Path, text: str, why: str
) -> None:
    """A run that began while it was allowed stops at the step, and does not try again."""
    first = outfitted(tmp_path)
    async with first.open(grace=0.05):
        first.effects.held["hold"] = asyncio.Event()
        started = await first.start(text.replace("steps:\n", "steps:\n  - /mark hold\n"))
        await first.seen(lambda: "hold" in first.effects.running)

    second = outfitted(tmp_path, OutsideSteps())
    async with second.open():
        view = await second.state(started.id, "failed")

    assert second.outward.asked == []
    assert view.steps[1].note == f"no operator has allowed {why}"
    assert view.steps[1].attempt == 1


async def test_a_program_gets_each_argument_as_one_word(tmp_path: Path) -> None:
    """Only one that is listed, by its full path; values never become options of a shell."""
    made = outfitted(tmp_path)
    async with made.open():
        view = await made.play("""
name: story
variables: {what: "a b; rm -rf / $(x)"}
steps: [{name: do, shell: [tool, --full, "${what}"]}]
""")
        with pytest.raises(ConfigurationInvalid, match="no program 'other'"):
            await made.start("name: story\nsteps: [{shell: [other]}]\n")

    (asked,) = made.outward.asked
    assert asked["program"] == "/usr/bin/tool"
    assert asked["arguments"] == ["--full", "a b; rm -rf / $(x)"]
    assert (view.state, view.steps[0].output) == ("succeeded", {"text": "fine", "success": True})


async def test_a_value_is_no_option_of_a_program(tmp_path: Path) -> None:
    """The step fails before anything is run, and no other try is made."""
    made = outfitted(tmp_path)
    async with made.open():
        view = await made.play("""
name: story
variables: {what: "--output=/etc/passwd"}
steps: [{name: do, retry: 2, shell: [tool, "${what}"]}]
""")

    assert (view.state, made.outward.asked) == ("failed", [])
    assert "would be an option of the program" in view.steps[0].note
    assert view.steps[0].attempt == 1


@pytest.mark.parametrize(
    ("method", "key", "calls", "state"),
    [
        ("POST", "", 1, "failed"), ("PUT", "", 2, "succeeded"),
        ("POST", "idempotency_key: once", 2, "succeeded"),
    ],
)  # fmt: skip
async def test_a_call_that_a_kill_cut_off_is_repeated_only_where_that_is_safe(
    tmp_path: Path, method: str, key: str, calls: int, state: str
) -> None:
    """The same key goes along; a POST without one is left to people."""
    text = (
        "name: story\nsteps:\n  - name: call\n    retry: {max: 2, delay: 1}\n"
        f"    {key or 'description: none'}\n"
        f"    http: {{method: {method}, url: 'https://hooks.example/x'}}\n"
    )
    first = outfitted(tmp_path)
    async with first.open(grace=0.05):
        first.outward.held = asyncio.Event()
        started = await first.start(text)
        await first.seen(lambda: bool(first.outward.asked))

    second = outfitted(tmp_path)
    async with second.open():
        view = await second.state(started.id, state)

    asked = [*first.outward.asked, *second.outward.asked]
    assert len(asked) == calls
    assert len({each["key"] for each in asked}) == 1
    if state == "failed":
        assert "whether it was done is not known" in view.reason


@pytest.mark.parametrize(("key", "different"), [("idempotency_key: once", 1), ("", 3)])
async def test_an_own_key_stays_the_same_behind_an_answer_that_said_no(
    tmp_path: Path, key: str, different: int
) -> None:
    """It names what is done once; without one every attempt is asked for anew."""
    made = outfitted(tmp_path)
    async with made.open():
        view = await made.play(
            "name: story\nsteps:\n  - name: call\n    retry: {max: 2, delay: 1}\n"
            f"    {key or 'description: none'}\n"
            "    http: {method: POST, url: 'https://hooks.example/x', expect: [201]}\n"
        )

    assert (view.state, len(made.outward.asked)) == ("failed", 3)
    assert len({each["key"] for each in made.outward.asked}) == different


async def test_the_other_side_that_is_away_is_tried_again(tmp_path: Path) -> None:
    """As often as the author wishes, the secret fetched each time anew."""
    made = outfitted(tmp_path)
    made.outward.error = Unavailable("hooks.example", "It cannot be reached.")
    async with made.open():
        view = await made.play(POST)

    assert (view.state, len(made.outward.asked)) == ("failed", 2)
    assert made.secrets.fetched == ["token", "token"]


def test_a_secret_is_hidden_wherever_it_stands() -> None:
    """In keys, in lists, in the middle of words, the longest one first."""
    found = hidden({"abc": ["xabcdx", 1, None, True]}, ["abc", "abcd"])

    assert found == {"[hidden]": ["x[hidden]x", 1, None, True]}


@pytest.mark.parametrize(
    "said",
    [
        "a%2Fb%20c%22d%2BE9", "a/b%20c%22d%2BE9", "a%2Fb+c%22d%2BE9", 'a/b c\\"d+E9',
        "YS9iIGMiZCtFOQ==", "YS9iIGMiZCtFOQ", 'and then it was cut off: a/b c"d',
    ],
)  # fmt: skip
def test_a_secret_is_hidden_in_every_common_dress(said: str) -> None:
    """As an address, a form, JSON or Base64 writes it, and where a text was cut off within."""
    found = hidden({"echo": f"x{said}", said: 1}, ['a/b c"d+E9'])

    assert all("a/b" not in each and "YS9i" not in each and "a%2F" not in each for each in found)
    assert found["echo"].endswith(("[hidden]", "[hidden]=="))


def test_a_secret_of_blanks_alone_hides_itself_and_no_other_word() -> None:
    """Without its blanks nothing is left, which is in every text everywhere."""
    assert hidden("as it is", ["      "]) == "as it is"
    assert hidden("a      b", ["      "]) == "a[hidden]b"


def test_a_secret_of_digits_is_hidden_as_a_number_too() -> None:
    """The other side may read it as one; other numbers, and what is no number, stay."""
    assert hidden([4711123, 4711, True, None, 1.5], ["4711123"]) == [
        "[hidden]", 4711, True, None, 1.5,
    ]  # fmt: skip


def test_what_is_nested_deeper_than_anybody_reads_is_left_out() -> None:
    """A thousand lists in one another are no fault of ours."""
    deep: Any = "s3cret-s3cret"
    for _ in range(900):
        deep = [deep]

    assert "too deep" in json.dumps(hidden({"body": deep}, ["s3cret-s3cret"]))
