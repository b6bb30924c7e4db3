"""Data sets with one fault each. ``caught_by`` names the check that must see it, and no other may."""

from pathlib import Path

import numpy as np

from ganzoo import Cache, Dataset, PositiveInt


class Sound(Dataset):
    """Random labelled pictures; nothing is wrong with it.

    Args:
        count: number of pictures.
    """

    caught_by = ""
    classes = 4

    def __init__(self, *, count: PositiveInt = 100):
        self.count = count

    def arrays(self, cache: Cache):
        random = np.random.default_rng(0)
        return {
            "sample": random.integers(0, 256, (self.count, 3, 8, 8), dtype=np.uint8),
            "label": random.integers(0, 4, self.count, dtype=np.int64),
        }


class WrongLabels(Sound):
    """Labels from 1."""

    caught_by = "arrays"

    def arrays(self, cache: Cache):
        given = super().arrays(cache)
        return given | {"label": given["label"] + 1}


class Uneven(Sound):
    """One label too few."""

    caught_by = "arrays"

    def arrays(self, cache: Cache):
        given = super().arrays(cache)
        return given | {"label": given["label"][1:]}


class Doubles(Sound):
    """Pictures in double precision."""

    caught_by = "arrays"

    def arrays(self, cache: Cache):
        given = super().arrays(cache)
        return given | {"sample": given["sample"] / 255}


class ChannelsLast(Sound):
    """Pictures (N, H, W, C), as PIL has them."""

    caught_by = "arrays"

    def arrays(self, cache: Cache):
        given = super().arrays(cache)
        return given | {"sample": given["sample"].transpose(0, 2, 3, 1)}


class Unseeded(Sound):
    """Other pictures at every reading."""

    caught_by = "repeatable"

    def arrays(self, cache: Cache):
        given = super().arrays(cache)
        return given | {"sample": np.random.default_rng().permutation(given["sample"])}


class Eager(Sound):
    """Opens a file before it is asked for anything."""

    caught_by = "lazy"

    def __init__(self, *, count: PositiveInt = 100):
        super().__init__(count=count)
        self.text = Path(__file__).read_text()
