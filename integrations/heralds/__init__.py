"""Who else hears of a run: Slack, Jira and Datadog."""
