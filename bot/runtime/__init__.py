"""Builds, supervises and stops the process."""
