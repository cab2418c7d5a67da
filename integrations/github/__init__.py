"""GitHub: the workflows that deploy and the tags they can deploy."""
