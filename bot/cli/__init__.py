"""The ``tgk`` program."""
