"""What ``tgk doctor`` sees without asking anybody outside this machine."""

from __future__ import annotations

import asyncio
import platform
import shutil
import socket
import sys
import tempfile
from typing import TYPE_CHECKING

from audit.chain import Keyring
from audit.space import SpaceRules
from audit.verify import verify
from bot.runtime.clock import SystemClock
from bot.runtime.discovery import checked_estate
from bot.runtime.settings import AUDIT_LOG, SOCKET_NAME
from bot.runtime.socket_file import answers
from integrations.finding import Finding, fields, port
from rbac.loading import load_policy
from tgk.errors import ConfigurationInvalid, TgkError

if TYPE_CHECKING:
    from pathlib import Path

    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery

_OLDEST = (3, 11)
_MEBIBYTE = 1024 * 1024


class Machine:
    """This machine, its files and its state folder."""

    def __init__(self, settings: Settings, config: Path, user: str) -> None:
        self.root = config.resolve().parent
        self.discovery: Discovery | None = None
        self._settings = settings
        self._config = config
        self._user = user

    def base(self) -> list[Finding]:
        """Look at python itself."""
        told = f"{platform.python_version()} at {sys.executable}"
        if sys.version_info < _OLDEST:
            return [Finding("python", "bad", told, "Install python 3.11 or newer.")]
        return [Finding("python", "ok", told)]

    def files(self) -> list[Finding]:
        """Load discovery.yml and the policy as the bot does."""
        try:
            found = checked_estate(self._config)
        except ConfigurationInvalid as error:
            do = "Mend the line, then run `tgk config check`."
            return [Finding("configuration", "bad", fault, do) for fault in error.faults]
        self.discovery = found
        told = f"{len(found.services)} services, {len(found.environments)} environments"
        return [Finding("configuration", "ok", f"{self._config} and policy in order; {told}")]

    def identity(self) -> list[Finding]:
        """Look who asks, and which tokens are there; none of them is shown."""
        settings = self._settings
        tokens = {
            "DISCORD_TOKEN": settings.discord_token,
            "TELEGRAM_BOT_TOKEN": settings.telegram_token,
            "GITHUB_TOKEN": settings.github_token,
            "OPENAI_API_KEY": settings.openai_api_key,
        }
        there = [name for name, value in tokens.items() if value]
        absent = [name for name, value in tokens.items() if not value]
        found = [self._account()]
        if not there:
            told = "none is set: the bot runs in test mode"
            return [*found, Finding("tokens", "warn", told, "Set tokens to work for real.")]
        found.append(Finding("tokens", "ok", f"set: {', '.join(there)}"))
        if absent:
            found.append(Finding("tokens", "off", f"not set, so off: {', '.join(absent)}"))
        return found

    def _account(self) -> Finding:
        try:
            members = load_policy(self.root / "rbac" / "policy.yml").policy.members
        except ConfigurationInvalid:
            return Finding("TGK_USER", "off", "not looked up: the policy has faults")
        for name, member in members.items():
            if dict(member.accounts.listed()).get("cli") == self._user:
                return Finding("TGK_USER", "ok", f"{self._user} is {name}")
        told = f'no member has the account "cli: {self._user}"'
        return Finding("TGK_USER", "warn", told, "Set TGK_USER, or add it in rbac/policy.yml.")

    async def state(self) -> list[Finding]:
        """Look at the state folder, the audit log, the socket and the port."""
        folder = self._folder()
        space = self._space() if folder.state == "ok" else []
        audit = await asyncio.to_thread(self._audit)
        return [folder, *space, *audit, self._socket(), await self._port()]

    def _folder(self) -> Finding:
        folder = self._settings.state
        try:
            there = _nearest(folder)
            # rights alone do not show it: in /proc not even root makes a folder
            tempfile.TemporaryDirectory(prefix=".tgk-doctor-", dir=there).cleanup()
        except OSError as error:
            do = "Set TGK_STATE to a folder that this account may write."
            return Finding("folder", "bad", f"{folder} cannot be used: {error.strerror}", do)
        told = f"{folder} is writable" if folder.exists() else f"{folder} can be made"
        return Finding("folder", "ok", told)

    def _space(self) -> list[Finding]:
        free, rules = shutil.disk_usage(_nearest(self._settings.state)).free, SpaceRules()
        told = f"{free // _MEBIBYTE} MiB"
        if free < rules.admin:
            return [Finding("free space", "bad", told, "Make room: changes are refused.")]
        if free < rules.low:
            return [Finding("free space", "warn", told, "Make room before changes are refused.")]
        return [Finding("free space", "ok", told)]

    def _audit(self) -> list[Finding]:
        path, key = self._settings.state / AUDIT_LOG, self._settings.audit_hmac_key
        if not path.exists():
            return [Finding("audit log", "off", "not begun yet")]
        try:
            verdict = verify(path, Keyring.of(key.get_secret_value().encode() if key else None))
        except (OSError, TgkError) as error:
            return [Finding("audit log", "bad", str(error), "Look with `tgk audit verify`.")]
        if not verdict.intact:
            told = f"damaged: {verdict.damages[0]}"
            do = "Look with `tgk audit verify`, then `tgk audit acknowledge`."
            return [Finding("audit log", "bad", told, do)]
        found = [Finding("audit log", "ok", f"{verdict.records} records, intact")]
        if verdict.unkeyed:
            do = "Set AUDIT_HMAC_KEY: without it whoever can write the file can rewrite it."
            found.append(Finding("audit log", "warn", f"{verdict.unkeyed} records unkeyed", do))
        if verdict.unchecked:
            told = f"{verdict.unchecked} records were sealed with a key that is not set"
            do = "Set AUDIT_HMAC_KEY to what the bot uses."
            found.append(Finding("audit log", "warn", told, do))
        return found

    def _socket(self) -> Finding:
        path = self._settings.state / SOCKET_NAME
        if not path.exists():
            return Finding("socket", "off", "no bot runs with this state folder")
        if answers(path):
            return Finding("socket", "ok", f"a bot answers at {path}")
        return Finding("socket", "warn", f"{path} was left behind", "The next start replaces it.")

    async def _port(self) -> Finding:
        address = self._settings.http
        async with port("The gateway", f"http://{address}", SystemClock()) as http:
            try:
                told = fields(await http.request("GET", "/healthz"))
            except TgkError:
                return _binding(address)
        if "platforms" not in told:
            do = "Stop the other program, or set TGK_HTTP."
            return Finding("port", "bad", f"another program listens on {address}", do)
        if not answers(self._settings.state / SOCKET_NAME):
            what = f"a bot with another state folder answers at {address}: none could start here"
            return Finding(
                "port", "bad", what, "Set TGK_HTTP to a free host:port, or its TGK_STATE."
            )
        return _running(address, told["platforms"])


def _running(address: str, platforms: object) -> Finding:
    states = {
        name: str(each.get("state")) if isinstance(each, dict) else ""
        for name, each in (platforms.items() if isinstance(platforms, dict) else ())
    }
    told = ", ".join(f"{name} {state}" for name, state in states.items())
    down = [name for name, state in states.items() if state in ("down", "refused")]
    do = "Look at the bot's log and at the findings below." if down else ""
    return Finding("port", "warn" if down else "ok", f"a bot answers at {address}: {told}", do)


def _binding(address: str) -> Finding:
    host, _, number = address.rpartition(":")
    try:
        socket.create_server((host, int(number))).close()
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else str(error)
        do = "Stop the other program, or set TGK_HTTP to a free host:port."
        return Finding("port", "bad", f"{address} cannot be taken: {why}", do)
    return Finding("port", "ok", f"{address} is free")


def _nearest(folder: Path) -> Path:
    """Return the folder, or the first above it that is there."""
    return next(each for each in (folder.absolute(), *folder.absolute().parents) if each.exists())
