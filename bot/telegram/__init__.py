"""The Telegram surface: updates in, invocations out; answers stand on the board."""
