"""A data set: named arrays, decoded once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar

from .cache import Cache
from .rows import Rows

if TYPE_CHECKING:
    import numpy as np

__all__ = ["Cache", "Dataset", "Rows"]


class Dataset(ABC):
    """Named arrays of N samples each.

    A subclass's constructor takes keyword-only parameters only: they are its YAML keys. It opens no file; ``arrays`` does.
    """

    source: ClassVar[str] = ""
    """Where the data comes from and its licence."""
    classes: int = 0
    """Number of classes K, where "label" is given; may be set in ``arrays``."""
    class_names: tuple[str, ...] = ()
    """What the K classes are called, in the order of "label"; () where they have no names. May be set in ``arrays``."""
    scale: float = 1.0
    """One unit of a trained "sample" in the data's own units: training sees ``sample / scale``. Images: 1."""
    flip: bool = False
    """Whether training mirrors images at random, left to right, and with them every field of rows and columns."""
    centres: np.ndarray | None = None
    """(M, 2) where the data is a mixture of equally likely Gaussians: one row a mode, in the data's own units. None elsewhere."""
    sd: float = 0.0
    """Standard deviation of each of these modes, in each coordinate."""
    class_maps: tuple[str, ...] = ()
    """Fields of uint8 whose values are numbers of classes, a segmentation for instance: training sees them as int64. Every other
    field of uint8 or uint16 holds images, and is scaled to [-1, 1]. May be set in ``arrays``."""
    independent: frozenset[str] = frozenset()
    """Fields that are not paired with "sample" (a second domain): each has its own length and order. May be set in ``arrays``."""
    window: int | tuple[int, int] | None = None
    """Edge, or rows and columns, of the window that training takes of each picture, at random and the same of all its fields; None:
    pictures are whole. What is looked at or measured is the window in the middle."""

    apart: bool = False
    """Whether each process of a run gets samples of its own from ``arrays``, not all of them. May be set there."""

    def inputs_of(self, picture: np.ndarray) -> Mapping[str, np.ndarray]:
        """What a generator is given of a user's own picture, where that is not the picture itself (a hole cut into it).

        Args:
            picture: uint8 (C, H, W), of the size of "sample".

        Returns:
            Field -> what ``arrays`` would give of it, without N; {}: the picture is the field that the generator reads.
        """
        return {}

    @abstractmethod
    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """Field name -> (N, ...): uint8 or uint16 images (N, C, H, W), float32 as they are, int64 labels (N,).

        Each is an ndarray, memmaps welcome, or what else gives rows by their numbers, as ``cache.images(...).images`` does.

        Args:
            cache: where decoded images are kept; ``cache.images(...)`` decodes what is missing.

        Raises:
            UserError: where the data is missing or broken, saying what was looked for and what to do.
        """
