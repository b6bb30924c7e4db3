"""Data sets, and what those of plugins are made with: the public names are those in ``__all__``."""

from .cache import default_folder, locked
from .decoding import BadImage
from .digits import Digits
from .rows import Rows

__all__ = ["BadImage", "Digits", "Rows", "default_folder", "locked"]
