"""Telegram as a place to post: HTTP layer, renderer and courier. No update is read here."""
