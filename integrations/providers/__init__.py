"""The bodies of Providers: one file for each kind that discovery.yml can name."""
