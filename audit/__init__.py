"""The audit log: who asked for what and how it ended, durable, redacted and provable."""
