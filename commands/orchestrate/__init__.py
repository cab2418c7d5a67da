"""``/orchestrate``: playbooks and their runs, one file per verb."""
