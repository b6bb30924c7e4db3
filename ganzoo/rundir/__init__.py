"""The run directory on disk: its files, its lock, its record."""
