"""A loopback Discord: REST and gateway that real clients speak, and people who type and press."""

from sandbox.discord.emulator import DiscordEmulator
from sandbox.discord.faults import DiscordFaults
from sandbox.discord.guild import Place
from sandbox.discord.interaction import Interaction
from sandbox.discord.options import ClientRefused
from sandbox.discord.state import Message

__all__ = ["ClientRefused", "DiscordEmulator", "DiscordFaults", "Interaction", "Message", "Place"]
