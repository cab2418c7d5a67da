"""Who is who: the bot itself, chats, their members, and the menu of commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from sandbox.telegram.errors import bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from sandbox.telegram.params import Params
    from sandbox.telegram.state import TelegramState
    from sandbox.wire import Json

MOST_COMMANDS: Final = 100
MOST_DESCRIPTION: Final = 256
_COMMAND: Final = re.compile(r"[a-z0-9_]{1,32}")
RIGHTS: Final = (
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
    "can_pin_messages",
    "can_manage_topics",
)


def get_me(state: TelegramState, _params: Params) -> Json:
    """Say who the bot is."""
    return {
        **state.user(state.cast.telegram_bot),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


def get_chat(state: TelegramState, params: Params) -> Json:
    """Describe a chat in full."""
    chat = state.chat(params.text("chat_id"))
    return {
        **state.describe(chat),
        "accent_color_id": 0,
        "max_reaction_count": 11,
        "accepted_gift_types": {
            "unlimited_gifts": False,
            "limited_gifts": False,
            "unique_gifts": False,
            "premium_subscription": False,
            "gifts_from_channels": False,
        },
    }


def get_chat_member(state: TelegramState, params: Params) -> Json:
    """Say what somebody is in a chat."""
    state.chat(params.text("chat_id"))
    user = params.integer("user_id") or 0
    if user == state.cast.telegram_bot:
        rights = dict.fromkeys(RIGHTS, True)
        rights |= {"can_be_edited": False, "is_anonymous": False}
        return {"user": state.user(user), "status": "administrator", **rights}
    if user not in {person.telegram for person in state.cast.people}:
        raise bad_request("user not found")
    return {"user": state.user(user), "status": "member"}


def get_file(state: TelegramState, params: Params) -> Json:
    """Say where a file can be fetched."""
    file_id = params.text("file_id")
    upload = state.files.get(file_id)
    if upload is None:
        raise bad_request("invalid file_id")
    size = len(upload.content)
    return {"file_id": file_id, "file_unique_id": file_id, "file_size": size, "file_path": file_id}


def set_my_commands(state: TelegramState, params: Params) -> bool:
    """Replace the menu of one scope."""
    commands: list[Json] = params.structure("commands") or []
    if len(commands) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    for command in commands:
        if not _COMMAND.fullmatch(str(command.get("command", "")).removeprefix("/")):
            raise bad_request("BOT_COMMAND_INVALID")
        if not 1 <= len(str(command.get("description", ""))) <= MOST_DESCRIPTION:
            raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    state.commands[_scope(params)] = commands
    return True


def get_my_commands(state: TelegramState, params: Params) -> list[Json]:
    """Return the menu of one scope."""
    return state.commands.get(_scope(params), [])


def delete_my_commands(state: TelegramState, params: Params) -> bool:
    """Empty the menu of one scope."""
    state.commands.pop(_scope(params), None)
    return True


def accept(_state: TelegramState, _params: Params) -> bool:
    """Take a setting that shows nowhere here."""
    return True


def _scope(params: Params) -> str:
    scope: Json = params.structure("scope") or {"type": "default"}
    parts = (scope["type"], scope.get("chat_id", ""), params.text("language_code"))
    return ":".join(str(part) for part in parts if part != "")


ACCOUNTS: Mapping[str, Callable[[TelegramState, Params], Any]] = {
    "getme": get_me,
    "getchat": get_chat,
    "getchatmember": get_chat_member,
    "getfile": get_file,
    "setmycommands": set_my_commands,
    "getmycommands": get_my_commands,
    "deletemycommands": delete_my_commands,
    "setmydescription": accept,
    "setmyshortdescription": accept,
    "setchatmenubutton": accept,
}
