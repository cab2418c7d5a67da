"""How every operations command is done: checked, asked about, handed to its provider, told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from commands.ops.arguments import arguments_of, require_here, told_by
from tgk.errors import Locked
from tgk.options import Request
from tgk.plain import in_words
from tgk.ports.council import ApprovalRule
from tgk.ports.providers import ProviderProgress, ProviderResult
from tgk.reply import Action, Fact, Facts, Log, Plain, Progress, Reply, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tgk.context import Context
    from tgk.discovery import Discovery
    from tgk.ports.providers import Argument
    from tgk.reply import Block, Topic

R = TypeVar("R", bound=Request)
BASE_OUTPUTS = ("success", "summary", "url", "duration")
_SHOWN_ON_CARDS = (str, int, float)


class Began(BaseModel):
    """When it was begun; remembered over a restart."""

    model_config = ConfigDict(frozen=True)

    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Trade(Generic[R]):
    """One operations command: its name, its words, and how careful it is."""

    command: str
    topic: Topic
    title: Callable[[R], str]
    yields: tuple[str, ...] = ()
    """Outputs beside those that every command has."""
    guarded: bool = False
    """Whether the council is asked where the environment is protected."""
    exclusive: bool = False
    """Whether it waits for nobody's lock or deployment of the environment, and is refused."""
    sites: tuple[str, ...] = ()
    """Options that may name a place: never one of another environment."""

    @property
    def declared(self) -> dict[str, Any]:
        """What the command declares of itself."""
        return {
            "check": self.check,
            "approval": self.approval if self.guarded else None,
            "plan": self.plan,
            "outputs": (*BASE_OUTPUTS, *self.yields),
            "slow": True,
        }

    async def check(self, request: R, context: Context) -> None:
        """Refuse what cannot be done anyway, before anybody is asked about it."""
        self.plan(request, context)
        await self._require_free(request, context)

    def plan(self, request: R, context: Context) -> str:
        """Say what the provider would do; raises when nobody does it or it cannot be done."""
        require_here(self.command, request, self.sites, context.discovery)
        told = told_by(self.command, request, context)
        return context.backends.providers.plan(self.command, told)

    def approval(self, request: R, discovery: Discovery) -> ApprovalRule | None:
        """Return what the council is asked where the environment is protected, as by /deploy."""
        told = arguments_of(self.command, request, discovery)
        environment = discovery.environments.get(str(told["environment"]))
        if environment is None or not environment.protected:
            return None
        return ApprovalRule(
            title=self.title(request),
            facts=tuple((name.capitalize(), str(value)) for name, value in told.items()),
            needed=environment.approvals,
            expires_seconds=environment.approval_expires.total_seconds(),
        )

    async def carry_out(self, request: R, context: Context) -> Reply:
        """Hand it to the provider once, show how far it is, and tell how it ended."""
        told = told_by(self.command, request, context)

        async def begin() -> Began:
            await self._require_free(request, context)  # somebody may have locked it meanwhile
            return Began(at=context.clock.now())

        async def watch(progress: ProviderProgress) -> None:
            await context.show(self._progress(request, progress))

        async def invoke() -> ProviderResult:
            providers = context.backends.providers
            return await providers.invoke(self.command, told, key=context.key, watch=watch)

        began = await context.steps.once("began", begin, Began)
        result = await context.steps.once("invoke", invoke, ProviderResult)
        seconds = (context.clock.now() - began.at).total_seconds()
        return self.end(request, told, result, seconds)

    def end(
        self, request: R, told: Mapping[str, Argument], result: ProviderResult, seconds: float
    ) -> Reply:
        """Return the card of an end, with the outputs that the command promises."""
        verdict = "done" if result.success else "failed"
        data = self._data(told, result, seconds)
        summary = result.summary or verdict
        facts = Facts(facts=self._facts(data))
        blocks: list[Block] = [facts, Text(text=summary)]
        if result.log and not result.success:
            blocks.append(Log(lines=result.log, filename=f"{self.command.replace(' ', '-')}.log"))
        title = self.title(request)
        result_line = f"Result: {verdict} in {seconds:.0f} s"
        return Reply(
            topic=self.topic,
            title=f"{title}: {verdict}",
            tone="ok" if result.success else "bad",
            blocks=tuple(blocks),
            actions=(Action(label="Monitor", url=result.url),) if result.url else (),
            failed=not result.success,
            plain=Plain(headline=title, lines=(result_line, *in_words((*blocks[1:], facts)))),
            data=data,
        )

    def _data(
        self, told: Mapping[str, Argument], result: ProviderResult, seconds: float
    ) -> dict[str, Any]:
        known = {**told, **result.output}
        data: dict[str, Any] = {name: known.get(name) for name in self.yields}
        data |= {"success": result.success, "summary": result.summary, "url": result.url}
        data["duration"] = round(seconds, 1)
        return {**data, "links": {"run": result.url}} if result.url else data

    def _facts(self, data: Mapping[str, Any]) -> tuple[Fact, ...]:
        shown = (
            (name, data[name])
            for name in self.yields
            if isinstance(data[name], _SHOWN_ON_CARDS) and data[name] != ""
        )
        facts = [Fact(label=name.capitalize(), value=str(value)) for name, value in shown]
        return (*facts, Fact(label="Duration", value=f"{data['duration']:g} s"))

    def _progress(self, request: R, progress: ProviderProgress) -> Reply:
        bar = Progress(
            done=progress.done, total=progress.total, note=progress.note, stages=progress.stages
        )
        title = self.title(request)
        return Reply(
            topic=self.topic,
            title=title,
            tone="running",
            blocks=(bar,),
            actions=(Action(label="Monitor", url=progress.url),) if progress.url else (),
            plain=Plain(headline=title, lines=(progress.note,) if progress.note else ()),
            data={"links": {"run": progress.url}} if progress.url else {},
        )

    async def _require_free(self, request: R, context: Context) -> None:
        """Refuse while somebody holds the environment, or /deploy is under way in it."""
        if not self.exclusive:
            return
        environment = arguments_of(self.command, request, context.discovery)["environment"]
        for key in (f"deploy:{environment}", f"deploying:{environment}"):
            lock = await context.backends.locks.holder(key)
            if lock and lock.holder != context.corr:
                who = "a deployment" if lock.reason.startswith("deploys ") else lock.holder
                raise Locked(str(environment), who, lock.reason, lock.since)
