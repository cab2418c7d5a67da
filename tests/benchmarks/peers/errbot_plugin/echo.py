"""One command that echoes."""

from errbot import BotPlugin, botcmd


class Echo(BotPlugin):
    """Answers."""

    @botcmd
    def approvals(self, message, args):  # noqa: ANN001 - Errbot's signature
        """Answer with what was written."""
        return f"ok {args}"
