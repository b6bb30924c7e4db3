"""Samples of a trained generator, and the files that hold them."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ganzoo.errors import UserError
from ganzoo.fields import DataSpec
from ganzoo.files import check_ending, write_atomically
from ganzoo.ui.pictures import beside, class_name, columns_of, image_grid, one_picture, row_names, save_png
from ganzoo.ui.scatter import scatter

if TYPE_CHECKING:
    from PIL import Image


@dataclass(frozen=True)
class Samples:
    """Samples in the data's own units.

    Args:
        sample: uint8 (N, C, H, W), or float32 (N, 2).
        label: int64 (N,) where the generator is conditional, else None.
        data: what they were modelled on.
        class_names: of all K classes, where they have names.
        conditions: what they were made of besides noise: field -> (N, ...), pictures as uint8 (N, C, H, W), masks float.
        target: the data's own samples for these conditions, where they are paired, as ``sample``.
    """

    sample: np.ndarray
    label: np.ndarray | None
    data: DataSpec
    class_names: tuple[str, ...] = ()
    conditions: Mapping[str, np.ndarray] = field(default_factory=dict)
    target: np.ndarray | None = None

    def save_npz(self, path: Path) -> Path:
        """Write the arrays ``sample``, ``conditions`` and, where there is one, ``label``."""
        arrays = {**self.conditions, "sample": self.sample} | ({"label": self.label} if self.label is not None else {})
        return save_arrays(path, arrays)

    def save_png(self, path: Path) -> Path:
        """Write ``picture``."""
        save_png(self.picture(), path)
        return path

    def save_each(self, folder: Path) -> list[Path]:
        """Write a PNG for each image: ``00000.png``, with the class behind it where there are classes.

        Raises:
            UserError: where the samples are no images.
        """
        if not self.data.is_image:
            raise UserError("the samples are no images", "use --npz", key="--out")
        written = []
        for i, image in enumerate(self.sample):
            name = f"-{re.sub(r'[^0-9A-Za-z_.-]', '_', class_name(self.class_names, int(self.label[i])))}" if self.label is not None else ""
            written.append(folder / f"{i:05d}{name}.png")
            save_png(one_picture(image), written[-1])
        return written

    def picture(self, real: np.ndarray | None = None) -> Image.Image:
        """A grid of the images, a row a class with its name where that comes out even, or a scatter of the points.

        Args:
            real: points of the data (M, 2), which lie under the made ones and set the axes; None: the made ones set them.
        """
        if not self.data.is_image:
            return scatter(self.sample, real)
        if self.conditions and (sources := [value for value in self.conditions.values() if value.ndim == 4]):
            side_by_side, columns = beside([*sources, self.sample, *([] if self.target is None else [self.target])])
            return image_grid(side_by_side, columns)
        has_classes = self.label is not None and len(np.unique(self.label)) > 1
        columns = columns_of(self.data, has_classes, len(self.sample))
        return image_grid(self.sample, columns, row_names=row_names(self.class_names, self.label, columns))


def save_arrays(path: Path, arrays: Mapping[str, np.ndarray]) -> Path:
    """Write an npz at once or not at all."""
    check_ending(path, ".npz")
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    write_atomically(path, buffer.getvalue())
    return path
