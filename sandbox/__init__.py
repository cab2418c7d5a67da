"""The simulated world: loopback emulators of everything the bot talks to, and the page to play."""
