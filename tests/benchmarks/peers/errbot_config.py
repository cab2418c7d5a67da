"""Errbot as it would be run for one command: its Telegram backend and an access rule."""

import functools
import os
from pathlib import Path

import telegram

telegram.Bot.__init__ = functools.partialmethod(
    telegram.Bot.__init__, base_url=os.environ["PEER_API"] + "/bot"
)

BACKEND = "Telegram"
BOT_IDENTITY = {"token": os.environ["PEER_TOKEN"]}
BOT_ADMINS = ("7000001",)
BOT_PREFIX = "/"
BOT_DATA_DIR = os.environ["PEER_DATA"]
BOT_EXTRA_PLUGIN_DIR = str(Path(__file__).parent / "errbot_plugin")
BOT_LOG_FILE = None
BOT_LOG_LEVEL = 40
CORE_PLUGINS = ("ACLs",)
ACCESS_CONTROLS = {"Echo:*": {"allowusers": ("*",)}}
