"""Pictures in the tar shards of WebDataset: the field's format for data past one machine's disk.

Members of one name but for the ending are one sample: ``0001.jpg`` with ``0001.cls`` or ``0001.json``. Nothing is unpacked: no name,
link or device in a shard leads anywhere, and no more is read of a member than a picture may have.
"""

from __future__ import annotations

import glob
import json
import os
import re
import tarfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from ganzoo import Dataset, Fraction, PositiveInt, UserError
from ganzoo.data import BadImage, expanded

from .archives import Shard
from .files import stamp
from .images import DECODER, NOT_READ, SUFFIXES, Sides, decode, sides

if TYPE_CHECKING:
    from ganzoo import Cache
    from ganzoo.data import Rows

ENDINGS, LABELS = ("jpg", "jpeg", "png", "webp"), ("cls", "json")
MAX_IMAGE_BYTES = 1 << 26
"""Longer members are no pictures that one would train on."""
MAX_LABEL_BYTES = 1 << 16


class Member(NamedTuple):
    """Where a picture lies."""

    shard: Path
    name: str
    offset: int
    size: int

    def read(self) -> bytes:
        """Its content. Raises BadImage where it is too long."""
        if self.size > MAX_IMAGE_BYTES:
            raise BadImage(f"a member of {self.size} bytes")
        with self.shard.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


class WebDataset(Dataset):
    """The pictures in tar shards as WebDataset writes them; of several processes each reads its own shards.

    Args:
        shards: the shards: a path, or several; "*" and "{0000..0127}" stand for many.
        size: edge of the images in pixels, or [rows, columns].
        crop: edge in pixels of the centred square that is kept, before resizing; null: the largest.
        channels: 3 (RGB) or 1 (grey). What is transparent lies on white.
        classes: number of classes: each sample's label, 0 to classes - 1, is the number in its ``.cls``, or "label" (or "cls") in its
            ``.json``; null: no labels.
        flip: mirror images at random in training.
        max_bad: fraction of the pictures that may be unreadable; they are left out and named.
    """

    source = "tar shards of yours"

    def __init__(
        self,
        *,
        shards: str | list[str],
        size: Sides = 64,
        crop: PositiveInt | None = None,
        channels: Literal[1, 3] = 3,
        classes: PositiveInt | None = None,
        flip: bool = False,
        max_bad: Fraction = 0.01,
    ) -> None:
        self.shards, self.size, self.crop, self.channels = shards, size, crop, channels
        self.classes, self.flip, self.max_bad = classes or 0, flip, max_bad

    def arrays(self, cache: Cache) -> Mapping[str, Rows]:
        """{"sample": (N, channels, H, W) uint8, with classes "label": (N,) int64} of this process's shards; sets ``apart``."""
        rank, ranks = int(os.environ.get("RANK", "0")), int(os.environ.get("WORLD_SIZE", "1"))
        self.apart = ranks > 1
        paths = find_shards([self.shards] if isinstance(self.shards, str) else self.shards)
        if len(paths) < ranks:
            remedy = "start at most as many processes as there are shards, or write smaller ones"
            raise UserError(f"{len(paths)} shards for {ranks} processes", remedy, key="data.shards")
        mine = paths[rank::ranks]
        others: Counter[str] = Counter()
        samples = [sample for path in mine for sample in read_index(path, self.classes, others)]
        unread = ", ".join(f".{ending}" for ending in LABELS if others.pop(ending, 0))
        counted = ", ".join(f"{count} .{ending}" for ending, count in sorted(others.items()))
        if not samples:
            found = f" but {counted}" if others else ""
            raise UserError(f"no pictures in {mine[0]}{found}", f"its members should be named like 0001.{ENDINGS[0]}", key="data.shards")
        if others:
            cache.reporter.warn(f"{mine[0].parent}: passed over {counted}, which are not read here")
        if unread:
            cache.reporter.say(f"{mine[0].parent}: set data.classes to have the labels in its {unread}")
        cached = cache.images(
            {"dataset": "webdataset", "files": stamp(Path("/"), map(str, mine)), "crop": self.crop, "decoder": DECODER},
            [member for member, _ in samples],
            lambda member: decode(member.read(), size=self.size, crop=self.crop, channels=self.channels),
            (self.channels, *sides(self.size)),
            name=lambda member: f"{member.shard.name}/{member.name}",
            max_bad=self.max_bad,
        )
        if not self.classes:
            return {"sample": cached.images}
        return {"sample": cached.images, "label": np.array([samples[i][1] for i in cached.kept], np.int64)}


def find_shards(patterns: Sequence[str]) -> list[Path]:
    """The files that the patterns mean, each once, sorted.

    Raises:
        UserError: where a pattern means none.
    """
    found: set[Path] = set()
    for pattern in (plain for given in patterns for plain in _expand(str(expanded(given)))):
        literal = Path(pattern)  # "[1]" in a name comes before what it means as a pattern
        matching = [literal] if literal.is_file() else map(Path, glob.glob(pattern, recursive=True))  # noqa: PTH207
        paths = {path.resolve() for path in matching if path.is_file()}
        if not paths:
            raise UserError(f"there is no file {Path(pattern).absolute()}", "set data.shards to your .tar files", key="data.shards")
        found |= paths
    return sorted(found)


def _expand(pattern: str) -> Iterator[str]:
    """``a-{00..02}.tar`` as ``a-00.tar``, ``a-01.tar``, ``a-02.tar``."""
    match = re.search(r"\{(\d{1,9})\.\.(\d{1,9})\}", pattern)
    if match is None:
        yield pattern
        return
    first, last = match.groups()
    if int(last) - int(first) >= 1_000_000:
        raise UserError(f"'{pattern}' names more than a million shards", "write a smaller range", key="data.shards")
    for number in range(int(first), int(last) + 1):
        yield from _expand(f"{pattern[: match.start()]}{number:0{len(first)}}{pattern[match.end() :]}")


def read_index(path: Path, classes: int, others: Counter[str]) -> list[tuple[Member, int]]:
    """Each picture of a shard with its label, 0 where there are no classes; by the order in the shard.

    What else may be a picture is counted in ``others``, by its ending; and that there are labels which are not asked for.

    Raises:
        UserError: where the shard is not an uncompressed tar, is damaged, holds a sample twice, or lacks a label or the picture of one.
    """
    images: dict[str, Member] = {}
    labels: dict[str, int] = {}
    passed_over: set[str] = set()
    try:
        with Shard(path) as file, tarfile.open(fileobj=file, mode="r:") as tar:
            for member in tar:
                stem, _, ending = member.name.rpartition("/")[2].partition(".")
                key, ending = f"{member.name.rpartition('/')[0]}/{stem}", ending.lower()
                if not member.isreg() or member.issparse():
                    continue
                if ending in ENDINGS:
                    if key in images:
                        raise UserError(f"{path} holds the sample {member.name} twice", "write it again", key="data.shards")
                    images[key] = Member(path, member.name, member.offset_data, member.size)
                elif ending in LABELS and member.size <= MAX_LABEL_BYTES and (classes or not others[ending]):
                    found = _label(os.pread(file.fileno(), member.size, member.offset_data), ending)
                    if not classes:
                        others[ending] += found is not None
                    elif found is not None and 0 <= found < classes and labels.setdefault(key, found) != found:
                        what = f"{path} gives {key.removeprefix('/')} two labels: {labels[key]} and {found}"
                        raise UserError(what, "write it again", key="data.shards")
                elif f".{ending}".endswith((*SUFFIXES, *NOT_READ)):
                    others[ending] += 1
                    passed_over.add(key)
            if os.pread(file.fileno(), 512, tar.offset) != bytes(512):  # tarfile takes a damaged header, or none, for the end
                raise tarfile.ReadError(f"damaged, or cut short, at byte {tar.offset}")
    except (OSError, EOFError, tarfile.TarError, ValueError) as error:
        remedy = "write it again, as a .tar that is not compressed"
        raise UserError(f"{path} cannot be read: {error}", remedy, key="data.shards") from error
    unlabelled = [image.name for key, image in images.items() if classes and key not in labels]
    if unlabelled:
        wanted = f"a .cls or .json with its label, 0 to {classes - 1}"
        raise UserError(f"{path}: {unlabelled[0]} has no {wanted.removeprefix('a ')}", "write it again", key="data.classes")
    if alone := [key for key in labels if key not in images and key not in passed_over]:
        what = f"{path} has labels of {len(alone)} samples without a picture: {alone[0].removeprefix('/')}, ..."
        raise UserError(what, "write it again", key="data.shards")
    return [(image, labels.get(key, 0)) for key, image in images.items()]


def _label(content: bytes, ending: str) -> int | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    if ending == "json" and isinstance(value, dict):
        value = value.get("label", value.get("cls"))
    return value if isinstance(value, int) and not isinstance(value, bool) else None
