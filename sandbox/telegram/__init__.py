"""A loopback Telegram: the Bot API that real clients speak, and people who write and press."""

from sandbox.telegram.emulator import TelegramEmulator
from sandbox.telegram.faults import TelegramFaults
from sandbox.telegram.state import Chat, Message, Popup, Query

__all__ = ["Chat", "Message", "Popup", "Query", "TelegramEmulator", "TelegramFaults"]
