"""Data sets, and what those of plugins are made with: the public names are those in ``__all__``."""

from ganzoo.files import expanded

from .cache import BadImage, CachedImages, default_folder
from .digits import Digits
from .rows import Rows

__all__ = ["BadImage", "CachedImages", "Digits", "Rows", "default_folder", "expanded"]
