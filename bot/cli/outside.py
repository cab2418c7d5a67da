"""What ``tgk doctor`` sees outside this machine: every system at once, none for long."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from bot.runtime.backends import Opener
from bot.runtime.clock import SystemClock
from integrations.finding import Finding, Probed, troubled
from tgk.errors import Missing, TgkError
from tgk.ports.logs import LogQuery

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from pathlib import Path

    from bot.runtime.backends import Outside
    from bot.runtime.settings import Settings
    from tgk.discovery import Discovery, Pipeline

LOOK_WITHIN = 12.0
SKEW_SECONDS = 30.0
Section = tuple[str, list[Finding]]


async def look_outside(settings: Settings, discovery: Discovery, root: Path) -> list[Section]:
    """Return what each system shows; whoever is silent is a finding, not a wait."""
    async with AsyncExitStack() as stack:
        outside = await Opener(settings, SystemClock(), stack).open(discovery, root)
        look = _Look(settings, discovery, outside)
        parts = {
            "Discord": look.discord(),
            "Telegram": look.telegram(),
            "GitHub": look.github(),
            "Kubernetes": look.kubernetes(),
            "logs": look.logs(),
            "metrics": look.metrics(),
            "model": look.model(),
        }
        found = await asyncio.gather(*(_in_time(part) for part in parts.values()))
    sections = [(name, list(probed.findings)) for name, probed in zip(parts, found, strict=True)]
    skews = {name: p.ahead for name, p in zip(parts, found, strict=True) if p.ahead is not None}
    return [*sections, ("clock", [_skew(skews)])]


async def _in_time(part: Awaitable[Probed]) -> Probed:
    try:
        return await asyncio.wait_for(part, LOOK_WITHIN)
    except TimeoutError:
        told = f"no answer within {LOOK_WITHIN:g} s"
        return Probed((Finding("reach", "bad", told, "Check its address and the network."),))
    except TgkError as error:
        return Probed((troubled("reach", error),))


def _skew(skews: dict[str, float]) -> Finding:
    if not skews:
        return Finding("skew", "off", "no platform told the time")
    name, most = max(skews.items(), key=lambda pair: abs(pair[1]))
    told = f"{abs(most):.0f} s {'behind' if most > 0 else 'ahead of'} {name}"
    if abs(most) > SKEW_SECONDS:
        return Finding("skew", "warn", told, "Switch on time synchronisation (NTP).")
    return Finding("skew", "ok", f"within {max(1, round(abs(most)))} s of {', '.join(skews)}")


class _Look:
    """One look at each system."""

    def __init__(self, settings: Settings, discovery: Discovery, outside: Outside) -> None:
        self._settings = settings
        self._estate = discovery
        self._outside = outside
        self._clock = SystemClock()

    async def discord(self) -> Probed:
        """Token, guild, channels and permissions."""
        token, section = self._settings.discord_token, self._estate.discord
        if token is None or section is None:
            return _off("DISCORD_TOKEN" if token is None else "discord in discovery.yml")
        from integrations.discord.probe import probe

        return await probe(token, section, self._clock, self._settings.discord_api_url or "")

    async def telegram(self) -> Probed:
        """Token, council and topic."""
        token, section = self._settings.telegram_token, self._estate.telegram
        if token is None or section is None:
            return _off("TELEGRAM_BOT_TOKEN" if token is None else "telegram in discovery.yml")
        from integrations.telegram.probe import probe

        chat = self._settings.telegram_council or section.council.chat
        address = self._settings.telegram_api_url or ""
        return await probe(token, section.council, chat, self._clock, address)

    async def github(self) -> Probed:
        """Token, repositories and workflows."""
        token, pipelines = self._settings.github_token, self._pipelines()
        if token is None or not pipelines:
            return _off("GITHUB_TOKEN" if token is None else "deploy in discovery.yml")
        from integrations.github.probe import probe

        return await probe(token, pipelines, self._clock, self._settings.github_api_url)

    def _pipelines(self) -> list[Pipeline]:
        estate = self._estate
        named = [environment.deploy for environment in estate.environments.values()]
        named += [service.deploy for service in estate.services.values()]
        return list(dict.fromkeys(pipeline for pipeline in named if pipeline))

    async def kubernetes(self) -> Probed:
        """Each environment's context, by looking at one service there."""
        if why := self._outside.off.get("Kubernetes"):
            return Probed((Finding("reach", "off", why),))
        looks = [self._context(name) for name in self._estate.environments]
        return Probed(tuple(await asyncio.gather(*looks)))

    async def _context(self, name: str) -> Finding:
        environment = self._estate.environments[name]
        first = next(iter(self._estate.services.values()))
        try:
            await self._outside.cluster.workload(first, environment)
        except Missing as error:
            do = "Mend kubernetes.deployment or the environment's namespace in discovery.yml."
            return Finding(name, "warn", f"reachable, but {error.what.lower()}", do)
        except TgkError as error:
            return troubled(name, error, "Check KUBECONFIG and environments.*.context.")
        return Finding(name, "ok", "reachable")

    async def logs(self) -> Probed:
        """The sources that services name, by one line of each."""
        found = []
        env = self._estate.default_environment
        kinds = {service.logs.source: name for name, service in self._estate.services.items()}
        for kind, name in kinds.items():
            label = {"loki": "Loki", "cloudwatch": "CloudWatch"}[kind]
            if why := self._outside.off.get(label):
                found.append(Finding(label, "off", why))
                continue
            service = self._estate.services[name]
            try:
                await self._outside.logs.tail(name, service, env, LogQuery(limit=1))
            except TgkError as error:
                found.append(troubled(label, error, f"Check the address of {label}."))
            else:
                found.append(Finding(label, "ok", f"reachable; read {name} in {env}"))
        return Probed(tuple(found))

    async def metrics(self) -> Probed:
        """Prometheus, by the figures of one service."""
        if why := self._outside.off.get("Prometheus"):
            return Probed((Finding("Prometheus", "off", why),))
        name, service = next(iter(self._estate.services.items()))
        env = self._estate.default_environment
        try:
            await self._outside.metrics.vitals(name, service, env)
        except TgkError as error:
            return Probed((troubled("Prometheus", error, "Check PROMETHEUS_URL."),))
        return Probed((Finding("Prometheus", "ok", f"reachable; read {name} in {env}"),))

    async def model(self) -> Probed:
        """The models of the agents."""
        if why := self._outside.off.get("The model"):
            return Probed((Finding("model", "off", why),))
        from integrations.model_probe import probe

        settings, agents = self._settings, self._estate.agents.values()
        base = settings.openai_base_url or ""
        return Probed(await probe(settings.openai_api_key, agents, self._clock, base))


def _off(what: str) -> Probed:
    return Probed((Finding("token", "off", f"{what} is not set"),))
