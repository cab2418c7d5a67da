"""What an editor shows beside a key: one sentence for each, by the mapping that it stands in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

TOP: Mapping[str, str] = {
    "name": "What the playbook is called, by people and by `playbook: NAME`",
    "description": "What it does, in one line",
    "version": "Of the playbook itself; in quotes, for YAML reads 1.10 as 1.1",
    "category": "Where the library lists it, such as deployment, maintenance, security, recovery",
    "parameters": "What a run is given",
    "variables": "Constants, for `${name}`",
    "secrets": "Where secrets are kept; they are fetched where they are used",
    "steps": "What is done, from top to bottom",
    "finally": "Steps that run in every ending of a run that has begun",
    "outputs": "What a playbook that runs this one can read",
    "triggers": "What starts runs by itself: schedules, events, webhooks",
    "integrations": "Who else hears of a run; they can never fail one",
    "locks": 'Names that only one run has at a time, such as ["env:${environment}"]; others wait',
    "timeout": "For the whole run; pauses and waiting for people do not count",
    "transaction": "All or nothing: a failure runs the `undo` of what was done, the last first",
    "priority": "Of runs that wait for a slot the smaller number goes first; 10 as usual",
    "idempotency_key": "One run for each of its values, whoever asks",
}
_COMMON: Mapping[str, str] = {
    "name": "What expressions call the step: letters, digits, - and _",
    "type": "A kind of step, or a free label of a command",
    "description": "What it is for, in one line",
    "condition": "Run it only if this holds; otherwise it is skipped",
    "retry": "How many more tries after the first",
    "timeout": "For one attempt; of an approval or a wait, how long it waits",
    "total_timeout": "Over all attempts",
    "continue_on_error": "The run goes on if the step fails; its own status stays failed",
    "recover": "Whether `on_failure` heals the run; the step's own status stays failed",
    "on_failure": "Steps that run if it failed; they may read `error`",
    "on_success": "Steps that run if it succeeded",
    "undo": "Steps that take it back if a `transaction` fails later",
    "undo_failed": "Whether `undo` also runs when the step itself failed after it was begun",
    "locks": "Names that only one run has at a time, while this step runs",
}
STEP: Mapping[str, str] = {
    **_COMMON,
    "command": "One command, as it would be typed",
    "run": "The command as a mapping",
    "branches": "Lists of steps that run at once",
    "fail_fast": 'What a failure does to those beside it: cancel, drain (begin no more) or "off"',
    "max_parallel": "So many at once at most; of a loop one after another unless it says more",
    "then": "Steps that run if the condition holds",
    "else": "Steps that run if it does not",
    "foreach": "The loop in short form: items, as and steps; or the items alone",
    "items": "A list, or ${…} that is one; the steps run for each item",
    "as": "What the item is called in the steps, such as region",
    "steps": "What is done, from top to bottom",
    "approval": "Waits for people; what they are asked, or a mapping",
    "prompt": "What people are asked",
    "approvers": "People or roles; the council if there are none",
    "count": "How many different people have to say yes",
    "exclude_requester": "Whether whoever started the run has no vote; true as usual",
    "expires": "How long people have; 30m as usual",
    "on_timeout": "What it means if nobody answers: fail, approve or skip",
    "wait": "Waits; how long, or a mapping",
    "for": "How long to wait",
    "until": "Wait until this holds",
    "every": "How often `until` is asked; 10s as usual",
    "limit": "How long to wait for `until` at most",
    "playbook": "The playbook that runs inside of this run",
    "parameters": "What that playbook is given, by name",
    "set": "Values to compute, by name; they are the step's output",
    "values": "Values to compute, by name; they are the step's output",
    "assert": "Fails unless this holds; a condition, or a mapping",
    "test": "What has to hold",
    "message": "What is told if it does not",
    "http": "Calls an allowed host; its address, or a mapping",
    "method": "GET as usual",
    "url": "The address, on a host that an operator allowed",
    "headers": "Sent along, by name; secrets may stand here",
    "body": "Sent along; secrets may stand here",
    "expect": "Which statuses count as success; 200 to 299 as usual",
    "idempotency_key": "Told to the other side, which does it once for each key",
    "shell": "Runs an allowed program: [program, argument, …], or a mapping",
    "program": "The program, written out",
    "arguments": "What it is given, each one value whatever stands in it",
}
RUN: Mapping[str, str] = {
    "command": "The name of the command, such as infra.deploy",
    "with": "Its options by name; true and false are flags",
}
RETRY: Mapping[str, str] = {
    "max": "How many more tries after the first",
    "delay": "The pause before the second try; 1s as usual",
    "backoff": "Each further pause is so many times as long; 2 as usual, 1 keeps it the same",
    "max_delay": "The longest pause; 1m as usual",
    "jitter": "Whether pauses vary at random; true as usual",
    "max_elapsed": "No more tries after so long",
    "when": "Try again only if this holds; it may read `error` and `output`",
}
BRANCH: Mapping[str, str] = {
    "name": "What the branch is called",
    "steps": "What it does, from top to bottom, beside the other branches",
}
PARAMETER: Mapping[str, str] = {
    "name": "What it is called, at a start and in `${name}`",
    "type": "What it takes; environment, component, service and user must name what there is",
    "description": "What it means, for whoever is asked for it",
    "required": "Whether every run must give it",
    "default": "Used when nothing is given",
    "enum": "The only values that it takes",
    "choices": "The only values that it takes",
    "pattern": "What the whole text must fit: a regular expression",
    "min": "The smallest number, or the fewest characters",
    "max": "The largest number, or the most characters",
}
SECRET: Mapping[str, str] = {
    "name": "What it is called in `${name}`",
    "source": "Where it is kept: in the environment of the bot, or in Vault",
    "variable": "The variable of the environment; called like the secret if it is left out",
    "path": "The path in Vault",
    "key": "Which entry at that path",
}
TRIGGER: Mapping[str, str] = {
    "type": "What starts a run: a schedule, an event or a webhook",
    "parameters": "What such a run is given, by name; of an event also `${event.data…}`",
    "cron": "When: minute hour day month weekday",
    "timezone": "Of the schedule, such as Europe/Berlin; UTC as usual",
    "source": "Who reports the event, such as monitoring",
    "event": "Which event, such as critical-alert",
    "condition": "Only an event for which this holds starts a run",
    "url": "Where senders reach the webhook, for people who read this",
}
INTEGRATION: Mapping[str, str] = {
    "type": "Who is told: slack, jira or datadog",
    "events": "Of what: start, failure, success; of all three if it is left out",
    "webhook": "The address of Slack's webhook; a secret",
    "channel": "Which channel, if not the webhook's own",
    "mention": "Who is called when a run failed: here, channel, or ids of users and groups",
    "url": "Where Jira is",
    "project": "The key of the project in Jira",
    "user": "Who asks Jira",
    "token": "With which token; a secret",
    "issue_type": "Of the issues that are made, such as Incident",
    "labels": "Of the issues that are made",
    "create_issue_on_failure": "Whether a run that failed makes an issue",
    "api_key": "Of Datadog; a secret",
    "site": "Of Datadog, such as datadoghq.eu",
    "track_metrics": "Whether durations are sent as metrics",
    "tags": "Added to what is sent",
}


def told(properties: Mapping[str, Any], words: Mapping[str, str]) -> dict[str, Any]:
    """Return the properties with what is said of each; how it is written stays behind it."""
    return {
        key: {**value, "description": _both(words[key], value.get("description", ""))}
        for key, value in properties.items()
    }


def _both(words: str, form: str) -> str:
    return f"{words} ({form})" if form and form not in words else words
