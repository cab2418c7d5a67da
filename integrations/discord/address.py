"""Where Discord answers: the library's two addresses, moved for proxies and for test mode."""

from __future__ import annotations

from urllib.parse import urlsplit

from discord.gateway import DiscordWebSocket
from discord.http import Route
from yarl import URL


def move(api_url: str = "", gateway_url: str = "") -> None:
    """Make every Discord client of this process talk to these addresses; empty ones stay."""
    if api_url:
        base = api_url.rstrip("/")
        Route.BASE = base if "/api" in urlsplit(base).path else f"{base}/api/v10"
    if gateway_url:
        DiscordWebSocket.DEFAULT_GATEWAY = URL(gateway_url)
