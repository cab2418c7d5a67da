"""The playbook language: read, checked, explained and evaluated without doing anything."""
