"""The published JSON Schemas are what the models say."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from bot.runtime.schemas import schemas

ROOT = Path(__file__).parents[3]
FILES = {"discovery.schema.json": "discovery.yml", "policy.schema.json": "rbac/policy.yml"}


@pytest.mark.parametrize("name", FILES)
def test_the_published_schema_is_the_generated_one(name: str) -> None:
    """Run scripts/generate_schemas.py after changing a model."""
    assert (ROOT / "docs" / "schemas" / name).read_text() == schemas()[name]


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_the_shipped_file_points_to_its_schema(name: str, file: str) -> None:
    """Editors complete and check the file while it is written."""
    path = ROOT / file
    first = path.read_text().splitlines()[0]
    relative = first.removeprefix("# yaml-language-server: $schema=")

    assert (path.parent / relative).resolve() == ROOT / "docs" / "schemas" / name


@pytest.mark.parametrize(("name", "file"), FILES.items())
def test_the_shipped_file_fits_its_schema(name: str, file: str) -> None:
    """What the loader accepts, editors accept as well; an unknown key is an error to both."""
    validator = pytest.importorskip("jsonschema").Draft202012Validator
    schema = validator(json.loads(schemas()[name]))
    content = yaml.safe_load((ROOT / file).read_text())

    assert [error.message for error in schema.iter_errors(content)] == []
    assert not schema.is_valid({**content, "unknown": 1})


def test_the_schema_explains_what_to_write() -> None:
    """Descriptions of the models reach the editor, and durations are seconds."""
    definitions = json.loads(schemas()["discovery.schema.json"])["$defs"]

    assert definitions["Discord"]["properties"]["guild"]["description"].startswith("server id")
    assert definitions["Environment"]["properties"]["approval_expires"]["type"] == "number"
