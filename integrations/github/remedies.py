"""What an operator does about a refusal by GitHub."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tgk.errors import Missing, Rejected

if TYPE_CHECKING:
    from tgk.discovery import Pipeline

_STATUS = {
    401: "Renew GITHUB_TOKEN: it is wrong, expired or revoked.",
    403: (
        "Give GITHUB_TOKEN the permission Actions: read and write and Contents: read on the"
        " repository (a classic token: the scopes repo and workflow), and authorise it for the"
        " organisation's single sign-on."
    ),
    409: "Look at the repository's Actions page; it may be archived or have Actions switched off.",
    410: "Actions may be switched off in the repository.",
}


def explained(error: Rejected) -> Rejected:
    """Return the refusal with what to do about the token or the repository."""
    remedy = _STATUS.get(error.status or 0, error.remedy)
    return Rejected(error.system, error.why, status=error.status, remedy=remedy)


def dispatch_refused(error: Rejected, pipeline: Pipeline, correlation_input: str) -> Rejected:
    """Return the refusal of a dispatch with what to mend in the workflow or in discovery.yml."""
    workflow = f"{pipeline.workflow} of {pipeline.repository}"
    remedies = {
        "no ref found": f"There is no branch {pipeline.ref}: mend deploy.ref in discovery.yml.",
        "unexpected inputs": (
            f"Declare the inputs environment, tag, service and {correlation_input} under"
            f" on.workflow_dispatch.inputs in {workflow}, and {_run_name(correlation_input)}."
        ),
        "required input": f"Give that input a default, or remove it from {workflow}.",
        "not in the list of allowed": f"Add the value to the choices of that input in {workflow}.",
        "does not have 'workflow_dispatch'": f"Add on.workflow_dispatch to {workflow}.",
        "disabled workflow": f"Enable {workflow} on the repository's Actions page.",
    }
    said = error.why.lower()
    remedy = next((text for words, text in remedies.items() if words in said), "")
    if not remedy:
        return explained(error)
    return Rejected(error.system, error.why, status=error.status, remedy=remedy)


def unnamed_run(pipeline: Pipeline, correlation_input: str) -> Rejected:
    """Return the error of a run that was started and cannot be told from the others."""
    return Rejected(
        "GitHub",
        f"{pipeline.workflow} was started, but none of its runs carries the name we gave it.",
        remedy=f"In {pipeline.workflow} {_run_name(correlation_input)}."
        f" Look at the Actions page of {pipeline.repository} for this one.",
    )


def invisible(kind: str, name: str) -> Missing:
    """Return the error of what GitHub does not show, which it also says of what it hides."""
    error = Missing(kind, name)
    error.remedy = "Check the name in discovery.yml, and that GITHUB_TOKEN may see the repository."
    return error


def _run_name(correlation_input: str) -> str:
    return "put ${{ inputs." + correlation_input + " }} into its run-name"
