"""Layers for the networks of other plugins; it gives no components of its own. It imports no torch: import from its modules."""

GANZOO_API = 1
