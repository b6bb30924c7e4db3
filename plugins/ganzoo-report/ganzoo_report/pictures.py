"""The sample grids of a run as data URLs, thinned out so that the report stays small."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ganzoo.rundir import file_in
from ganzoo.rundir.files import SAMPLES

MOST_PICTURES = 24
"""The timeline has no more pictures than this."""
LARGEST_PNG = 256 * 1024
"""A larger PNG (bytes) is shown as a JPEG; the file itself stays as it is."""


@dataclass(frozen=True)
class Picture:
    """One sample grid: its step, where it lies, its size in pixels, and itself as a ``data:`` URL."""

    step: int
    name: str
    width: int
    height: int
    url: str


def load_pictures(files: Sequence[tuple[int, Path]], most: int = MOST_PICTURES) -> list[Picture]:
    """The pictures of a timeline: the first, the last and evenly spaced ones between; broken files are left out."""
    chosen = [files[i] for i in _spread(len(files), most)]
    return [picture for step, path in chosen if (picture := _load(step, path)) is not None]


def _spread(count: int, most: int) -> list[int]:
    """At most ``most`` of the first ``count`` indices, ends included."""
    if count <= most:
        return list(range(count))
    return [round(i * (count - 1) / (most - 1)) for i in range(most)]


def as_picture(step: int, name: str, data: bytes) -> Picture:
    """The bytes of a PNG as a picture of a page; a large one becomes a JPEG.

    Raises:
        OSError, SyntaxError, ValueError: where Pillow cannot read them.
    """
    from PIL import Image

    kind = "png"
    with Image.open(io.BytesIO(data), formats=["PNG"]) as image:
        image.load()
        width, height = image.size
        if len(data) > LARGEST_PNG:
            buffer = io.BytesIO()
            image.convert("RGB").save(buffer, format="JPEG", quality=90, subsampling=0)
            data, kind = buffer.getvalue(), "jpeg"
    return Picture(step, name, width, height, f"data:image/{kind};base64,{base64.b64encode(data).decode()}")


def _load(step: int, path: Path) -> Picture | None:
    from PIL import Image

    try:
        return as_picture(step, path.name, path.read_bytes())
    # Pillow meets a broken or hostile file with OSError, SyntaxError, ValueError or DecompressionBombError.
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None


def sample_files(directory: Path, steps: set[int] | None = None) -> list[tuple[int, Path]]:
    """The sample grids, by step: those at ``steps``, or all where there are none."""
    found = {}
    for path in (directory / SAMPLES).glob("step-*.png"):
        match = re.fullmatch(r"step-(\d{1,15})\.png", path.name)
        if match and file_in(directory, f"{SAMPLES}/{path.name}") and (not steps or int(match[1]) in steps):
            found[int(match[1])] = path
    return sorted(found.items())
