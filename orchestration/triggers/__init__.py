"""What starts playbooks from outside: events of documented types, and webhooks. No I/O."""
