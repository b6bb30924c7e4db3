"""The user interface: progress, tables, pictures."""
