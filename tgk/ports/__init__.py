"""What the rooms need from outside, as protocols; every one has a fake in ``tgk.testing``."""
