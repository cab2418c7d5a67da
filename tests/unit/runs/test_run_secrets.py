"""Parameters of type secret: a run is given the place, and whoever needs it fetches the secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.runs.runs_world import DANA
from tests.unit.runs.test_run_outward import SECRET, Outside, files, outfitted
from tgk.errors import ConfigurationInvalid, InvalidRequest
from tgk.ports.runs import RunFilter

if TYPE_CHECKING:
    from pathlib import Path

    from orchestration.playbook.model import Secret
    from orchestration.runs.ports import Secrets

LITERAL = "hunter2-is-what-I-typed"
CALL = """
name: {name}
parameters: [{{name: pin, type: secret, {given}}}]
{more}
steps: [{{name: call, http: {{url: "https://hooks.example/x", headers: {{Pin: "${{pin}}"}}}}}}]
"""
OFFER = "enum: [environment:PIN, vault:/secrets/prod/db#pin]"
HANDED = """
name: story
parameters: [{}]
steps: [{{playbook: inner, parameters: {{pin: '{}'}}}}]
"""
DECLARED = "secrets: [{name: hook_pin, source: vault, path: /secrets/prod/db, key: pin}]"


class Safe:
    """Knows two secrets by their places."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def reveal(self, secret: Secret) -> str:
        """Return the value, the same of both."""
        found = secret.variable or f"{secret.path}#{secret.key}"
        self.asked.append(found)
        return {"PIN": SECRET, "/secrets/prod/db#pin": SECRET}[found]


def story(given: str = OFFER, more: str = "", name: str = "story") -> str:
    """Return a playbook that sends a secret which it is given."""
    return CALL.format(name=name, given=given, more=more)


@pytest.mark.parametrize(
    ("given", "more", "value", "fetched"),
    [
        (f"required: true, {OFFER}", "", "environment:PIN", "PIN"),
        (OFFER, "", "vault:/secrets/prod/db#pin", "/secrets/prod/db#pin"),
        ("required: true", DECLARED, "hook_pin", "/secrets/prod/db#pin"),
        ("default: environment:PIN", "", "", "PIN"),
        ("default: hook_pin", DECLARED, "", "/secrets/prod/db#pin"),
        ("pattern: 'environment:P.*'", "", "environment:PIN", "PIN"),
    ],
)
async def test_the_place_is_kept_and_the_secret_is_in_the_call_alone(
    tmp_path: Path, given: str, more: str, value: str, fetched: str
) -> None:
    """Nothing in the state folder, in the audit log or in what is shown holds it."""
    made = outfitted(tmp_path)
    made.secrets = safe = Safe()
    async with made.open():
        view = await made.play(story(given, more), parameters={"pin": value} if value else {})
        (listed,) = await made.runs.find(RunFilter())
        again = await made.runs.resume(view.id, who=DANA, from_step="call")
        again = await made.end(again.id)

    assert isinstance(made.outward, Outside)
    assert [each["headers"] for each in made.outward.asked] == [{"Pin": SECRET}] * 2
    assert (view.state, again.state, safe.asked) == ("succeeded", "succeeded", [fetched] * 2)
    assert view.parameters == listed.parameters == {"pin": "***"}
    assert not [text for text in files(tmp_path) if SECRET in text]
    assert SECRET not in repr((made.journal.intents, made.journal.conclusions, view, listed))


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (LITERAL, "never the secret itself"),
        ("hunter2", "never the secret itself"),
        ("***", "never the secret itself"),
        ("environment:OTHER", "write one of environment:PIN"),
        ("vault:/secrets/root#token", "write one of environment:PIN"),
    ],
)
async def test_a_secret_itself_and_a_place_that_nobody_offered_are_refused(
    tmp_path: Path, value: str, told: str
) -> None:
    """At the start, when parameters change, and nothing of it is kept or repeated."""
    made = outfitted(tmp_path)
    made.secrets = Safe()
    async with made.open():
        with pytest.raises(InvalidRequest, match=told) as refused:
            await made.start(story(), parameters={"pin": value})
        ended = await made.play(story(), parameters={"pin": "environment:PIN"})
        with pytest.raises(InvalidRequest, match=told):
            await made.runs.resume(ended.id, who=DANA, from_step="call", parameters={"pin": value})

    assert value == "***" or value not in repr(refused.value.faults)
    assert not [text for text in files(tmp_path) if value in text and "PIN" not in value]


@pytest.mark.parametrize(
    "handed", ["${hook_pin}", "${secrets.hook_pin}", "${own}", "environment:PIN"]
)
async def test_another_playbook_is_given_the_place(tmp_path: Path, handed: str) -> None:
    """Of a secret that this one declares or was given, or one that its author wrote."""
    made = outfitted(tmp_path)
    made.secrets = Safe()
    made.write(story("required: true", name="inner"))
    async with made.open():
        view = await made.play(f"""
name: story
parameters: [{{name: own, type: secret, default: environment:PIN}}]
{DECLARED}
steps: [{{playbook: inner, parameters: {{pin: "{handed}"}}}}]
""")

    assert view.state == "succeeded", view.reason
    assert [each["headers"] for each in made.outward.asked] == [{"Pin": SECRET}]
    assert not [text for text in files(tmp_path) if SECRET in text]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (story(f"default: {LITERAL}"), "no place of one"),
        (story("default: 'two words'"), "the default of 'pin'"),
        (story(f"enum: [{LITERAL}]"), "no place of one"),
        (
            HANDED.format("where", "${where}"),
            "this is no place of one",
        ),
        (
            HANDED.format("{name: p, type: secret}", "vault:/x/y#${p}"),
            "no place of one",
        ),
        ("name: story\nparameters: [{name: p, type: secret}]\nsteps: ['/mark ${p}']\n",
         "a command line is shown and stored"),
    ],
)  # fmt: skip
async def test_the_checker_knows_places_from_secrets(tmp_path: Path, text: str, told: str) -> None:
    """A default, a choice, and what another playbook is given."""
    made = outfitted(tmp_path)
    made.write(story("required: true", name="inner"))
    async with made.open():
        with pytest.raises(ConfigurationInvalid, match=told):
            await made.start(text)


async def test_whoever_hears_of_the_run_is_sent_the_secret_itself(tmp_path: Path) -> None:
    """In the setting that asks for it, fetched for that."""
    from orchestration.runs.heralds import Heralds

    told: list[str] = []

    class Chat:
        type = "slack"

        async def reach(self, settings: object) -> None:
            """Answer."""

        async def tell(
            self, integration: object, event: str, run: object, settings: dict[str, str]
        ) -> None:
            told.append(settings["webhook"])

    made = outfitted(tmp_path)
    secrets: Secrets = Safe()
    made.secrets = secrets
    made.heralds = Heralds([Chat()], secrets)  # type: ignore[list-item] # enough of one
    async with made.open():
        await made.play(
            story(OFFER, "integrations: [{type: slack, webhook: '${pin}', events: [success]}]"),
            parameters={"pin": "environment:PIN"},
        )

    assert told == [SECRET]
    assert not [text for text in files(tmp_path) if SECRET in text]
