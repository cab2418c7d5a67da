"""The Discord door: slash commands, buttons, forms and typed mentions become invocations."""
