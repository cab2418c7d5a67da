"""Discord from inside out: replies become messages, and messages reach their channel."""
