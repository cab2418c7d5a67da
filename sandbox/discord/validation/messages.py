"""A message as a whole: its text, embeds, flags, mentions and files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sandbox.discord.errors import Refused, invalid_form
from sandbox.discord.validation.components import check_layout, check_rows
from sandbox.discord.validation.form import Form, Path

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from sandbox.wire import Json, Upload

SUPPRESS_EMBEDS: Final = 1 << 2
EPHEMERAL: Final = 1 << 6
LOADING: Final = 1 << 7
SILENT: Final = 1 << 12
LAYOUT: Final = 1 << 15
MOST_CONTENT: Final = 2000
MOST_EMBEDS: Final = 10
MOST_EMBED_TEXT: Final = 6000
MOST_FIELDS: Final = 25
MOST_NONCE: Final = 25
MOST_FILES: Final = 10
MOST_BYTES: Final = 10 * 1024 * 1024
MENTIONS: Final = ("roles", "users", "everyone")
OLD_FIELDS: Final = ("content", "embeds", "sticker_ids", "poll")


def asked_flags(body: Json) -> int:
    """Return the flags that a body asks for; anything but a number is refused."""
    flags = body.get("flags") or 0
    if isinstance(flags, bool) or not isinstance(flags, int):
        fault = (("flags",), "NUMBER_TYPE_COERCE", f'Value "{flags}" is not int.')
        raise invalid_form([fault])
    return flags


def check_message(body: Json, files: Collection[str], *, flags: int) -> None:
    """Refuse a message body that the platform would refuse; ``flags`` as they will be."""
    form = Form()
    form.text(("content",), body.get("content"), 0, MOST_CONTENT)
    if body.get("nonce") is not None:
        form.text(("nonce",), str(body["nonce"]), 0, MOST_NONCE)
    _check_embeds(form, body.get("embeds"))
    _check_mentions(form, body.get("allowed_mentions"))
    if flags & LAYOUT:
        _check_alone(form, body)
        if body.get("components") is not None:
            check_layout(form, body["components"], files)
    else:
        check_rows(form, body.get("components"))
    form.refuse_if_faulty()


def check_uploads(uploads: Sequence[Upload]) -> None:
    """Refuse too many or too large files."""
    if len(uploads) > MOST_FILES:
        raise Refused(400, 30015, "Maximum number of attachments in a message reached (10)")
    if sum(len(upload.content) for upload in uploads) > MOST_BYTES:
        raise Refused(413, 40005, "Request entity too large")


def check_not_empty(body: Json, *, has_files: bool) -> None:
    """Refuse a message with nothing in it."""
    filled = any(body.get(name) for name in ("content", "embeds", "components", "sticker_ids"))
    only_rows = body.get("components") and not asked_flags(body) & LAYOUT
    shown = body.get("content") or body.get("embeds") or body.get("sticker_ids")
    if not has_files and (not filled or (only_rows and not shown)):
        raise Refused(400, 50006, "Cannot send an empty message")


def _check_alone(form: Form, body: Json) -> None:
    for name in OLD_FIELDS:
        if body.get(name):
            form.fault(
                (name,),
                "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2",
                f"The '{name}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2",
            )


def _check_mentions(form: Form, mentions: Any) -> None:
    if not isinstance(mentions, dict):
        return
    for place, kind in enumerate(mentions.get("parse") or ()):
        form.choice(("allowed_mentions", "parse", place), kind, MENTIONS)
    for kind in ("roles", "users"):
        given = mentions.get(kind) or []
        if given and kind in (mentions.get("parse") or ()):
            form.fault(
                ("allowed_mentions",),
                "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE",
                f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.',
            )
        if len(given) > 100:  # noqa: PLR2004 - the platform's bound, used once
            form.fault(("allowed_mentions", kind), "BASE_TYPE_BAD_LENGTH", "Must be 100 or fewer.")


def _check_embeds(form: Form, given: Any) -> None:
    embeds = form.items(("embeds",), given, 0, MOST_EMBEDS)
    for place, embed in enumerate(embeds):
        _check_embed(form, ("embeds", place), embed)
    total = sum(_embed_length(embed) for embed in embeds)
    if total > MOST_EMBED_TEXT:
        form.fault(
            ("embeds",),
            "MAX_EMBED_SIZE_EXCEEDED",
            f"Embed size exceeds maximum size of {MOST_EMBED_TEXT}",
        )


def _check_embed(form: Form, path: Path, embed: Json) -> None:
    form.text((*path, "title"), embed.get("title"), 0, 256)
    form.text((*path, "description"), embed.get("description"), 0, 4096)
    form.text((*path, "footer", "text"), (embed.get("footer") or {}).get("text"), 0, 2048)
    form.text((*path, "author", "name"), (embed.get("author") or {}).get("name"), 0, 256)
    form.number((*path, "color"), embed.get("color"), 0, 0xFFFFFF)
    fields = form.items((*path, "fields"), embed.get("fields"), 0, MOST_FIELDS)
    for place, field in enumerate(fields):
        here = (*path, "fields", place)
        form.text((*here, "name"), field.get("name"), 1, 256)
        form.text((*here, "value"), field.get("value"), 1, 1024)


def _embed_length(embed: Json) -> int:
    parts = [embed.get("title"), embed.get("description")]
    parts += [(embed.get("footer") or {}).get("text"), (embed.get("author") or {}).get("name")]
    for field in embed.get("fields") or ():
        parts += [field.get("name"), field.get("value")]
    return sum(len(part) for part in parts if isinstance(part, str))
