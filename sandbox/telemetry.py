"""Loki's and Prometheus' parts of the world: log lines and figures, in their own shapes."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from aiohttp import web

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox.parts import Line, Unit
    from sandbox.world import World

_LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
_FILTER = re.compile(r'\|=\s*(?:"((?:\\.|[^"\\])*)"|`([^`]*)`)')
_LEVELS = re.compile(r'level[a-z_]*\s*=~\s*"([^"]*)"')
MOST_POINTS: Final = 11_000
"""Prometheus' own bound on a range."""
_FIGURE = re.compile(r"(service_[a-z0-9_]+)\{([^}]*)\}")
_SERVICES = re.compile(r'service=~"([a-z0-9.*-]*)"')
_EARLIER = re.compile(r"\boffset (\d{1,6})([smhd])")
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class LokiEmulator:
    """Answers ``query_range`` for selectors by app and environment, line filters and levels."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> web.Application:
        """Return the routes under LOKI_URL."""
        app = web.Application()
        app.router.add_get("/loki/api/v1/query_range", self._query)
        return app

    async def _query(self, request: web.Request) -> web.Response:
        if self._world.faults.loki:
            return web.Response(status=503, text="no healthy ingesters")
        self._world.tick()
        query = request.query
        if "query" not in query or "{" not in query["query"]:
            return web.Response(status=400, text="parse error : syntax error: unexpected end")
        lines = list(self._lines(query["query"], query))
        if query.get("direction", "backward") == "backward":
            lines.reverse()
        lines = lines[: int(query.get("limit", "100"))]
        streams: dict[str, dict[str, Any]] = {}
        for unit, line in lines:
            labels = {"app": unit.deployment, "env": unit.environment, "detected_level": line.level}
            stream = streams.setdefault(line.level, {"stream": labels, "values": []})
            stream["values"].append([str(_nanoseconds(line)), line.text])
        result = {"resultType": "streams", "result": list(streams.values()), "stats": {}}
        return web.json_response({"status": "success", "data": result})

    def _lines(self, expression: str, query: Any) -> Iterator[tuple[Unit, Line]]:
        labels = dict(_LABEL.findall(expression.split("}", maxsplit=1)[0]))
        start, end = (int(float(query[k])) if k in query else None for k in ("start", "end"))
        words = [quoted or plain for quoted, plain in _FILTER.findall(expression)]
        levels = _LEVELS.search(expression)
        wanted = [re.sub(r"\(\?i\)|[()^$]", "", p) for p in levels[1].split("|")] if levels else []
        for unit in self._world.units.values():
            if unit.deployment != labels.get("app"):
                continue
            if labels.get("env", self._world.discovery.default_environment) != unit.environment:
                continue
            for line in unit.lines:
                at = _nanoseconds(line)
                in_time = (start is None or at >= start) and (end is None or at < end)
                fits = all(word.replace('\\"', '"') in line.text for word in words)
                if in_time and fits and (not wanted or line.level in wanted):
                    yield unit, line


def _nanoseconds(line: Line) -> int:
    return int(line.at.timestamp() * 1_000_000) * 1000


class PrometheusEmulator:
    """Answers instant and range queries for the figures of a service."""

    def __init__(self, world: World) -> None:
        self._world = world

    def app(self) -> web.Application:
        """Return the routes under PROMETHEUS_URL."""
        app = web.Application()
        for method in ("GET", "POST"):
            app.router.add_route(method, "/api/v1/query", self._instant)
            app.router.add_route(method, "/api/v1/query_range", self._range)
        return app

    async def _instant(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        at = float(asked.get("time") or self._world.clock.now().timestamp())
        found = self._figure(asked.get("query", ""), at)
        result = [] if found is None else [{"metric": {}, "value": [at, f"{found:.4f}"]}]
        return self._answer("vector", result)

    async def _range(self, request: web.Request) -> web.Response:
        asked = await _asked(request)
        start, end = float(asked["start"]), float(asked["end"])
        step = max(1.0, float(asked.get("step", "60").removesuffix("s")))
        values: list[list[object]] = []
        at = start
        while at <= end and len(values) < MOST_POINTS:
            found = self._figure(asked.get("query", ""), at)
            if found is not None:
                values.append([at, f"{found:.4f}"])
            at += step
        return self._answer("matrix", [{"metric": {}, "values": values}] if values else [])

    def _answer(self, kind: str, result: list[Any]) -> web.Response:
        if self._world.faults.prometheus:
            return web.json_response(
                {"status": "error", "errorType": "unavailable", "error": "storage is down"},
                status=503,
            )
        data = {"resultType": kind, "result": result}
        return web.json_response({"status": "success", "data": data})

    def _figure(self, query: str, at: float) -> float | None:
        """Return one number: of several services the lowest for ``min(…)``, else the highest."""
        named = _FIGURE.search(query)
        if named is None:
            return None
        earlier = _EARLIER.search(query)
        at -= int(earlier[1]) * _SECONDS[earlier[2]] if earlier else 0
        labels = dict(_LABEL.findall(named[2]))
        environment = labels.get("environment", self._world.discovery.default_environment)
        pattern = _SERVICES.search(named[2])
        wanted = re.compile(pattern[1] if pattern else re.escape(labels.get("service", "")))
        found = [
            self._of(unit, named[1], at)
            for unit in self._world.units.values()
            if unit.environment == environment and wanted.fullmatch(unit.name)
        ]
        measured = [value for value in found if value is not None]
        least = query.lstrip().startswith("min")
        return (min if least else max)(measured, default=None)

    def _of(self, unit: Unit, figure: str, at: float) -> float | None:
        cpu, success = self._world.cpu(unit, at), self._world.site.success(unit, at)
        figures = {
            "service_cpu_percent": cpu,
            "service_success_percent": success,
            "service_error_percent": 100 - success,
            "service_latency_p95_ms": 60 + cpu * 0.7,
        }
        return figures.get(figure)


async def _asked(request: web.Request) -> dict[str, str]:
    form = await request.post() if request.method == "POST" else {}
    return {**request.query, **{key: str(value) for key, value in form.items()}}
