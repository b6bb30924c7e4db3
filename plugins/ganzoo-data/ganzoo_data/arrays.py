"""Images in one file of arrays: .npz, .npy, HDF5 or TIFF."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from ganzoo import Dataset, PositiveInt, UserError, did_you_mean
from ganzoo.data import expanded

from .array_file import ArrayFile, ArrayRows
from .derived import Derived
from .files import contents, stamp
from .images import DECODER, Sides, sides
from .levels import Levels, levels_of

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

IMAGES = ("images", "image", "imgs", "x", "data", "samples", "sample", "arr_0")
LABELS = ("labels", "label", "y", "targets", "target", "classes", "ans")
"""What arrays are called, in any case, with the split before or behind them: ``x_train``, ``train_images``."""


class Arrays(Dataset):
    """Images in an array of a file: (N, H, W), (N, H, W, C) or (N, C, H, W), or grey squares flattened, (N, H * H).

    Values are 0 to 255, 0 to 65535, 0 to 1, or -1 to 1; which of them is told from all of them, and said. Images of 16 bits are trained on
    as finely. C is any number; pictures show the first three as red, green and blue, of two the first. Nothing is unpickled.

    Args:
        file: the file, .npz, .npy, HDF5 (.h5, .hdf5), which needs h5py, or TIFF, which needs tifffile.
        images: the name of the array; null: the one that is called so, or the only one of such a shape.
        labels: the name of the array of labels, (N,) or (N, 1) whole numbers or texts, or one-hot rows; auto: one that is called so, if
            any; null: none.
        split: which arrays are taken where their names say it: ``x_train``, ``test_images``.
        size: edge, or [rows, columns], to which images are resized; null: as they are.
        white: the value of white, where black is 0: 4095 of 12 bits; null: it is told from the values.
        flip: mirror images at random in training.
    """

    source = "a file of yours"

    def __init__(
        self,
        *,
        file: str,
        images: str | None = None,
        labels: str | None = "auto",
        split: str = "train",
        size: Sides | None = None,
        white: PositiveInt | None = None,
        flip: bool = False,
    ) -> None:
        self.file, self.images, self.labels, self.split = file, images, labels, split
        self.size, self.white, self.flip = size, white, flip

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, C, H, W) uint8 or uint16, with labels "label": (N,) int64}; sets ``classes``, ``class_names``."""
        path = expanded(self.file)
        if not path.is_file():
            raise UserError(f"there is no file {path.absolute()} ({contents(path.parent)})", "set data.file", key="data.file")
        content = ArrayFile(path)
        name = self._name_of_images(content)
        image = levels_of(content, name, self.white)
        labels, said = self._read_labels(content, image.count)
        size = sides(self.size or (image.height, image.width))
        cache.reporter.say(f"{path.name}: {name} holds {image}; {said}")
        if image.bits == 16:  # the cache keeps bytes
            deep = Derived(ArrayRows(content, name), lambda row, _: image.decode(row, size))
            return {"sample": deep} if labels is None else {"sample": deep, "label": labels}
        cached = cache.images(
            {"dataset": "arrays", "files": stamp(path.parent, [path.name]), "array": name, "levels": str(image), "decoder": DECODER},
            range(image.count),
            lambda index: image.decode(content.row(name, index), size),
            (image.channels, *size),
            name=lambda index: f"{path.name}:{name}[{index}]",
        )
        if labels is None:
            return {"sample": cached.images}
        return {"sample": cached.images, "label": labels[list(cached.kept)]}

    def _name_of_images(self, content: ArrayFile) -> str:
        shapes = content.shapes
        if self.images is not None:
            if self.images not in shapes:
                remedy = did_you_mean(self.images, shapes, noun="it holds")
                raise UserError(f"{content} has no array '{self.images}'", remedy, key="data.images")
            return self.images
        named = _called(shapes, IMAGES, self.split)
        fitting = named or [name for name, shape in shapes.items() if Levels.fits(shape)]
        if len(fitting) != 1:
            what = f"{content} holds {content.described()}" + ("" if fitting else ", none of them images")
            raise UserError(what, "name the array of the images as data.images", key="data.images")
        return fitting[0]

    def _read_labels(self, content: ArrayFile, count: int) -> tuple[np.ndarray | None, str]:
        """(N,) int64, the number of each label's class, None where there are none; and what to say of them."""
        name = next(iter(_called(content.shapes, LABELS, self.split)), None) if self.labels == "auto" else self.labels
        if name is None:
            return None, "without labels"
        if name not in content.shapes:
            raise UserError(f"{content} has no array '{name}'", did_you_mean(name, content.shapes, noun="it holds"), key="data.labels")
        values: Any = content.whole(name)
        one_hot = is_one_hot(values, count)
        if one_hot:
            values = values.argmax(1)
        if values.size != count or max(values.shape, default=1) != count or values.dtype.kind not in "iubUSO":
            what = f"{name} is {values.dtype} {values.shape}, wanted {count} whole numbers or texts, or one-hot rows of them"
            raise UserError(what, "name other labels, or null", key="data.labels")
        texts = [value.decode("utf-8", "replace") if isinstance(value, bytes) else value for value in values.reshape(-1).tolist()]
        distinct = sorted(set(texts))
        self.class_names, self.classes = tuple(str(value) for value in distinct), len(distinct)
        number = {value: i for i, value in enumerate(distinct)}
        said = f"{name} their labels" + ", one-hot: the number of the column with the 1 is taken" * one_hot
        return np.array([number[value] for value in texts], np.int64), said


def is_one_hot(values: np.ndarray, count: int) -> bool:
    """Whether each of so many rows holds one 1 among 0s."""
    if values.ndim != 2 or values.shape[0] != count or values.shape[1] < 2 or values.dtype.kind not in "iubf":
        return False
    return bool(((values == 0) | (values == 1)).all() and ((values == 1).sum(1) == 1).all())


def _called(shapes: Mapping[str, tuple[int, ...]], words: tuple[str, ...], split: str) -> list[str]:
    """The arrays of the first spelling that any is called by: with the split, else without one."""
    lower = {name.lower().rpartition("/")[2]: name for name in shapes}
    for spell in (lambda word: (f"{word}_{split}", f"{split}_{word}"), lambda word: (word,)):
        if found := [lower[each] for word in words for each in spell(word) if each in lower]:
            return found[:1]
    return []
