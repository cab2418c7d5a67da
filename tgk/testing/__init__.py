"""Fakes that keep every promise of their ports, for tests here and in your own commands."""
