"""The controls of the simulated world, as a story uses them."""

from __future__ import annotations

import json
import re
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from typing import Any

_WITHIN = 20.0
_TOKEN = re.compile(r"tgk:a:[a-z2-7]{10}")


@dataclass(frozen=True, slots=True)
class Stage:
    """Acts as people on both platforms and reads what they see."""

    address: str

    @staticmethod
    def answers(url: str) -> bool:
        """Say whether an address answers with success."""
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - loopback
                return bool(answer.status == 200)  # noqa: PLR2004 - HTTP's own
        except (urllib.error.URLError, OSError):
            return False

    def slash(self, user: str, channel: str, name: str, **options: object) -> None:
        """Type a slash command in Discord."""
        self._post(
            "/discord/slash", {"user": user, "channel": channel, "name": name, "options": options}
        )

    def press_in_discord(self, user: str, channel: str, label: str) -> None:
        """Press the newest button of that label that the person sees."""
        for message in reversed(self.discord(channel, user)):
            for button in _buttons(message):
                if button.get("label") == label and "custom_id" in button:
                    self._post("/discord/press", {
                        "user": user, "message": message["id"], "custom_id": button["custom_id"],
                    })  # fmt: skip
                    return
        raise LookupError(label)

    def press_in_council(self, user: str, label: str) -> None:
        """Press the newest button whose text ends so in the council's chat."""
        for message in reversed(self.council()):
            for row in message.get("reply_markup", {}).get("inline_keyboard", []):
                for button in row:
                    if button["text"].endswith(label) and "callback_data" in button:
                        self._post("/telegram/press", {
                            "user": user, "message": message["message_id"],
                            "data": button["callback_data"],
                        })  # fmt: skip
                        return
        raise LookupError(label)

    def discord(self, channel: str, viewer: str = "alex") -> list[dict[str, Any]]:
        """Return a channel's messages as one person sees them."""
        query = urllib.parse.urlencode({"channel": channel, "viewer": viewer})
        found: list[dict[str, Any]] = self._get(f"/discord/messages?{query}")
        return found

    def seen(self, channel: str, viewer: str = "alex") -> list[str]:
        """Return the text of a channel's messages, without markup."""
        return [text_of(message) for message in self.discord(channel, viewer)]

    def council(self) -> list[dict[str, Any]]:
        """Return the council's messages."""
        found: list[dict[str, Any]] = self._get("/telegram/messages")
        return found

    def heard(self) -> list[str]:
        """Return the text of the council's messages."""
        return [str(message.get("text", "")) for message in self.council()]

    def popups(self) -> list[str]:
        """Return what people who pressed in Telegram were shown."""
        return [str(popup["text"]) for popup in self._get("/telegram/popups")]

    def effects(self) -> list[str]:
        """Return what was asked of clusters, pipelines and operations, oldest first."""
        return [str(effect) for effect in self._get("/effects")]

    def pictures(self, channel: str, viewer: str = "alex") -> list[str]:
        """Return the words of a channel's pictures, for whoever cannot see them."""
        return [words for message in self.discord(channel, viewer) for words in _pictures(message)]

    def alert(self, service: str, *, firing: bool) -> None:
        """Let a service burn, or calm it, and tell the bot."""
        self._post("/alert", {"service": service, "firing": firing})

    def _get(self, path: str) -> Any:
        url = f"{self.address}/play{path}"
        with urllib.request.urlopen(url, timeout=_WITHIN) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    def _post(self, path: str, body: dict[str, object]) -> Any:
        request = urllib.request.Request(  # noqa: S310 - loopback
            f"{self.address}/play{path}",
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=_WITHIN) as answer:  # noqa: S310 - loopback
            return json.load(answer)


def _buttons(part: dict[str, Any]) -> list[dict[str, Any]]:
    found = [part] if part.get("custom_id") else []
    for inner in part.get("components", []):
        found += _buttons(inner)
    return found


def _pictures(part: dict[str, Any]) -> list[str]:
    found = [str(item.get("description") or "") for item in part.get("items", [])]
    for inner in part.get("components", []):
        found += _pictures(inner)
    return found


def text_of(part: dict[str, Any]) -> str:
    """Return all words of a message, whatever components they stand in."""
    words = [str(part["content"])] if part.get("content") else []
    words += [text_of(inner) for inner in part.get("components", [])]
    plain = re.sub(r"\\(.)", r"\1", "\n".join(words))
    return re.sub(r"[*`\u200b]|-#|###", "", plain)
