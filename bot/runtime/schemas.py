"""The JSON Schemas of the operator's files, for editors and for checks before a commit."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pydantic.json_schema import GenerateJsonSchema

from orchestration.playbook.schema import schema as playbook_schema
from rbac.policy import Policy
from tgk.discovery import Discovery

if TYPE_CHECKING:
    from pydantic import BaseModel
    from pydantic.json_schema import JsonSchemaValue
    from pydantic_core import core_schema

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_FILES: dict[str, tuple[type[BaseModel], str]] = {
    "discovery": (Discovery, "discovery.yml"),
    "policy": (Policy, "rbac/policy.yml"),
}


class _AsWritten(GenerateJsonSchema):
    """Describes values as they stand in the files: durations in seconds."""

    def timedelta_schema(self, schema: core_schema.TimedeltaSchema) -> JsonSchemaValue:  # noqa: ARG002
        return {"type": "number", "exclusiveMinimum": 0, "description": "seconds"}


def schemas() -> dict[str, str]:
    """Return the text of every schema by its file name under docs/schemas."""
    written = {
        f"{name}.schema.json": _text(model.model_json_schema(schema_generator=_AsWritten), title)
        for name, (model, title) in _FILES.items()
    }
    return written | {"playbook.schema.json": _text(playbook_schema(), "playbooks/*.yml")}


def _text(schema: JsonSchemaValue, title: str) -> str:
    whole = {"$schema": _DIALECT, **schema, "title": title}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"
