"""Training in several processes."""

from .agreement import Agreement
from .ranks import ManyRanks, Ranks

__all__ = ["Agreement", "ManyRanks", "Ranks"]
