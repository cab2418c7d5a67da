"""What pydantic found in a file, in an operator's words and with the file's positions."""

from __future__ import annotations

import types
import typing
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, ValidationError

from tgk.suggest import nearest
from tgk.value_words import choices, own_words, wanted

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pydantic_core import ErrorDetails

    from tgk.yaml_marks import Document, Fault

M = TypeVar("M", bound=BaseModel)

_MOST_ROUNDS = 8


def validated(
    document: Document, model: type[M], shapes: Mapping[str, str]
) -> tuple[M | None, list[Fault]]:
    """Return what the file says and the faults of its shape; ``shapes`` says patterns in words.

    With faults the model holds what is left without them, so that the rest can be checked in the
    same go; it is None when too little is left.
    """
    plain = document.root.plain()
    plain = {} if plain is None else plain
    faults: list[Fault] = []
    for _ in range(_MOST_ROUNDS):
        try:
            return model.model_validate(plain), faults
        except ValidationError as error:
            details = error.errors(include_url=False)
        faults = faults or [_fault(document, detail, model, shapes) for detail in details]
        dropped = [_drop(plain, detail) for detail in details]
        if not all(dropped):
            break
    return None, faults


def _drop(plain: Any, detail: ErrorDetails) -> bool:
    """Take out what is at fault, a whole list for one of its items; False if that is the file."""
    path = [step for step in detail["loc"] if step != "[key]"]
    path = path[:-1] if detail["type"] == "missing" else path
    numbers = [place for place, step in enumerate(path) if isinstance(step, int)]
    path = path[: numbers[0]] if numbers else path
    if not path:
        return False
    for step in path[:-1]:
        plain = plain.get(step) if isinstance(plain, dict) else None
    if isinstance(plain, dict):
        plain.pop(path[-1], None)
    return True


def boolean_faults(document: Document, model: BaseModel) -> list[Fault]:
    """Return a fault wherever a word or a number was taken for true or false, or the reverse."""
    known = {fault.mark for fault in document.faults}
    return [
        document.fault(path, _isnt(raw), "write true or false" if wanted else "write a number")
        for path, value in _leaves(model, ())
        if (node := document.node(path)) is not None
        and node.mark not in known
        and isinstance(raw := node.value, str | int | float)
        and (wanted := isinstance(value, bool)) != isinstance(raw, bool)
    ]


def _isnt(raw: object) -> str:
    shown = str(raw).lower() if isinstance(raw, bool) else f'"{raw}"'
    return f"{shown} is not the kind of value that belongs here"


def _leaves(
    value: object, path: tuple[str | int, ...]
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Walk a validated model down to its plain values, with where each came from."""
    parts: Any = ()
    if isinstance(value, BaseModel):
        parts = ((name, getattr(value, name)) for name in value.model_fields_set)
    elif isinstance(value, dict):
        parts = value.items()
    elif isinstance(value, tuple):
        parts = enumerate(value)
    else:
        yield path, value
    for step, child in parts:
        yield from _leaves(child, (*path, step))


def _fault(
    document: Document, detail: ErrorDetails, model: type[BaseModel], shapes: Mapping[str, str]
) -> Fault:
    path = tuple(detail["loc"])
    is_key = bool(path) and path[-1] == "[key]"
    path = path[:-1] if is_key else path
    kind = detail["type"]
    if kind == "extra_forbidden":
        what, instead = _unknown(path, model)
    elif kind == "missing":
        what, instead = _missing(path, model)
    else:
        what, instead = _wrong(detail, _name(path), shapes)
    at_key = is_key or kind == "extra_forbidden"
    return document.fault(path, what, instead, key=at_key)


def _name(path: Sequence[str | int]) -> str:
    return ".".join(str(step) for step in path) or "the file"


def _unknown(path: Sequence[str | int], model: type[BaseModel]) -> tuple[str, str]:
    around = _fields(model, path[:-1])
    near = nearest(str(path[-1]), around)
    known = f"known here: {', '.join(around)}"
    return f'unknown key "{path[-1]}"', f'did you mean "{near[0]}"?' if near else known


def _missing(path: Sequence[str | int], model: type[BaseModel]) -> tuple[str, str]:
    key = str(path[-1])
    description = _fields(model, path[:-1]).get(key, "")
    meaning = f" ({description})" if description else ""
    return f'key "{key}" is missing in {_name(path[:-1])}', f"add `{key}: …`{meaning}"


def _wrong(detail: ErrorDetails, name: str, shapes: Mapping[str, str]) -> tuple[str, str]:
    kind, given = detail["type"], detail.get("input")
    if given is None:
        return f"{name} is empty", "write a value after the colon, or remove the line"
    if kind == "string_type" and not isinstance(given, dict | list):
        return f"{name} is {_shown(given)}, not text", f'write it in quotes: "{_brief(given)}"'
    if kind.startswith(("greater_", "less_")):
        return f"{name} is {given}", f"write {wanted(detail, shapes)}"
    if kind == "literal_error" and (near := nearest(str(given), choices(detail))):
        return f"{name} is {_shown(given)}", f'did you mean "{near[0]}"?'
    return _size(detail, name) or _value(detail, name, shapes)


def _size(detail: ErrorDetails, name: str) -> tuple[str, str] | None:
    kind, context = detail["type"], detail.get("ctx", {})
    if kind == "too_short":
        return f"{name} is empty", f"name at least {context['min_length']}"
    if kind == "string_too_long":
        length = len(str(detail["input"]))
        return f"{name} is {length} characters long", f"at most {context['max_length']}"
    return None


def _value(detail: ErrorDetails, name: str, shapes: Mapping[str, str]) -> tuple[str, str]:
    words = wanted(detail, shapes)
    if not words:
        return f"{name}: {own_words(detail)}", ""
    return f"{name} is {_shown(detail.get('input'))}", f"write {words}"


def _shown(given: object) -> str:
    if isinstance(given, dict):
        return "a mapping"
    if isinstance(given, list | tuple):
        return "a list"
    return str(given).lower() if isinstance(given, bool) else f'"{_brief(given)}"'


def _brief(given: object) -> str:
    text = str(given).replace("\n", " ")
    return text if len(text) <= 60 else text[:57] + "…"  # noqa: PLR2004 - a line of a terminal


def _fields(model: type[BaseModel], path: Sequence[str | int]) -> dict[str, str]:
    """Return the keys that may stand at a path, with what they mean."""
    found: Any = model
    for step in path:
        found = _inside(_bare(found), step)
    bare = _bare(found)
    if not (isinstance(bare, type) and issubclass(bare, BaseModel)):
        return {}
    return {name: field.description or "" for name, field in bare.model_fields.items()}


def _inside(annotation: Any, step: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        field = annotation.model_fields.get(str(step))
        return field.annotation if field else None
    arguments = typing.get_args(annotation)
    position = 1 if typing.get_origin(annotation) is dict else 0
    return arguments[position] if len(arguments) > position else None


def _bare(annotation: Any) -> Any:
    """Strip Annotated and `| None`."""
    origin = typing.get_origin(annotation)
    if origin is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if origin in (typing.Union, types.UnionType):
        return _bare(next(p for p in typing.get_args(annotation) if p is not type(None)))
    return None if origin is Literal else annotation
