"""The documented examples of the language are read as they stand, whole or in pieces."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from orchestration.playbook.load import load
from orchestration.playbook.model import CommandStep, Conditional, ForEach, Parallel, Playbook
from orchestration.playbook.schema import schema
from orchestration.playbook.tree import every_step
from tests.conftest import ROOT
from tests.unit.playbook.checking import found
from tgk.yaml_marks import read

EXAMPLES = sorted((Path(__file__).parent / "examples").glob("*.yml"))
SHIPPED = sorted((ROOT / "playbooks").rglob("*.yml"))
WARNINGS = {
    "basic-playbook": ["W062"],
    "blue-green-deployment": ["W063"],
    "canary-release": [],
    "conditional-logic": ["W060", "W063"],
    "disaster-recovery": [],
    "error-handling": ["W060"],
    "event-triggers": ["W060", "W067"],
    "external-integrations": ["W060", "W067", "W065", "W065"],
    "loops-and-iterations": ["W060"],
    "parallel-execution": ["W060"],
    "variables-and-secrets": ["W060", "W067"],
}


def example(name: str) -> Playbook:
    """Return the tree of an example."""
    path = Path(__file__).parent / "examples" / f"{name}.yml"
    playbook = load(path.read_bytes(), path.name).playbook
    assert playbook is not None
    return playbook


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_an_example_can_run_and_warns_of_what_it_leaves_open(path: Path) -> None:
    """Fragments are called after their file; what they use and do not declare is asked for."""
    codes = [one.code for one in found(path.read_text())]

    assert [code for code in codes if code != "W060"] == [
        code for code in WARNINGS[path.stem] if code != "W060"
    ]
    assert [code for code in codes if code.startswith("E")] == []


@pytest.mark.parametrize("path", [*EXAMPLES, *SHIPPED], ids=lambda path: path.stem)
def test_editors_accept_what_the_loader_accepts(path: Path) -> None:
    """Against the published schema."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema())
    plain = read(path.read_bytes(), path.name).root.plain()

    assert [error.message for error in validator.iter_errors(plain)] == []


def test_the_published_schema_is_the_generated_one() -> None:
    """Run scripts/generate_schemas.py after changing the language."""
    published = json.loads((ROOT / "docs" / "schemas" / "playbook.schema.json").read_text())

    assert published["properties"] == json.loads(json.dumps(schema()["properties"]))
    assert published["$defs"] == json.loads(json.dumps(schema()["$defs"]))


def test_editors_refuse_an_unknown_key() -> None:
    """As the loader does."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator(schema())
    wrong = {"name": "x", "steps": [{"command": "/status", "retires": 3}]}

    assert not validator.is_valid(wrong)
    assert not validator.is_valid({"name": "x", "stepz": []})
    assert validator.is_valid({"name": "x", "steps": [{"command": "/status", "retry": 3}]})


def test_paths_are_made_of_names_and_numbers_of_unnamed_steps() -> None:
    """They are what results, approvals and checkpoints are kept under."""
    paths = {
        name: [step.path for step in every_step(example(name))]
        for name in ("parallel-execution", "error-handling", "loops-and-iterations")
    }

    assert paths["parallel-execution"] == [
        "parallel-deployment", "parallel-deployment/deploy-frontend/#1",
        "parallel-deployment/deploy-api/#1", "parallel-deployment/deploy-workers/#1",
    ]  # fmt: skip
    assert paths["error-handling"] == [
        "risky-operation", "risky-operation/on_failure/rollback",
        "risky-operation/on_failure/notify", "risky-operation/on_success/verify",
    ]  # fmt: skip
    assert paths["loops-and-iterations"] == ["multi-region-deploy", "multi-region-deploy/#1"]


def test_a_free_type_is_a_label_of_a_command() -> None:
    """``validation``, ``backup`` and ``deployment`` mean nothing to the engine."""
    first, second, third = example("basic-playbook").steps

    assert (first.label, second.label, third.label) == ("validation", "backup", "deployment")
    assert isinstance(third, CommandStep)
    assert (third.retry.more, third.timeout, third.command.name) == (3, 300.0, "infra deploy")


def test_items_keep_their_type_and_their_order() -> None:
    """Numbers of a list stay numbers."""
    rollout = example("canary-release").steps[2]

    assert isinstance(rollout, ForEach)
    assert isinstance(rollout.items, tuple)
    assert [item.value({}) for item in rollout.items] == [10, 25, 50, 100]
    assert rollout.variable == "percentage"


def test_branches_and_both_ways_of_a_condition_are_kept() -> None:
    """As written."""
    parallel = example("parallel-execution").steps[0]
    conditional = example("conditional-logic").steps[0]

    assert isinstance(parallel, Parallel)
    assert [branch.name for branch in parallel.branches] == [
        "deploy-frontend", "deploy-api", "deploy-workers",
    ]  # fmt: skip
    assert isinstance(conditional, Conditional)
    assert conditional.test.test({"environment": "production"})
    assert [step.name for step in (*conditional.then, *conditional.otherwise)] == [
        "production-checks", "dev-deployment",
    ]  # fmt: skip


def test_what_is_declared_nowhere_must_be_given() -> None:
    """A plain name becomes a required parameter, one of an integration a secret."""
    (version,) = example("blue-green-deployment").parameters
    secrets = example("external-integrations").secrets

    assert (version.name, version.required, version.implied) == ("new_version", True, True)
    assert [(each.name, each.variable) for each in secrets] == [
        ("SLACK_WEBHOOK", "SLACK_WEBHOOK"), ("DATADOG_API_KEY", "DATADOG_API_KEY"),
    ]  # fmt: skip


def test_triggers_integrations_variables_and_secrets_are_read() -> None:
    """Each with its own keys."""
    schedule, event, webhook = example("event-triggers").triggers
    slack, jira, datadog = example("external-integrations").integrations
    playbook = example("variables-and-secrets")

    assert (schedule.cron, schedule.timezone) == ("0 2 * * *", "UTC")
    assert (event.source, event.event) == ("monitoring", "critical-alert")
    assert webhook.url == "https://api.company.com/deploy-hook"
    assert slack.events == ("start", "failure", "success")
    assert jira.settings["create_issue_on_failure"].value({}) is True
    assert datadog.type == "datadog"
    assert playbook.variables == {"deployment_timeout": 600, "max_retries": 3}
    assert [(each.name, each.source, each.path, each.variable) for each in playbook.secrets] == [
        ("database_password", "vault", "/secrets/prod/db", ""),
        ("api_key", "environment", "", "API_KEY"),
    ]
