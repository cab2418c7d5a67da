"""Looks whether Telegram takes the token and lets the bot post to the council's topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from integrations.finding import Finding, Probed, ahead, fields, kept_out, port, troubled
from tgk.errors import Rejected, TgkError

if TYPE_CHECKING:
    from pydantic import SecretStr

    from integrations.http import Answer, HttpPort, Params
    from tgk.discovery import Council
    from tgk.ports.time import Clock

_API = "https://api.telegram.org"
_BOTFATHER = "Set TELEGRAM_BOT_TOKEN to the token that @BotFather shows."
_CHAT = "Add the bot to the chat, and mend telegram.council.chat or TELEGRAM_COUNCIL_ID."


async def probe(
    token: SecretStr, council: Council, chat: int, clock: Clock, api_url: str = ""
) -> Probed:
    """Return what was found; never raises for what Telegram answers. Nobody sees a message."""
    address = f"{(api_url or _API).rstrip('/')}/bot{token.get_secret_value()}"
    async with port("Telegram", address, clock) as http:
        try:
            answer = await http.request("GET", "/getMe")
        except TgkError as error:
            # 404 is what Telegram answers to a token that has not the shape of one
            return Probed((kept_out("token", error, _BOTFATHER, "TELEGRAM_API_URL"),))
        me = _result(answer)
        found = [Finding("token", "ok", f"accepted; @{me.get('username', '')}")]
        found += await _council(http, council, chat, me.get("id"))
        return Probed(tuple(found), ahead(answer.headers, clock))


async def _council(http: HttpPort, council: Council, chat: int, me: object) -> list[Finding]:
    try:
        seen = _result(await http.request("GET", "/getChat", params={"chat_id": chat}))
        about: Params = {"chat_id": chat, "user_id": str(me)}
        member = _result(await http.request("GET", "/getChatMember", params=about))
    except Rejected as error:
        return [Finding("council", "bad", f"the bot is not in chat {chat}: {error.why}", _CHAT)]
    except TgkError as error:
        return [troubled("council", error)]
    status = str(member.get("status", ""))
    silent = status == "restricted" and not member.get("can_send_messages")
    if silent or status in ("left", "kicked"):
        return [Finding("council", "bad", f"the bot is {status} in chat {chat}", _CHAT)]
    found = [Finding("council", "ok", f"{seen.get('title', chat)} is reachable; we are {status}")]
    if council.thread is not None:
        found.append(await _topic(http, council.thread, chat, forum=bool(seen.get("is_forum"))))
    return found


async def _topic(http: HttpPort, thread: int, chat: int, *, forum: bool) -> Finding:
    """Ask to show that we type there: nothing else tells whether a topic exists."""
    do = "Mend telegram.council.thread: the last number of the link to a message of the topic."
    if not forum:
        return Finding("topic", "bad", f"the chat has no topics, so none is {thread}", do)
    typing = {"chat_id": chat, "message_thread_id": thread, "action": "typing"}
    try:
        await http.request("POST", "/sendChatAction", json=typing, idempotent=True)
    except Rejected:
        return Finding("topic", "bad", f"there is no open topic {thread}", do)
    except TgkError as error:
        return troubled("topic", error)
    return Finding("topic", "ok", f"{thread} exists")


def _result(answer: Answer) -> dict[str, Any]:
    found = fields(answer).get("result")
    return found if isinstance(found, dict) else {}
