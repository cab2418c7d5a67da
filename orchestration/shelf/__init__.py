"""The shelf: playbooks as files of the operator, drafts included, read again when they change."""
