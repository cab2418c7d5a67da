"""The vocabulary every room shares: commands, callers, replies, errors and ports. No I/O."""

__version__ = "0.1.0"
