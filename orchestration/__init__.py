"""The core: what is remembered over restarts, how changes run to their end, how people decide."""
