"""Writes tar shards of small grey pictures."""

import io
import tarfile
from pathlib import Path

from PIL import Image


def picture(grey: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("L", (8, 8), grey).save(file, kind)
    return file.getvalue()


def write(path: Path, *members: tuple[str, bytes] | tarfile.TarInfo, mode: str = "w") -> Path:
    with tarfile.open(path, mode) as tar:
        for member in members:
            if isinstance(member, tarfile.TarInfo):
                tar.addfile(member)
            else:
                info = tarfile.TarInfo(member[0])
                info.size = len(member[1])
                tar.addfile(info, io.BytesIO(member[1]))
    return path


def shard(folder: Path, number: int, count: int = 10) -> Path:
    """Samples whose grey is their number, their class its last digit."""
    members = []
    for grey in range(number * count, (number + 1) * count):
        members += [(f"{grey:04}.png", picture(grey)), (f"{grey:04}.cls", str(grey % 10).encode())]
    return write(folder / f"train-{number:02}.tar", *members)
