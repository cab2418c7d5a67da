"""What an operator can ask: one file per command, no SDK, no surface, no I/O of its own."""
