"""``/test``: suites of tests against what runs."""

from __future__ import annotations

from pydantic import Field

from commands.ops.trade import Trade
from tgk.command import command
from tgk.context import Context
from tgk.options import PlaceName, Request, Token
from tgk.reply import Reply


class RunTests(Request):
    """Run a suite of tests against an environment."""

    suite: Token = Field(description="which, such as smoke or integration")
    environment: PlaceName | None = Field(
        default=None, description="against which: an environment, or a slot such as green"
    )


TEST: Trade[RunTests] = Trade(
    command="test run",
    topic="build",
    title=lambda r: f"Test {r.suite}" + (f" on {r.environment}" if r.environment else ""),
    yields=("suite", "passed", "failed", "total", "environment", "slot"),
)


@command("test run", permission="test", effect="change", **TEST.declared)
async def run(request: RunTests, context: Context) -> Reply:
    """Hand the suite to its provider; tests that fail are a failure."""
    return await TEST.carry_out(request, context)
