"""The JSON Schema of playbooks, for editors: made of the same tables that the loader reads."""

from __future__ import annotations

from typing import Any, get_args

from orchestration.playbook import hovers
from orchestration.playbook.declarations import FLAGS, PARAMETER_KEYS, SETTINGS, TYPES
from orchestration.playbook.durations import DURATION
from orchestration.playbook.kinds import (
    COMMON,
    FAIL_FAST,
    KINDS,
    METHODS,
    MOST_AT_ONCE,
    ON_TIMEOUT,
    TELLING,
)
from orchestration.playbook.load import KEYS, WITHOUT_STEPS
from orchestration.playbook.model import RunEvent
from orchestration.playbook.names import LONGEST_NAME, NAME
from orchestration.playbook.secret_places import DECLARED, PLACE
from orchestration.playbook.steps import MOST_TRIES, RETRY_KEYS
from orchestration.playbook.triggers import KEYS as TRIGGER_KEYS
from orchestration.playbook.triggers import NEEDED

_DIALECT = "https://json-schema.org/draft/2020-12/schema"
_TEXT: dict[str, Any] = {"type": "string"}
_FLAG: dict[str, Any] = {"type": "boolean"}
_WORDS: dict[str, Any] = {"anyOf": [_TEXT, {"type": "array", "items": _TEXT}]}
_VALUE: dict[str, Any] = {"type": ["string", "number", "boolean", "null"]}
_VALUES: dict[str, Any] = {"type": "object", "additionalProperties": _VALUE}
_PLAIN: dict[str, Any] = {"type": ["string", "number", "boolean", "null", "array"]}
_REFERENCE: dict[str, Any] = {"type": "string", "pattern": r"^\$\{.+\}$"}
_SECONDS: dict[str, Any] = {
    "description": "seconds, or a duration such as 5m or 1h30m",
    "anyOf": [
        {"type": "number", "exclusiveMinimum": 0},
        {"type": "string", "pattern": DURATION},
        {"type": "string", "pattern": r"\$\{"},
    ],
}
_CONDITION: dict[str, Any] = {
    "description": 'true or false, as in environment == "production"',
    "type": ["string", "boolean"],
}
_NAME: dict[str, Any] = {
    "type": "string", "pattern": f"^{NAME.pattern}$", "maxLength": LONGEST_NAME,
}  # fmt: skip
_STEPS: dict[str, Any] = {
    "type": "array", "minItems": 1, "items": {"$ref": "#/$defs/step"},
}  # fmt: skip
_HANDLER: dict[str, Any] = {"anyOf": [_STEPS, _TEXT, {"$ref": "#/$defs/step"}]}


def _count(low: int, high: int) -> dict[str, Any]:
    """A whole number, or a variable that holds one."""
    return {"anyOf": [{"type": "integer", "minimum": low, "maximum": high}, _REFERENCE]}


_COMMAND: dict[str, Any] = {
    "type": "string", "minLength": 1,
    "description": "/infra deploy --component api; values may hold ${…}",
}  # fmt: skip


def schema() -> dict[str, Any]:
    """Return the schema of a whole file."""
    return {
        "$schema": _DIALECT,
        "title": "playbook",
        "description": "What to run, in which order, and what to do about how it ends.",
        "type": "object",
        "additionalProperties": False,
        "properties": hovers.told({key: _TOP[key] for key in KEYS}, hovers.TOP),
        "anyOf": [{"required": ["steps"]}, _PART],
        "$defs": {"step": _step(), "branch": _BRANCH, "parameter": _parameter()},
    }


def _step() -> dict[str, Any]:
    own: dict[str, Any] = {key: _COMMON[key] for key in COMMON}
    for kind in KINDS.values():
        own |= {key: _OWN[key] for key in kind.keys}
    return {
        "anyOf": [_object(hovers.told(own, hovers.STEP)) | _ONE_KIND, _COMMAND],
        "description": f"a step of type {', '.join(KINDS)}",
    }


_NEEDED = {
    "parallel": ("branches",), "conditional": ("condition",), "foreach": ("items", "foreach"),
    "command": ("command", "run"), "group": ("steps",), "playbook": ("playbook",),
}  # fmt: skip
"""One of them is needed by a step of that type."""
_ONE_KIND: dict[str, Any] = {
    "anyOf": [
        *({"required": [key]} for key, _ in TELLING),
        {"required": ["type"], "properties": {"type": {"enum": [*KINDS]}}},
    ],
    "allOf": [
        {
            "if": {"anyOf": [{"required": ["command"]}, {"required": ["run"]}]},
            "else": {"properties": {"type": {"enum": [*KINDS]}}},
        },
        *(
            {
                "if": {"required": ["type"], "properties": {"type": {"const": kind.name}}},
                "then": {
                    "propertyNames": {"enum": [*COMMON, *kind.keys]},
                    "anyOf": [{"required": [key]} for key in _NEEDED.get(kind.name, ("type",))],
                },
            }
            for kind in KINDS.values()
        ),
    ],
}
"""A step has something to do, and nothing of another kind than its ``type``."""
_PART: dict[str, Any] = {
    "not": {"required": ["name"]},
    "anyOf": [{"required": [key]} for key in WITHOUT_STEPS],
}
"""A piece of a playbook, which does nothing by itself."""


def _parameter() -> dict[str, Any]:
    properties = hovers.told({key: _PARAMETER[key] for key in PARAMETER_KEYS}, hovers.PARAMETER)
    place = {"type": "string", "pattern": f"^(?:{PLACE}|{DECLARED})$"}
    secret = {"properties": {"default": place, "enum": _list(place), "choices": _list(place)}}
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": properties,
        "if": {"properties": {"type": {"const": "secret"}}, "required": ["type"]},
        "then": secret,
    }


def _object(properties: dict[str, Any], *required: str) -> dict[str, Any]:
    found = {"type": "object", "additionalProperties": False, "properties": properties}
    return found | ({"required": list(required)} if required else {})


def _list(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


_PARAMETER: dict[str, Any] = {
    "name": _NAME, "type": {"enum": [*TYPES]}, "description": _TEXT, "required": _FLAG,
    "default": _PLAIN, "enum": _list(_PLAIN), "choices": _list(_PLAIN), "pattern": _TEXT,
    "min": {"type": "number"}, "max": {"type": "number"},
}  # fmt: skip
_RETRY: dict[str, Any] = {
    "max": _count(0, MOST_TRIES), "delay": _SECONDS, "max_delay": _SECONDS,
    "backoff": {"type": "number", "minimum": 1, "maximum": 10}, "max_elapsed": _SECONDS,
    "jitter": {"enum": [True, False, "full", "none"]}, "when": _CONDITION,
}  # fmt: skip
_BRANCH: dict[str, Any] = _object(
    hovers.told({"name": _NAME, "steps": _STEPS}, hovers.BRANCH), "steps"
)
_COMMON: dict[str, Any] = {
    "name": _NAME,
    "type": _TEXT,
    "description": _TEXT,
    "condition": _CONDITION,
    "retry": {
        "anyOf": [
            _count(0, MOST_TRIES),
            _object(hovers.told({key: _RETRY[key] for key in RETRY_KEYS}, hovers.RETRY), "max"),
        ],
    },
    "timeout": _SECONDS,
    "total_timeout": _SECONDS,
    "continue_on_error": _FLAG,
    "recover": _FLAG,
    "on_failure": _HANDLER,
    "on_success": _HANDLER,
    "undo": _HANDLER,
    "undo_failed": _FLAG,
    "locks": _WORDS,
}
_AT_ONCE = _count(1, MOST_AT_ONCE)
_ITEMS: dict[str, Any] = {"anyOf": [_list(_VALUE), _REFERENCE]}
_OWN: dict[str, Any] = {
    "command": _COMMAND,
    "run": {
        "description": "{command: infra.deploy, with: {component: api}}",
        **_object(hovers.told({"command": _TEXT, "with": _VALUES}, hovers.RUN), "command"),
    },
    "branches": {"type": "array", "minItems": 1, "items": {"$ref": "#/$defs/branch"}},
    "fail_fast": {"enum": [*FAIL_FAST]},
    "max_parallel": _AT_ONCE,
    "then": _STEPS,
    "else": _STEPS,
    "items": _ITEMS,
    "as": _NAME,
    "steps": _STEPS,
    "prompt": _TEXT,
    "approvers": _WORDS,
    "count": _count(1, 20),
    "exclude_requester": _FLAG,
    "expires": _SECONDS,
    "on_timeout": {"enum": [*ON_TIMEOUT]},
    "for": _SECONDS,
    "until": _CONDITION,
    "every": _SECONDS,
    "limit": _SECONDS,
    "playbook": _TEXT,
    "parameters": _VALUES,
    "set": _VALUES,
    "values": _VALUES,
    "test": _CONDITION,
    "message": _TEXT,
    "method": {"enum": [*METHODS]},
    "url": _TEXT,
    "headers": _VALUES,
    "body": _VALUE,
    "expect": {"anyOf": [{"type": "integer"}, _list({"type": "integer"})]},
    "program": _TEXT,
    "idempotency_key": _TEXT,
    "arguments": _list(_VALUE),
}


def _short(kind: str, *more: dict[str, Any], needed: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the short form, in which the kind's name holds its keys or one value alone."""
    keys = {key: _OWN.get(key, _SECONDS) for key in KINDS[kind].inner}
    return {"anyOf": [_object(hovers.told(keys, hovers.STEP), *needed), *more]}


_OWN |= {
    "foreach": _short("foreach", _ITEMS),
    "approval": _short("approval", _TEXT, needed=("prompt",)),
    "wait": _short("wait", *_SECONDS["anyOf"]),
    "assert": _short("assert", _CONDITION),
    "http": _short("http", _TEXT),
    "shell": _short("shell", _list(_VALUE)),
}
_TRIGGER = {
    "oneOf": [
        _object(
            hovers.told(
                {"type": {"const": kind}, "parameters": {"type": "object"}}
                | dict.fromkeys(keys, _TEXT)
                | ({"condition": _CONDITION} if "condition" in keys else {}),
                hovers.TRIGGER,
            ),
            "type",
            *NEEDED[kind],
        )
        for kind, keys in TRIGGER_KEYS.items()
    ]
}
_INTEGRATION = {
    "oneOf": [
        _object(
            hovers.told(
                {"type": {"const": kind}, "events": _list({"enum": [*get_args(RunEvent)]})}
                | dict.fromkeys(keys, _VALUE)
                | {key: {"anyOf": [_FLAG, _REFERENCE]} for key in keys if key in FLAGS},
                hovers.INTEGRATION,
            ),
            "type",
        )
        for kind, keys in SETTINGS.items()
    ]
}
_SECRET = _object(
    hovers.told(
        {
            "name": _NAME,
            "source": {"enum": ["environment", "vault"]},
            "variable": _TEXT,
            "path": _TEXT,
            "key": _TEXT,
        },
        hovers.SECRET,
    ),
    "name",
    "source",
) | {
    "if": {"properties": {"source": {"const": "vault"}}},
    "then": {"required": ["path"]},
}
_TOP: dict[str, Any] = {
    "name": _NAME,
    "description": _TEXT,
    "version": {"type": ["string", "integer"]},
    "category": _TEXT,
    "parameters": {
        "anyOf": [
            _list({"anyOf": [{"$ref": "#/$defs/parameter", "required": ["name"]}, _NAME]}),
            {
                "type": "object",
                "additionalProperties": {"anyOf": [{"$ref": "#/$defs/parameter"}, _PLAIN]},
            },
        ]
    },
    "variables": {"type": "object", "additionalProperties": _PLAIN},
    "secrets": _list(_SECRET),
    "steps": _STEPS,
    "finally": _STEPS,
    "outputs": _VALUES,
    "triggers": _list(_TRIGGER),
    "integrations": _list(_INTEGRATION),
    "locks": _WORDS,
    "idempotency_key": _TEXT,
    "timeout": _SECONDS,
    "transaction": _FLAG,
    "priority": _count(0, 100),
}
