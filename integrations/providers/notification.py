"""A command that tells people: in chat, in Slack, or through who wakes them at night."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import SecretStr

from integrations.http import HttpPort, Patience
from integrations.providers.filling import with_variables
from tgk.errors import Missing, TgkError
from tgk.ports.board import Place
from tgk.ports.providers import ProviderProgress, ProviderResult
from tgk.reply import Fact, Facts, Plain, Reply, Text

if TYPE_CHECKING:
    from integrations.providers.call import Call
    from integrations.providers.filling import Variable
    from tgk.bindings import NotificationBinding, NotificationTarget
    from tgk.ports.board import Board
    from tgk.ports.providers import Arguments
    from tgk.ports.time import Clock
    from tgk.reply import Tone

_TONES: dict[str, Tone] = {
    "info": "off", "low": "off", "medium": "warning", "high": "bad", "critical": "bad",
}  # fmt: skip
_PAGERDUTY = "https://events.pagerduty.com/v2/enqueue"
_PAGERDUTY_SEVERITY = {
    "info": "info", "low": "warning", "medium": "warning", "high": "error", "critical": "critical",
}  # fmt: skip
_OPSGENIE = "https://api.opsgenie.com/v2/alerts"
_OPSGENIE_PRIORITY = {"info": "P5", "low": "P4", "medium": "P3", "high": "P2", "critical": "P1"}
_LONGEST_SUMMARY = 1000
_LONGEST_MESSAGE = 130


class NotificationProvider:
    """Tells every target that fits; one that cannot be told does not silence the others."""

    def __init__(
        self,
        name: str,
        binding: NotificationBinding,
        *,
        board: Board,
        clock: Clock,
        variable: Variable,
    ) -> None:
        self._name = name
        self._binding = binding
        self._board = board
        self._clock = clock
        self._variable = variable
        self._ports: dict[tuple[str, str], HttpPort] = {}

    def plan(self, arguments: Arguments) -> str:
        """Name everybody who would be told."""
        words = ", ".join(_named(target) for target in self._targets(arguments))
        return f"tell {words}: {_message(arguments)}"

    async def invoke(self, call: Call) -> ProviderResult:
        """Tell each target once for the key; a repeated call repeats only what knows no keys."""
        targets = self._targets(call.arguments)
        sent: list[str] = []
        failed: list[str] = []
        last: TgkError | None = None
        for target in targets:
            note = f"tells {_named(target)}"
            await call.watch(ProviderProgress(note=note, done=len(sent), total=len(targets)))
            try:
                await self._tell(target, call)
            except TgkError as error:
                last = error
                failed.append(f"{_named(target)}: {error.why or error.what}")
            else:
                sent.append(_named(target))
        if last is not None and not sent:
            raise last
        summary = f"Told {', '.join(sent)}." + (f" Not told: {'; '.join(failed)}" if failed else "")
        output = {"sent": sent, "unsent": failed}
        return ProviderResult(success=not failed, output=output, summary=summary)

    async def aclose(self) -> None:
        """Close the connections."""
        for port in self._ports.values():
            await port.aclose()

    def _targets(self, arguments: Arguments) -> list[NotificationTarget]:
        team, severity = str(arguments.get("team", "")), str(arguments.get("severity", "info"))
        of_team = [t for t in self._binding.targets if not t.teams or team in t.teams]
        known = sorted({name for target in self._binding.targets for name in target.teams})
        if team and known and team not in known:
            raise Missing("team", team, known=known)
        fitting = [t for t in of_team if not t.severities or severity in t.severities]
        if not fitting:
            raise Missing("notification target", f"{team or 'every team'}, {severity}")
        return fitting

    async def _tell(self, target: NotificationTarget, call: Call) -> None:
        if target.channel or target.council:
            await self._show(target, call)
        elif target.slack:
            # Slack knows no keys: a call whose answer was lost is not repeated.
            body = {"text": _slack_text(call.arguments)}
            await self._post(target.slack, body, repeatable=False)
        elif target.pagerduty:
            key = with_variables(target.pagerduty, self._variable, system="PagerDuty")
            await self._post(target.url or _PAGERDUTY, _pagerduty(call, key))
        elif target.opsgenie:
            key = with_variables(target.opsgenie, self._variable, system="Opsgenie")
            header = SecretStr(f"GenieKey {key.get_secret_value()}")
            await self._post(target.url or _OPSGENIE, _opsgenie(call), header)

    async def _show(self, target: NotificationTarget, call: Call) -> None:
        room = target.channel or "council"
        place = Place(platform="discord" if target.channel else "telegram", room=room)
        await self._board.show(f"notify:{call.key}:{room}", place, _card(call), loud=True)

    async def _post(
        self,
        address: str,
        body: dict[str, Any],
        authorization: SecretStr | None = None,
        *,
        repeatable: bool = True,
    ) -> None:
        where = with_variables(address, self._variable, system=self._name).get_secret_value()
        parts = urlsplit(where)
        origin = f"{parts.scheme}://{parts.netloc}"
        secret = authorization.get_secret_value() if authorization else ""
        port = self._ports.get((origin, secret))
        if port is None:
            port = self._ports[origin, secret] = HttpPort(
                f"The notification service {parts.hostname}",
                origin,
                clock=self._clock,
                headers={"Authorization": authorization} if authorization else {},
                patience=Patience(timeout=10),
            )
        path = where.removeprefix(origin) or "/"
        await port.request("POST", path, json=body, idempotent=repeatable)


def _named(target: NotificationTarget) -> str:
    """Name a target without its secret."""
    if target.channel:
        return target.channel
    named = ("slack", "pagerduty", "opsgenie")
    words = {"slack": "Slack", "pagerduty": "PagerDuty", "opsgenie": "Opsgenie"}
    return next((words[name] for name in named if getattr(target, name)), "the council")


def _message(arguments: Arguments) -> str:
    person = arguments.get("person", "somebody")
    return str(arguments.get("message") or f"{person} asks the team to look.")


def _title(arguments: Arguments) -> str:
    team, severity = arguments.get("team"), arguments.get("severity", "info")
    return f"{str(severity).capitalize()} notice" + (f" for {team}" if team else "")


def _card(call: Call) -> Reply:
    arguments = call.arguments
    facts = (
        Fact(label="From", value=str(arguments.get("person", "-"))),
        Fact(label="Severity", value=str(arguments.get("severity", "info"))),
    )
    title, message = _title(arguments), _message(arguments)
    return Reply(
        topic="notice",
        title=title,
        tone=_TONES.get(str(arguments.get("severity")), "off"),
        blocks=(Text(text=message), Facts(facts=facts)),
        plain=Plain(headline=title, lines=(message, f"From: {arguments.get('person', '-')}")),
    )


def _slack_text(arguments: Arguments) -> str:
    """Return the text of a webhook; Slack reads ``&``, ``<`` and ``>`` as marks of its own."""
    text = f"{_title(arguments)}: {_message(arguments)} ({arguments.get('person', '-')})"
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _pagerduty(call: Call, key: SecretStr) -> dict[str, Any]:
    """Return an event of Events API v2; the same key joins the same incident."""
    arguments = call.arguments
    severity = _PAGERDUTY_SEVERITY.get(str(arguments.get("severity")), "info")
    return {
        "routing_key": key.get_secret_value(),
        "event_action": "trigger",
        "dedup_key": call.key,
        "payload": {
            "summary": _message(arguments)[:_LONGEST_SUMMARY],
            "source": "tgk",
            "severity": severity,
            "custom_details": {name: str(value) for name, value in arguments.items()},
        },
    }


def _opsgenie(call: Call) -> dict[str, Any]:
    """Return an alert; the same alias joins the same alert."""
    arguments = call.arguments
    return {
        "message": _message(arguments)[:_LONGEST_MESSAGE],
        "alias": call.key,
        "description": _message(arguments),
        "priority": _OPSGENIE_PRIORITY.get(str(arguments.get("severity")), "P5"),
        "source": "tgk",
        "details": {name: str(value) for name, value in arguments.items()},
    }
