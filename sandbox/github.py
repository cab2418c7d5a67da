"""GitHub's part of the world: workflow dispatch, runs, jobs and tags, in its own shapes."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

from sandbox.world import TAGS

if TYPE_CHECKING:
    from datetime import datetime

    from sandbox.parts import Job, Run
    from sandbox.world import World

TOKEN: Final = "sandbox-github-token"  # noqa: S105 - opens nothing but the emulator
WEBHOOK_SECRET: Final = "sandbox-webhook-secret"  # noqa: S105 - the same
_INPUTS: Final = {
    "environment", "tag", "service", "correlation_id",
    "slot", "region", "canary", "percentage", "fast",
}  # fmt: skip
_PAGE: Final = "https://github.com"


class GitHubEmulator:
    """Answers the REST calls of workflow dispatch, run details, jobs and tags."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._repositories = {
            pipeline.repository: pipeline.workflow
            for environment in world.discovery.environments.values()
            if (pipeline := environment.deploy)
        }

    def app(self) -> web.Application:
        """Return the routes under GITHUB_API_URL."""
        app = web.Application(middlewares=[self._guarded])
        base = "/repos/{owner}/{name}"
        app.router.add_get(base, self._about)
        app.router.add_get(base + "/actions/workflows/{workflow}", self._workflow)
        app.router.add_post(base + "/actions/workflows/{workflow}/dispatches", self._dispatch)
        app.router.add_get(base + "/actions/workflows/{workflow}/runs", self._runs)
        app.router.add_get(base + "/actions/runs", self._runs)
        app.router.add_get(base + "/actions/runs/{id}", self._run)
        app.router.add_get(base + "/actions/runs/{id}/jobs", self._jobs)
        app.router.add_get(base + "/tags", self._tags)
        return app

    @web.middleware
    async def _guarded(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if self._world.faults.github:
            return _json({"message": "Server Error"}, 502)
        given = request.headers.get("Authorization", "").split(" ")[-1]
        if given != TOKEN:
            return _json({"message": "Bad credentials"}, 401)
        repository = f"{request.match_info.get('owner')}/{request.match_info.get('name')}"
        if repository not in self._repositories:
            return _json({"message": "Not Found"}, 404)
        self._world.tick()
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _about(self, request: web.Request) -> web.Response:
        rights = {"admin": False, "push": True, "pull": True}
        name = _repository(request)
        return _json({"full_name": name, "default_branch": "main", "permissions": rights})

    async def _workflow(self, request: web.Request) -> web.Response:
        workflow = request.match_info["workflow"]
        if workflow != self._repositories[_repository(request)]:
            return _json({"message": "Not Found"}, 404)
        path = f".github/workflows/{workflow}"
        return _json({"id": 1, "name": workflow, "path": path, "state": "active"})

    async def _dispatch(self, request: web.Request) -> web.Response:
        repository, workflow = _repository(request), request.match_info["workflow"]
        if workflow != self._repositories[repository]:
            return _json({"message": "Not Found"}, 404)
        body = await request.json()
        inputs = body.get("inputs") or {}
        if body.get("ref") != "main":
            return _json({"message": f"No ref found for: {body.get('ref')}"}, 422)
        if unexpected := sorted(set(inputs) - _INPUTS):
            return _json({"message": f"Unexpected inputs provided: {json.dumps(unexpected)}"}, 422)
        run = self._world.start_run(repository, workflow, body["ref"], inputs)
        if not body.get("return_run_details"):
            return web.Response(status=204)
        address = f"{request.url.origin()}{request.path.split('/actions')[0]}/actions/runs/{run.id}"
        return _json({"workflow_run_id": run.id, "run_url": address, "html_url": _page(run)}, 200)

    async def _runs(self, request: web.Request) -> web.Response:
        repository = _repository(request)
        runs = [_run(run) for run in reversed(self._world.runs) if run.repository == repository]
        most = int(request.query.get("per_page", "30"))
        return _json({"total_count": len(runs), "workflow_runs": runs[:most]})

    async def _run(self, request: web.Request) -> web.Response:
        run = self._world.run(int(request.match_info["id"]))
        return _json(_run(run)) if run else _json({"message": "Not Found"}, 404)

    async def _jobs(self, request: web.Request) -> web.Response:
        run = self._world.run(int(request.match_info["id"]))
        if run is None:
            return _json({"message": "Not Found"}, 404)
        jobs = [self._job(run, place, job) for place, job in enumerate(run.jobs)]
        return _json({"total_count": len(jobs), "jobs": jobs})

    async def _tags(self, request: web.Request) -> web.Response:  # noqa: ARG002 - a route
        return _json([{"name": tag, "commit": {"sha": _sha(tag), "url": ""}} for tag in TAGS])

    def _job(self, run: Run, place: int, job: Job) -> dict[str, Any]:
        began = self._world.clock.monotonic()

        def moment(at: float | None) -> str | None:
            if at is None:
                return None
            return _stamp(self._world.clock.now() - timedelta(seconds=began - at))

        done, started = job.ended is not None, job.started is not None
        return {
            "id": run.id * 10 + place,
            "run_id": run.id,
            "name": job.name,
            "status": "completed" if done else "in_progress" if started else "queued",
            "conclusion": ("failure" if job.failed else "success") if done else None,
            "started_at": moment(job.started),
            "completed_at": moment(job.ended),
            "html_url": f"{_page(run)}/job/{run.id * 10 + place}",
        }


def _repository(request: web.Request) -> str:
    return f"{request.match_info['owner']}/{request.match_info['name']}"


def _page(run: Run) -> str:
    return f"{_PAGE}/{run.repository}/actions/runs/{run.id}"


def _run(run: Run) -> dict[str, Any]:
    tag, environment = run.inputs.get("tag", ""), run.inputs.get("environment", "")
    title = f"Deploy {tag} to {environment} {run.inputs.get('correlation_id', '')}".strip()
    return {
        "id": run.id,
        "name": title,
        "display_title": title,
        "path": f".github/workflows/{run.workflow}",
        "event": "workflow_dispatch",
        "status": run.status,
        "conclusion": run.conclusion,
        "head_branch": run.ref,
        "head_sha": _sha(run.ref),
        "run_number": run.id,
        "run_attempt": 1,
        "created_at": _stamp(run.created_at),
        "run_started_at": _stamp(run.created_at),
        "updated_at": _stamp(run.created_at),
        "html_url": _page(run),
    }


def _sha(name: str) -> str:
    return hashlib.sha1(name.encode(), usedforsecurity=False).hexdigest()


def _stamp(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _json(value: Any, status: int = 200) -> web.Response:
    return web.json_response(value, status=status)
