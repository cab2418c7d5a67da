"""The stage's controls over HTTP: act as anybody on either platform, send events, break things."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import hmac
import json
import os
import signal
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from sandbox import github
from sandbox.discord.guild import DIRECT
from sandbox.discord.validation.commands import SUB_COMMAND, SUB_GROUP
from sandbox.page.changes import tell
from sandbox.page.estate import estate
from sandbox.stage import as_json
from sandbox.visitors import only_ours

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from sandbox.stage import Stage

_SHOWN_RECORDS = 200
_WEBHOOK_WITHIN = 10.0


def player(stage: Stage) -> web.Application:
    """Return the controls; every answer is JSON, every refusal says why."""
    controls = Controls(stage)
    app = web.Application(middlewares=[only_ours, _say_why])
    for method, path, act in controls.routes():
        app.router.add_route(method, path, act)
    return app


@web.middleware
async def _say_why(request: web.Request, handler: Any) -> web.StreamResponse:
    try:
        answer: web.StreamResponse = await handler(request)
    except LookupError as error:
        return web.json_response({"error": f"there is no {error}"}, status=404)
    except ValueError as error:
        return web.json_response({"error": str(error)}, status=400)
    except (aiohttp.ClientError, TimeoutError) as error:
        return web.json_response({"error": f"the bot does not answer: {error}"}, status=502)
    return answer


class Controls:
    """What a person at the page, or a story, can do."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    def routes(
        self,
    ) -> list[tuple[str, str, Callable[[web.Request], Awaitable[web.StreamResponse]]]]:
        """Return method, path and action."""
        return [
            ("GET", "/cast", self.cast),
            ("GET", "/discord/channels", self.discord_channels),
            ("GET", "/discord/messages", self.discord_messages),
            ("GET", "/discord/used", self.discord_used),
            ("GET", "/discord/commands", self.discord_commands),
            ("POST", "/discord/slash", self.discord_slash),
            ("POST", "/discord/complete", self.discord_complete),
            ("POST", "/discord/press", self.discord_press),
            ("POST", "/discord/modal", self.discord_modal),
            ("POST", "/discord/say", self.discord_say),
            ("GET", "/telegram/messages", self.telegram_messages),
            ("GET", "/telegram/commands", self.telegram_commands),
            ("GET", "/telegram/file", self.telegram_file),
            ("GET", "/telegram/popups", self.telegram_popups),
            ("POST", "/telegram/say", self.telegram_say),
            ("POST", "/telegram/press", self.telegram_press),
            ("POST", "/alert", self.alert),
            ("POST", "/pull-request", self.pull_request),
            ("GET", "/faults", self.what_is_broken),
            ("POST", "/faults", self.faults),
            ("POST", "/kill", self.kill),
            ("GET", "/audit", self.audit),
            ("GET", "/effects", self.effects),
            ("GET", "/world", self.world),
            ("GET", "/changes", self.changes),
        ]

    async def cast(self, _: web.Request) -> web.Response:
        """Return people, channels and services."""
        return web.json_response(
            {**as_json(self._stage.cast), "services": list(self._stage.world.discovery.services)}
        )

    async def discord_messages(self, request: web.Request) -> web.Response:
        """Return a channel as one person sees it, private answers included."""
        channel, viewer = request.query["channel"], request.query.get("viewer", "alex")
        discord = self._stage.discord
        found = [discord.wire(message) for message in discord.messages(channel, viewer)]
        return web.json_response(as_json(found))

    async def discord_channels(self, _: web.Request) -> web.Response:
        """Return channels and threads; private chats are left out."""
        found = [place for place in self._stage.discord.channels() if place.kind != DIRECT]
        return web.json_response(as_json(found))

    async def discord_used(self, request: web.Request) -> web.Response:
        """Return what was typed for each slash command of a channel, by interaction."""
        channel = request.query["channel"]
        kept = self._stage.discord.state.interactions.values()
        used = [each for each in kept if each.is_command and each.channel == channel]
        return web.json_response({each.id: spoken(each.data) for each in used})

    async def discord_commands(self, _: web.Request) -> web.Response:
        """Return the slash commands as registered."""
        return web.json_response(as_json(self._stage.discord.commands()))

    async def discord_slash(self, request: web.Request) -> web.Response:
        """Use a slash command as somebody."""
        asked = await request.json()
        found = await self._stage.discord.slash(
            asked["user"], asked["channel"], asked["name"], asked.get("options", {})
        )
        return web.json_response(as_json(found))

    async def discord_complete(self, request: web.Request) -> web.Response:
        """Return what completion offers somebody."""
        asked = await request.json()
        found = await self._stage.discord.autocomplete(
            asked["user"], asked["name"], asked["option"], asked.get("partial", ""),
            asked.get("given", {}),
        )  # fmt: skip
        return web.json_response(as_json(found))

    async def discord_press(self, request: web.Request) -> web.Response:
        """Press a button, or choose in a menu, as somebody."""
        asked = await request.json()
        found = await self._stage.discord.press(
            asked["user"], asked["message"], asked["custom_id"], asked.get("values")
        )
        return web.json_response(as_json(found))

    async def discord_modal(self, request: web.Request) -> web.Response:
        """Send a form that a press opened."""
        asked = await request.json()
        found = await self._stage.discord.submit_modal(
            asked["user"], asked["interaction"], asked["values"]
        )
        return web.json_response(as_json(found))

    async def discord_say(self, request: web.Request) -> web.Response:
        """Write in a channel as somebody."""
        asked = await request.json()
        found = await self._stage.discord.say(asked["user"], asked["channel"], asked["text"])
        return web.json_response(as_json(found))

    async def telegram_messages(self, request: web.Request) -> web.Response:
        """Return a chat; the council's when none is named."""
        chat = request.query.get("chat")
        telegram = self._stage.telegram
        found = telegram.messages(int(chat) if chat else None)
        return web.json_response([as_json(telegram.wire(message)) for message in found])

    async def telegram_commands(self, _: web.Request) -> web.Response:
        """Return the menus that the bot registered, by scope."""
        return web.json_response(as_json(self._stage.telegram.commands))

    async def telegram_file(self, request: web.Request) -> web.Response:
        """Return a photo or document that the bot sent; never as a page of its own."""
        upload = self._stage.telegram.file(request.query["id"])
        is_picture = upload.content.startswith(b"\x89PNG")
        kind = "image/png" if is_picture else "application/octet-stream"
        headers = {"Content-Type": kind, "X-Content-Type-Options": "nosniff"}
        return web.Response(body=upload.content, headers=headers)

    async def telegram_popups(self, _: web.Request) -> web.Response:
        """Return what pressers were shown."""
        return web.json_response(as_json(self._stage.telegram.popups))

    async def telegram_say(self, request: web.Request) -> web.Response:
        """Write in a chat as somebody; ``council`` means the council's topic."""
        asked = await request.json()
        chat, thread = asked.get("chat"), asked.get("thread")
        if chat == "council":
            chat, thread = self._stage.cast.council_chat, self._stage.cast.council_thread
        found = await self._stage.telegram.say(
            asked["user"], chat, asked["text"], thread, asked.get("reply_to")
        )
        return web.json_response(as_json(self._stage.telegram.wire(found)))

    async def telegram_press(self, request: web.Request) -> web.Response:
        """Press an inline button as somebody."""
        asked = await request.json()
        chat = asked.get("chat") or self._stage.cast.council_chat
        found = await self._stage.telegram.press(
            asked["user"], int(chat), int(asked["message"]), asked["data"]
        )
        return web.json_response(as_json(found))

    async def alert(self, request: web.Request) -> web.Response:
        """Let a service burn CPU (or calm it), and notify the bot as Alertmanager would."""
        asked = await request.json()
        service, firing = asked["service"], bool(asked.get("firing", True))
        self._stage.world.set_incident(service, on=firing)
        status = await self._post("/alert", _notification(service, firing=firing), {})
        return web.json_response({"status": status})

    async def pull_request(self, request: web.Request) -> web.Response:
        """Send a signed pull request event."""
        asked = await request.json()
        payload = _pull_request(asked.get("action", "opened"), asked.get("title", "Add a thing"))
        headers = {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": str(uuid.uuid4())}
        status = await self._post("/git", payload, headers, sign=True)
        return web.json_response({"status": status})

    async def faults(self, request: web.Request) -> web.Response:
        """Switch faults by the names of systems, or telegram, discord, gateway, storm, flood."""
        asked = await request.json()
        for name, on in asked.items():
            self._switch(name, on)
        return web.json_response(asked)

    async def what_is_broken(self, _: web.Request) -> web.Response:
        """Return every switch as it stands, and whether the bot is connected."""
        stage = self._stage
        faults = stage.world.faults
        return web.json_response({
            "systems": {name: getattr(faults, name) for name in faults.systems()},
            "troubles": {name: getattr(faults, name) for name in faults.troubles()},
            "discord": stage.discord.faults.describe(),
            "telegram": stage.telegram.faults.describe(),
            "connections": stage.discord.gateway.connections,
            "incidents": list(stage.world.incidents),
            "bot": stage.bot,
            "mortal": stage.bot_pid is not None,
        })  # fmt: skip

    async def kill(self, _: web.Request) -> web.Response:
        """End the bot's process as a power cut would; whoever started it starts it again."""
        file = self._stage.bot_pid
        if file is None:
            raise LookupError("bot that this world may kill")
        number = int(await asyncio.to_thread(file.read_text, encoding="ascii"))
        with contextlib.suppress(ProcessLookupError):  # it is dead already
            os.kill(number, signal.SIGKILL)
        return web.json_response({"killed": number})

    async def audit(self, _: web.Request) -> web.Response:
        """Return the newest records of the bot's audit log, oldest first."""
        path = self._stage.audit_log
        if path is None or not path.exists():
            return web.json_response([])
        lines = (await asyncio.to_thread(path.read_bytes)).split(b"\n")[-_SHOWN_RECORDS - 1 :]
        return web.json_response([json.loads(line) for line in lines if line.endswith(b"}")])

    async def effects(self, _: web.Request) -> web.Response:
        """Return what was asked of clusters, pipelines and operations, oldest first."""
        return web.json_response(list(self._stage.world.effects))

    async def world(self, _: web.Request) -> web.Response:
        """Return what stands in the world: services, data, backups, tests and scans."""
        return web.json_response(estate(self._stage.world, self._stage.operations))

    async def changes(self, request: web.Request) -> web.StreamResponse:
        """Stream what changes on both platforms and in the audit log as server-sent events."""
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        await tell(self._stage, response.write)
        return response

    def _switch(self, name: str, on: Any) -> None:
        world, telegram, discord = self._stage.world, self._stage.telegram, self._stage.discord
        switches: dict[str, Callable[[Any], Any]] = {
            "telegram": lambda value: telegram.faults.down(bool(value)),
            "flood": lambda value: telegram.faults.flood(float(value)),
            "discord": lambda value: discord.faults.down(bool(value)),
            "storm": lambda value: discord.faults.storm(float(value)),
            "gateway": lambda _: discord.faults.drop_gateway(),
        }
        if name in switches:
            switches[name](on)
        elif name in world.faults.names():
            setattr(world.faults, name, bool(on))
        else:
            raise LookupError(f"fault called {name}")

    async def _post(
        self, path: str, payload: Any, headers: dict[str, str], *, sign: bool = False
    ) -> int:
        body = json.dumps(payload).encode()
        if sign:
            digest = hmac.new(github.WEBHOOK_SECRET.encode(), body, hashlib.sha256).hexdigest()
            headers = {**headers, "X-Hub-Signature-256": f"sha256={digest}"}
        headers = {**headers, "Content-Type": "application/json"}
        timeout = aiohttp.ClientTimeout(total=_WEBHOOK_WITHIN)
        async with (
            aiohttp.ClientSession(timeout=timeout) as session,
            session.post(self._stage.bot + path, data=body, headers=headers) as answer,
        ):
            return answer.status


def spoken(data: dict[str, Any]) -> str:
    """Return a typed command as a client shows it: ``/deploy env:production tag:v1.4.0``."""
    words, options = [f"/{data['name']}"], data.get("options") or []
    while options and options[0]["type"] in {SUB_COMMAND, SUB_GROUP}:
        words.append(options[0]["name"])
        options = options[0].get("options") or []
    return " ".join([*words, *(f"{option['name']}:{option['value']}" for option in options)])


def _notification(service: str, *, firing: bool) -> dict[str, Any]:
    """Return what Alertmanager's webhook (version 4) sends for one alert."""
    now = datetime.now(UTC).isoformat()
    status = "firing" if firing else "resolved"
    labels = {
        "alertname": "HighCPUUsage", "service": service, "severity": "critical",
        "environment": "production",
    }  # fmt: skip
    annotations = {"summary": "CPU usage above 80%"}
    alert = {
        "status": status, "labels": labels, "annotations": annotations, "startsAt": now,
        "endsAt": "0001-01-01T00:00:00Z" if firing else now, "fingerprint": "a1b2c3d4e5f60718",
        "generatorURL": "http://prometheus.example/graph",
    }  # fmt: skip
    return {
        "version": "4", "groupKey": f'{{}}:{{alertname="HighCPUUsage",service="{service}"}}',
        "truncatedAlerts": 0, "status": status, "receiver": "tgk",
        "groupLabels": {"alertname": "HighCPUUsage", "service": service},
        "commonLabels": labels, "commonAnnotations": annotations,
        "externalURL": "http://alertmanager.example", "alerts": [alert],
    }  # fmt: skip


def _pull_request(action: str, title: str) -> dict[str, Any]:
    """Return the parts of GitHub's pull_request event that matter."""
    merged = action == "merged"
    page = "https://github.com/strategickhaos/sovereignty-architecture"
    return {
        "action": "closed" if merged else action, "number": 42,
        "pull_request": {
            "number": 42, "title": title, "merged": merged, "html_url": f"{page}/pull/42",
            "user": {"login": "dana"}, "head": {"ref": "feature/thing"}, "base": {"ref": "main"},
        },
        "repository": {"full_name": "strategickhaos/sovereignty-architecture", "html_url": page},
        "sender": {"login": "dana"},
    }  # fmt: skip
