"""Training in several processes."""

from .ranks import ManyRanks, Ranks

__all__ = ["ManyRanks", "Ranks"]
