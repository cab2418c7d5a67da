"""The operations service of the world: traffic, sites, tests, backups, health, scans, a webhook."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from aiohttp import web

from sandbox.site import SITES

if TYPE_CHECKING:
    from sandbox.world import World

TOKEN: Final = "sandbox-operations-token"  # noqa: S105 - opens nothing but the emulator
JOB_SECONDS: Final = 1.5
"""How long a suite of tests and a scan take."""
_PAGE: Final = "https://operations.example"
_KEPT: Final = 200
Told: TypeAlias = tuple[int, Any]
"""Status and body."""
Act: TypeAlias = Callable[[web.Request], Awaitable[Told]]


@dataclass(slots=True)
class Backup:
    """A copy of an environment's data."""

    id: str
    name: str
    environment: str
    at: str
    size: str
    records: int


@dataclass(slots=True)
class Job:
    """Something that takes a while; ``result`` is told once it is over."""

    id: str
    kind: str
    began: float
    asked: dict[str, str]
    result: dict[str, Any] = field(default_factory=dict)


class OperationsEmulator:
    """Answers what http providers ask, once for each Idempotency-Key."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.backups: list[Backup] = []
        self.restored: list[tuple[str, str]] = []
        """Backup and target, in order."""
        self.jobs: list[Job] = []
        self.messages: list[str] = []
        """What came through the webhook."""
        self._answered: dict[str, Told] = {}

    def app(self) -> web.Application:
        """Return the routes under OPERATIONS_URL, and the webhook's."""
        app = web.Application()
        for method, path, act in (
            ("POST", "/traffic", self._traffic),
            ("POST", "/failover", self._failover),
            ("POST", "/decommission", self._decommission),
            ("GET", "/health", self._health),
            ("POST", "/jobs/{kind}", self._start),
            ("GET", "/jobs/{id}", self._job),
            ("GET", "/backups", self._list),
            ("POST", "/backups", self._back_up),
            ("POST", "/backups/{name}/restore", self._restore),
            ("POST", "/hooks/{secret}", self._hook),
        ):
            app.router.add_route(method, path, self._route(act))
        return app

    def _route(self, act: Act) -> Callable[[web.Request], Awaitable[web.Response]]:
        async def answered(request: web.Request) -> web.Response:
            status, body = self._refusal(request) or await self._once(request, act)
            return web.json_response(body, status=status)

        return answered

    def _refusal(self, request: web.Request) -> Told | None:
        if self._world.faults.operations:
            return 503, {"error": "operations is down"}
        hook = "/hooks/" in request.path
        if not hook and request.headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": "bad token"}
        return None

    async def _once(self, request: web.Request, act: Act) -> Told:
        """Act, or repeat what was answered to the same key."""
        self._world.tick()
        key = request.headers.get("Idempotency-Key", "") if request.method == "POST" else ""
        if key and key in self._answered:
            return self._answered[key]
        try:
            told = await act(request)
        except KeyError as error:
            told = 422, {"error": f"{error.args[0]} is unknown or missing"}
        if request.method == "POST":
            resource = request.match_info.route.resource
            self._world.effects.append(f"asked {resource and resource.canonical}: {told[0]}")
        if key:
            self._answered[key] = told
            while len(self._answered) > _KEPT:
                del self._answered[next(iter(self._answered))]
        return told

    async def _traffic(self, request: web.Request) -> Told:
        asked = await request.json()
        environment, before, slot = asked["environment"], asked["from"], asked["to"]
        site = self._world.site
        if (environment, slot) in site.removed:
            return 409, {"error": f"{slot} was taken down"}
        if site.serving[environment] not in (before, slot):
            return 409, {"error": f"{site.serving[environment]} serves, not {before}"}
        if site.serving[environment] != slot:
            site.switch(environment, slot)
        how = "in steps of 25 %" if asked.get("gradual") else "at once"
        return 200, {"serving": slot, "share": 100, "summary": f"{slot} serves now, {how}."}

    async def _failover(self, request: web.Request) -> Told:
        asked = await request.json()
        environment, site = asked["environment"], asked["to"]
        if site not in SITES:
            return 422, {"error": f"there is no site {site}; known: {', '.join(SITES)}"}
        before = self._world.site.at[environment]
        self._world.site.at[environment] = site
        return 200, {"before": before, "summary": f"{site} serves {environment} now."}

    async def _decommission(self, request: web.Request) -> Told:
        asked = await request.json()
        environment, slot = asked["environment"], asked.get("slot", "")
        if self._world.site.is_serving(environment, slot):
            return 409, {"error": f"{slot or environment} serves; switch traffic away first"}
        gone = self._world.site.remove(environment, slot)
        return 200, {"removed": gone, "summary": f"{slot} was taken down."}

    async def _health(self, request: web.Request) -> Told:
        query = request.query
        checks = self._world.site.health(
            query["environment"],
            query.get("slot", ""),
            query.get("component", ""),
            comprehensive=query.get("comprehensive") == "true",
        )
        ill = [check for check in checks if not check.ok]
        words = ", ".join(f"{check.name}: {check.note}" for check in ill)
        return 200, {
            "healthy": not ill,
            "status": "degraded" if ill else "healthy",
            "checks": [asdict(check) for check in checks],
            "summary": words + "." if ill else _well(len(checks)),
        }

    async def _start(self, request: web.Request) -> Told:
        kind, asked = request.match_info["kind"], await request.json()
        if kind not in ("tests", "scans"):
            return 404, {"error": f"there are no {kind}"}
        _ = self._world.discovery.environments[asked["environment"]]
        job = Job(f"job-{len(self.jobs) + 1}", kind, self._world.clock.monotonic(), asked)
        self.jobs.append(job)
        return 202, self._shown(job, request)

    async def _job(self, request: web.Request) -> Told:
        wanted = request.match_info["id"]
        found = next((job for job in self.jobs if job.id == wanted), None)
        if found is None:
            return 404, {"error": "there is no such job"}
        return 200, self._shown(found, request)

    def told(self, job: Job) -> dict[str, Any]:
        """Return what a job was asked for, and how it ended or that it runs."""
        if self._world.clock.monotonic() - job.began >= JOB_SECONDS / self._world.pace:
            job.result = job.result or self._result(job)
        return {"id": job.id, "kind": job.kind, **job.asked, "status": "running", **job.result}

    def _shown(self, job: Job, request: web.Request) -> dict[str, Any]:
        here = request.path.partition("/jobs/")[0]
        links = {"self": f"{here}/jobs/{job.id}", "page": f"{_PAGE}/jobs/{job.id}"}
        return {**self.told(job), "links": links}

    def _result(self, job: Job) -> dict[str, Any]:
        site, environment = self._world.site, job.asked["environment"]
        if job.kind == "tests":
            suite, slot = job.asked["suite"], job.asked.get("slot", "")
            found = site.tests(environment, slot, suite)
            good = not found["failed"]
            words = f"{found['passed']} of {found['total']} tests of {suite} passed."
        else:
            found = site.findings(environment, job.asked.get("component", ""))
            good = not found["critical"]
            words = f"{found['findings']} findings, {found['critical']} of them critical."
        status = "passed" if good else "failed"
        return {**found, "status": status, "good": good, "summary": words}

    async def _list(self, request: web.Request) -> Told:
        kept = self.kept(request.query["environment"])
        newest = kept[0].name if kept else ""
        words = f"{len(kept)} backups."
        found = [asdict(each) for each in kept]
        return 200, {"backups": found, "latest": newest, "summary": words}

    async def _back_up(self, request: web.Request) -> Told:
        asked = await request.json()
        name, environment = asked["name"], asked["environment"]
        if any(each.name == name for each in self.kept(environment)):
            return 409, {"error": f"there is a backup {name} of {environment} already"}
        if self._world.faults.backups:
            return 409, {"error": "there is no room for another backup"}
        now, number = self._world.clock.now(), len(self.backups) + 1
        records = self._world.site.records(environment)
        made = Backup(
            f"bk-{number:04}", name, environment, f"{now:%Y-%m-%d %H:%M} UTC",
            f"{records / 40_000:.1f} GB", records,
        )  # fmt: skip
        self.backups.append(made)
        words = f"{made.size}, {records} records, kept as {made.id}."
        return 201, {**asdict(made), "summary": words}

    async def _restore(self, request: web.Request) -> Told:
        asked, name = await request.json(), request.match_info["name"]
        kept = self.kept(asked["environment"])
        found = [each for each in kept if name in ("latest", each.name, each.id)]
        if not found:
            known = ", ".join(each.name for each in kept) or "none"
            return 422, {"error": f"there is no backup {name}; there are: {known}"}
        target = asked.get("target") or asked["environment"]
        if target not in (*SITES, *self._world.discovery.environments):
            return 422, {"error": f"there is no place {target}"}
        before = self._world.site.records(target)
        self._world.site.set_records(target, found[0].records)
        self.restored.append((found[0].id, target))
        words = f"{target} holds {found[0].records} records of {found[0].name}; before {before}."
        return 200, {**asdict(found[0]), "target": target, "summary": words}

    def kept(self, environment: str) -> list[Backup]:
        """Return the backups of an environment, the newest first."""
        _ = self._world.discovery.environments[environment]
        return [each for each in reversed(self.backups) if each.environment == environment]

    async def _hook(self, request: web.Request) -> Told:
        self.messages = [*self.messages[-_KEPT:], str((await request.json())["text"])]
        return 200, {"ok": True}


def _well(checks: int) -> str:
    return "1 check is well." if checks == 1 else f"{checks} checks are well."
