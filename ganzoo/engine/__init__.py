"""The engine: backward, step and the move to a device live only here."""
