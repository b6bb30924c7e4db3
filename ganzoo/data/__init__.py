"""Data sets, and the cache they are decoded into once."""
