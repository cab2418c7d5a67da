"""Runs of playbooks, played step by step and remembered over any kill of the process."""
