"""The process and its doors."""
