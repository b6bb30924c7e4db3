"""Reads IDX files, the format of MNIST: a big-endian header, then the bytes of one array.

Header: two zero bytes, the element type (0x08: unsigned byte), the number of dimensions D, then D sizes of four bytes each.
"""

from __future__ import annotations

import gzip
import io
import math
import struct
import zlib
from pathlib import Path
from typing import IO, cast

import numpy as np

from ganzoo import UserError

from .archives import BadArchive
from .tree import File

UNSIGNED_BYTE, INT = 0x08, 0x0C
GZIP, ZIP = b"\x1f\x8b", b"PK\3\4"
MAX_HEADER_BYTES = 1 << 10
MAX_BYTES = 1 << 30
"""No array beyond 1 GiB: MNIST's largest has 47 MB, EMNIST's 547 MB."""


def read(path: Path | File, dimensions: int) -> np.ndarray:
    """The array in an IDX file of unsigned bytes, plain or compressed with gzip; of QMNIST's labels, (N, 8) int32, the classes.

    Args:
        path: the file. Compression is told from its content; a .npz of one array is read too.
        dimensions: how many the array must have: 3 for images (N, H, W), 1 for labels (N,).

    Returns:
        A read-only array, uint8 but for such labels.

    Raises:
        UserError: where the file is missing, truncated, too long, damaged or another kind of file.
    """
    try:
        file = path if isinstance(path, File) else File(path.parent, path.name)
        content = file.read(MAX_BYTES + MAX_HEADER_BYTES)
        if content.startswith(ZIP):
            return _read_npz(content, dimensions)
        if not content.startswith(GZIP):
            return _read_array(io.BytesIO(content), dimensions)
        with gzip.open(io.BytesIO(content)) as unpacked:
            return _read_array(cast(IO[bytes], unpacked), dimensions)
    except (OSError, EOFError, ValueError, zlib.error, MemoryError, BadArchive, _NotIdx) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise UserError(f"{path} cannot be read as IDX: {reason}", "delete it and get it again", key="data.root") from error


class _NotIdx(Exception):
    """The bytes are not the array that the header promises."""


def _read_npz(content: bytes, dimensions: int) -> np.ndarray:
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        if len(arrays.files) != 1 or arrays.zip.infolist()[0].file_size > MAX_BYTES + MAX_HEADER_BYTES:
            raise _NotIdx(f"a .npz of {', '.join(arrays.files)}, wanted one array of at most {MAX_BYTES} bytes")
        array: np.ndarray = arrays[arrays.files[0]]
    if array.dtype != np.uint8 or array.ndim != dimensions:
        raise _NotIdx(f"{array.dtype} with {array.ndim} dimensions; wanted uint8 with {dimensions}")
    return array


def _read_array(file: IO[bytes], dimensions: int) -> np.ndarray:
    header = file.read(4)
    if len(header) < 4 or header[:2] != b"\0\0":
        raise _NotIdx("it does not begin as one")
    rows_of_ints = (header[2], header[3], dimensions) == (INT, 2, 1)
    if not rows_of_ints and (header[2] != UNSIGNED_BYTE or header[3] != dimensions):
        raise _NotIdx(f"type 0x{header[2]:02x} with {header[3]} dimensions; wanted type 0x{UNSIGNED_BYTE:02x} with {dimensions}")
    sizes = file.read(4 * header[3])
    if len(sizes) < 4 * header[3]:
        raise _NotIdx("it ends in the header")
    shape = struct.unpack(f">{header[3]}I", sizes)
    length = math.prod(shape) * (4 if rows_of_ints else 1)
    if not 0 < length <= MAX_BYTES:
        raise _NotIdx(f"its header promises {shape}, which is {'nothing' if length == 0 else f'more than {MAX_BYTES} bytes'}")
    data = file.read(length)
    if len(data) < length:
        raise _NotIdx(f"truncated: {len(data)} of {length} bytes")
    if file.read(1):  # reading past the end also makes gzip check its CRC
        raise _NotIdx(f"bytes follow the {length} that its header promises")
    return np.frombuffer(data, ">i4").reshape(shape)[:, 0] if rows_of_ints else np.frombuffer(data, np.uint8).reshape(shape)


def read_pair(images_path: Path | File, labels_path: Path | File, size: int, *, classes: int = 10, first: int = 0) -> dict[str, np.ndarray]:
    """Images (N, 1, size, size) uint8, by a black border where ``size`` is over 28, and their labels (N,) int64, from 0.

    Args:
        images_path: the file of images.
        labels_path: the file of their labels.
        size: edge of the images.
        classes: how many there are.
        first: the number of the first class in the file.

    Raises:
        UserError: where the files do not belong together.
    """
    images, labels = read(images_path, 3), read(labels_path, 1)
    remedy = "delete both and get them again"
    if images.shape[1:] != (28, 28):
        raise UserError(f"{images_path} holds images of {images.shape[1:]}, wanted (28, 28)", remedy, key="data.root")
    if len(images) != len(labels):
        raise UserError(f"{images_path} holds {len(images)} images, {labels_path} {len(labels)} labels", remedy, key="data.root")
    last = first + classes - 1
    if strange := [int(label) for label in (labels.min(), labels.max()) if not first <= label <= last]:
        raise UserError(f"{labels_path} holds the label {strange[-1]}, wanted {first} to {last}", remedy, key="data.root")
    border = (size - 28) // 2
    padded = np.pad(images, ((0, 0), (border, border), (border, border))) if border else images
    return {"sample": padded[:, None], "label": labels.astype(np.int64) - first}
