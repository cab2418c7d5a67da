"""What Discord and Telegram take, written down a second time and apart from what sends it.

Each checker looks at one captured request and returns every fault it finds, in words.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from html import unescape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.wire import Exchange

ROW, BUTTON, SELECT, INPUT, SECTION, WORDS, THUMBNAIL = 1, 2, 3, 4, 9, 10, 11
GALLERY, FILE, LINE, CONTAINER, LABEL = 12, 13, 14, 17, 18
ANY_SELECT: Final = {3, 5, 6, 7, 8}
AT_TOP: Final = {ROW, SECTION, WORDS, GALLERY, FILE, LINE, CONTAINER}
IN_CONTAINER: Final = AT_TOP - {CONTAINER}
IN_LABEL: Final = {INPUT, *ANY_SELECT, 19, 21, 22, 23}
NEW_COMPONENTS: Final = 1 << 15
MESSAGE_FLAGS: Final = 1 << 2 | 1 << 6 | 1 << 12 | NEW_COMPONENTS
MOST_COMPONENTS, MOST_WORDS, MOST_CONTENT = 40, 4000, 2000
MOST_FILE: Final = 10 * 1024 * 1024
MOST_COMMAND: Final = 8000
COMMAND_NAME: Final = re.compile(r"[-_'\w]{1,32}")

Json = dict[str, Any]


class Faults:
    """What is wrong with one body."""

    def __init__(self) -> None:
        self.found: list[str] = []

    def unless(self, holds: object, fault: str) -> bool:
        """Note a fault unless something holds; returns whether it does."""
        if not holds:
            self.found.append(fault)
        return bool(holds)

    def length(self, what: str, value: Any, low: int, high: int) -> None:
        """Note a text whose length, counted as strictly as anybody might, is out of bounds."""
        fits = isinstance(value, str) and low <= len(value) and utf16(value) <= high
        shown = utf16(value) if isinstance(value, str) else type(value).__name__
        self.unless(fits, f"{what} is {shown}, not {low} to {high} long")

    def count(self, what: str, value: Any, low: int, high: int) -> None:
        """Note a list with too few or too many entries."""
        size = len(value) if isinstance(value, list) else -1
        self.unless(low <= size <= high, f"{what} has {size} entries, not {low} to {high}")


def utf16(text: str) -> int:
    """Return the length in UTF-16 units."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def discord_faults(exchange: Exchange) -> list[str]:
    """Return what Discord would refuse, or what we never want to send, in one REST request."""
    faults, path, body = Faults(), exchange.path, exchange.body
    if exchange.method in {"GET", "DELETE"}:
        return []
    if path.endswith("/callback"):
        _callback(faults, body, exchange)
    elif path.endswith("/commands"):
        _commands(faults, body.get("list", [body]))
    elif path.startswith("/webhooks/") or re.search(r"/messages(/\d+)?$", path):
        _message(faults, body, exchange)
    _no_hidden_bytes(faults, body)
    return faults.found


def _callback(faults: Faults, body: Json, exchange: Exchange) -> None:
    kind, data = body.get("type"), body.get("data") or {}
    if not faults.unless(kind in {4, 5, 6, 7, 8, 9}, f"there is no answer of type {kind}"):
        return
    if kind in {4, 7}:
        _message(faults, data, exchange)
    elif kind == 5:
        faults.unless(data.get("flags", 0) in {0, 64}, "only ephemeral may be said when deferring")
    elif kind == 8:
        _choices(faults, data.get("choices", []))
    elif kind == 9:
        _modal(faults, data)


def _choices(faults: Faults, choices: list[Json]) -> None:
    faults.count("choices", choices, 0, 25)
    for choice in choices:
        faults.length("a choice's name", choice.get("name"), 1, 100)
        value = choice.get("value")
        if isinstance(value, str):
            faults.length("a choice's value", value, 1, 100)


def _modal(faults: Faults, data: Json) -> None:
    faults.length("a form's title", data.get("title"), 1, 45)
    faults.length("a form's custom_id", data.get("custom_id"), 1, 100)
    parts = data.get("components", [])
    faults.count("a form", parts, 1, 5)
    for part in parts:
        kind, inner = part.get("type"), part.get("component")
        if kind == LABEL:
            faults.length("a label", part.get("label"), 1, 45)
            if part.get("description") is not None:
                faults.length("a label's description", part["description"], 0, 100)
            faults.unless(inner and inner.get("type") in IN_LABEL, "a label holds one control")
        faults.unless(kind in {ROW, LABEL, WORDS}, f"a form takes no component {kind}")
        for control in [inner] if inner else part.get("components", []):
            _control(faults, control)
    _unique(faults, [c["custom_id"] for c in _nested(parts) if "custom_id" in c])


def _control(faults: Faults, control: Json) -> None:
    faults.length("a control's custom_id", control.get("custom_id"), 1, 100)
    if control.get("type") != INPUT:
        return
    if control.get("placeholder") is not None:
        faults.length("a placeholder", control["placeholder"], 0, 100)
    if control.get("value") is not None:
        faults.length("a prefilled text", control["value"], 0, 4000)
    low, high = control.get("min_length") or 0, control.get("max_length") or 4000
    faults.unless(0 <= low <= high <= 4000 and high >= 1, "a text's bounds make no sense")


def _message(faults: Faults, body: Json, exchange: Exchange) -> None:
    flags = body.get("flags") or 0
    faults.unless(flags & ~MESSAGE_FLAGS == 0, f"flags {flags} may not be set")
    _mentions(faults, body.get("allowed_mentions"))
    _files(faults, body, exchange)
    parts = body.get("components") or []
    if flags & NEW_COMPONENTS:
        old = [name for name in ("content", "embeds", "poll", "sticker_ids") if body.get(name)]
        faults.unless(not old, f"{old} do not go with these components")
        _layout(faults, parts)
    else:
        faults.unless(not parts, "components without their flag")
        faults.length("content", body.get("content") or "", 0, MOST_CONTENT)
    says = parts or body.get("content") or exchange.files
    faults.unless(says, "a message must say something")
    _references(faults, body, exchange)


def _mentions(faults: Faults, allowed: Any) -> None:
    if faults.unless(isinstance(allowed, dict), "allowed_mentions must always be said"):
        faults.unless(not allowed.get("parse"), f"mentions are parsed: {allowed.get('parse')}")
        faults.unless(not allowed.get("roles"), "roles may be pinged")
        faults.unless(not allowed.get("replied_user"), "the one replied to is pinged")
        users = allowed.get("users") or []
        faults.unless(len(users) <= 100, "more than 100 people are pinged")
        faults.unless(all(re.fullmatch(r"\d{15,20}", str(u)) for u in users), "no user ids")


def _files(faults: Faults, body: Json, exchange: Exchange) -> None:
    faults.unless(len(exchange.files) <= 10, "more than 10 files")
    for upload in exchange.files:
        faults.unless(len(upload.content) <= MOST_FILE, f"{upload.name} is too large")
        faults.unless(re.fullmatch(r"[\w.-]{1,260}", upload.name), f"a file named {upload.name!r}")
    for attachment in body.get("attachments") or []:
        if attachment.get("description") is not None:
            faults.length("a file's description", attachment["description"], 0, 1024)


def _layout(faults: Faults, parts: list[Json]) -> None:
    every = list(_nested(parts))
    faults.unless(1 <= len(every) <= MOST_COMPONENTS, f"{len(every)} components, not 1 to 40")
    words = sum(utf16(part.get("content") or "") for part in every if part.get("type") == WORDS)
    faults.unless(words <= MOST_WORDS, f"{words} characters of text, more than {MOST_WORDS}")
    _unique(faults, [part["custom_id"] for part in every if part.get("custom_id")])
    _unique(faults, [part["id"] for part in every if part.get("id")])
    for part in parts:
        kind = part.get("type")
        faults.unless(kind in AT_TOP, f"component {kind} may not stand at the top")
        _part(faults, part)


def _part(faults: Faults, part: Json) -> None:
    kind, inner = part.get("type"), part.get("components") or []
    faults.unless(0 <= (part.get("id") or 0) < 2**31, "a component's id does not fit 32 bits")
    if kind == CONTAINER:
        faults.unless(inner, "a container must hold something")
        faults.unless(0 <= (part.get("accent_color") or 0) <= 0xFFFFFF, "no such colour")
        for each in inner:
            allowed = each.get("type") in IN_CONTAINER
            faults.unless(allowed, f"component {each.get('type')} may not stand in a container")
            _part(faults, each)
    elif kind == ROW:
        _row(faults, inner)
    elif kind == SECTION:
        faults.unless(1 <= len(inner) <= 3, "a section has one to three texts")
        beside = (part.get("accessory") or {}).get("type")
        faults.unless(beside in {BUTTON, THUMBNAIL}, "a section has a button or a picture beside")
    elif kind == WORDS:
        faults.length("a text", part.get("content"), 1, MOST_WORDS)
    elif kind == GALLERY:
        _gallery(faults, part.get("items"))
    elif kind == FILE:
        url = (part.get("file") or {}).get("url", "")
        faults.unless(url.startswith("attachment://"), "a file component shows an attachment")


def _row(faults: Faults, inner: list[Json]) -> None:
    kinds = {part.get("type") for part in inner}
    if kinds & ANY_SELECT:
        faults.unless(len(inner) == 1, "a menu stands alone in its row")
        faults.count("a menu", inner[0].get("options", [{}]), 1, 25)
        return
    faults.unless(kinds == {BUTTON}, f"a row takes no component {kinds - {BUTTON}}")
    faults.count("a row", inner, 1, 5)
    for button in inner:
        _button(faults, button)


def _button(faults: Faults, button: Json) -> None:
    style, url, own = button.get("style"), button.get("url"), button.get("custom_id")
    faults.length("a button's label", button.get("label") or "", 0, 80)
    faults.unless(button.get("label") or button.get("emoji"), "a button says nothing")
    if style == 5:
        faults.unless(own is None, "a link has no custom_id")
        faults.length("a link", url, 1, 512)
        faults.unless(re.match(r"https?://[^\s<>\"]+$", url or ""), f"{url!r} is no link")
    else:
        faults.unless(style in {1, 2, 3, 4}, f"there is no button of style {style}")
        faults.unless(url is None, "only links have an address")
        faults.length("a button's custom_id", own, 1, 100)


def _gallery(faults: Faults, items: Any) -> None:
    faults.count("a gallery", items, 1, 10)
    for item in items or []:
        if item.get("description") is not None:
            faults.length("a picture's words", item["description"], 0, 1024)
        faults.unless((item.get("media") or {}).get("url"), "a picture has no address")


def _references(faults: Faults, body: Json, exchange: Exchange) -> None:
    """Every attachment that a component shows must come with the message, and be shown once."""
    known = {upload.name for upload in exchange.files}
    known |= {str(each.get("filename")) for each in body.get("attachments") or []}
    shown = re.findall(r'"attachment://([^"]+)"', json.dumps(body.get("components") or []))
    faults.unless(set(shown) <= known, f"{set(shown) - known} are shown but not attached")
    faults.unless(len(shown) == len(set(shown)), "an attachment is shown twice")


def _commands(faults: Faults, commands: list[Json]) -> None:
    for kind, count in Counter(command.get("type", 1) for command in commands).items():
        faults.unless(count <= (100 if kind == 1 else 15), f"{count} commands of type {kind}")
    _unique(faults, [f"{command.get('type', 1)} {command['name']}" for command in commands])
    for command in commands:
        if command.get("type", 1) != 1:
            faults.length("a menu entry", command.get("name"), 1, 32)
            continue
        size = _option(faults, command, depth=0)
        faults.unless(size <= MOST_COMMAND, f"{command['name']} has {size} characters in all")


def _option(faults: Faults, option: Json, *, depth: int) -> int:
    """Check a command or option with everything below; returns its characters."""
    name, kind = option.get("name", ""), option.get("type") if depth else 1
    faults.unless(COMMAND_NAME.fullmatch(name), f"{name!r} is no name of a command or option")
    faults.unless(name == name.lower(), f"{name} is not in lower case")
    faults.length(f"the description of {name}", option.get("description"), 1, 100)
    options, choices = option.get("options") or [], option.get("choices") or []
    faults.count(f"the options of {name}", options, 0, 25)
    _choices(faults, choices)
    faults.unless(not (choices and option.get("autocomplete")), f"{name}: choices or completion")
    _unique(faults, [each["name"] for each in options])
    required = [bool(each.get("required")) for each in options]
    faults.unless(required == sorted(required, reverse=True), f"{name}: required ones come first")
    if depth and kind in {1, 2}:
        faults.unless(depth <= (2 if kind == 1 else 1), f"{name} is nested too deeply")
    for low, high in (("min_length", "max_length"), ("min_value", "max_value")):
        ends = [option[end] for end in (low, high) if option.get(end) is not None]
        faults.unless(ends == sorted(ends), f"{name}: {low} is above {high}")
    faults.unless(1 <= option.get("max_length", 1) <= 6000, f"{name}: max_length")
    below = sum(_option(faults, each, depth=depth + 1) for each in options)
    said = sum(len(str(c["name"])) + len(str(c["value"])) for c in choices)
    return len(name) + len(option.get("description", "")) + said + below


def _nested(parts: list[Json]) -> Iterator[Json]:
    for part in parts:
        yield part
        yield from _nested(part.get("components") or [])
        yield from _nested([part[key] for key in ("accessory", "component") if part.get(key)])


def _unique(faults: Faults, names: list[Any]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    faults.unless(not twice, f"{twice} are there twice")


def _no_hidden_bytes(faults: Faults, body: Json) -> None:
    """Nothing we send carries NUL, lone surrogates or marks that turn the direction of a line."""
    for text in strings(body):
        hidden = re.search("[\x00\u202a-\u202e\u2066-\u2069\ud800-\udfff]", text)
        faults.unless(hidden is None, f"a hidden character in {text[:60]!r}")


def strings(value: Any) -> Iterator[str]:
    """Yield every text of a body, keys included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, each in value.items():
            yield str(key)
            yield from strings(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from strings(each)


TAGS: Final = {
    "b", "strong", "i", "em", "u", "ins", "s", "strike", "del", "code", "pre", "blockquote",
    "tg-spoiler", "a",
}  # fmt: skip
_TAG: Final = re.compile(r"<(/?)([a-z-]+)((?: [a-z-]+(?:=\"[^\"<>]*\")?)*)>")
_ENTITY: Final = re.compile(r"&(?!(?:lt|gt|amp|quot|#\d{1,7}|#x[0-9a-f]{1,6});)")


def telegram_faults(exchange: Exchange) -> list[str]:
    """Return what Telegram would refuse, or what we never want to send, in one Bot API call."""
    faults, body = Faults(), exchange.body
    method = exchange.path.strip("/").lower()
    if method in {"sendmessage", "editmessagetext"}:
        _written(faults, str(body.get("text", "")), body, 1, 4096)
        preview = _structure(body, "link_preview_options") or {}
        faults.unless(preview.get("is_disabled"), "links are previewed")
    elif method in {"sendphoto", "senddocument", "editmessagecaption", "sendmediagroup"}:
        _written(faults, str(body.get("caption", "")), body, 0, 1024)
    elif method == "answercallbackquery":
        faults.length("a popup", str(body.get("text", "")), 0, 200)
    elif method == "setmycommands":
        _menu(faults, _structure(body, "commands"))
    if markup := _structure(body, "reply_markup"):
        _keyboard(faults, markup.get("inline_keyboard") or [])
    _no_hidden_bytes(faults, body)
    return faults.found


def _structure(body: Json, name: str) -> Any:
    value = body.get(name)
    return json.loads(value) if isinstance(value, str) and value else value


def _written(faults: Faults, text: str, body: Json, low: int, high: int) -> None:
    mode = body.get("parse_mode")
    faults.unless(mode in {None, "", "HTML"}, f"{mode} is not the one markup we speak")
    plain = markup_free(faults, text) if mode else text
    units = utf16(plain.strip())
    faults.unless(low <= units <= high, f"{units} units of text, not {low} to {high}")


def markup_free(faults: Faults, text: str) -> str:
    """Return the text that people read, noting every tag or bracket that Telegram would refuse."""
    open_tags: list[str] = []
    for closing, name, attributes in _TAG.findall(text):
        faults.unless(name in TAGS, f"there is no tag {name}")
        if closing:
            nested = bool(open_tags) and open_tags.pop() == name
            faults.unless(nested, f"</{name}> closes what is not open")
        else:
            open_tags.append(name)
            fits = {"a": r' href="[^"]+"', "blockquote": r"( expandable)?"}.get(name, "")
            faults.unless(re.fullmatch(fits, attributes), f"<{name}{attributes}> is not known")
    faults.unless(not open_tags, f"{open_tags} stay open")
    bare = _TAG.sub("", text)
    faults.unless("<" not in bare and ">" not in bare, f"a raw bracket in {bare[:80]!r}")
    faults.unless(not _ENTITY.search(bare), "a raw ampersand")
    return unescape(bare)


def _keyboard(faults: Faults, rows: list[list[Json]]) -> None:
    buttons = [button for row in rows for button in row]
    faults.unless(len(buttons) <= 100, f"{len(buttons)} buttons, more than 100")
    faults.unless(all(1 <= len(row) <= 8 for row in rows), "a row of none or of more than 8")
    for button in buttons:
        kinds = [kind for kind in ("callback_data", "url", "copy_text") if kind in button]
        faults.unless(len(kinds) == 1, f"a button must do one thing, not {kinds}")
        faults.unless(str(button.get("text", "")).strip(), "a button says nothing")
        if "callback_data" in button:
            size = len(button["callback_data"].encode())
            faults.unless(1 <= size <= 64, f"callback_data of {size} bytes")
        if "url" in button:
            faults.unless(re.match(r"https?://\S+$|tg://", button["url"]), "no link")


def _menu(faults: Faults, commands: Any) -> None:
    faults.count("the menu", commands, 0, 100)
    for command in commands or []:
        known = re.fullmatch(r"[a-z0-9_]{1,32}", command.get("command", ""))
        faults.unless(known, f"{command.get('command')!r} is no command")
        faults.length("a menu's description", command.get("description"), 1, 256)
