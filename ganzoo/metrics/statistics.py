"""Statistics of real data: computed once, kept on the disk, verified before use.

A file is one line of text (magic, format, sha256 of the rest) and a safetensors archive with the key in its header. The
name is a hash of the key, which holds everything that the statistics depend on.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load as parse_arrays
from safetensors.numpy import save as to_safetensors

from ganzoo.data.cache import default_folder
from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically
from ganzoo.ui.progress import Reporter

Arrays: TypeAlias = Mapping[str, np.ndarray]
"""Named arrays."""
FORMAT = 1
"""Version of the files and of what is computed. It is part of the key: other versions are not found rather than misread."""
MAGIC = b"ganzoo-statistics"
_KEY = "key"


class Statistics:
    """A folder of statistics that all runs share.

    Args:
        folder: where; None: ``statistics`` in the folder of the image cache.
        reporter: who is told of damaged files; None: warnings to stderr.
    """

    def __init__(self, folder: Path | None = None, reporter: Reporter | None = None) -> None:
        self.folder = default_folder() / "statistics" if folder is None else folder
        self.reporter = Reporter(sys.stderr) if reporter is None else reporter

    def get(self, key: Mapping[str, str | int | float], compute: Callable[[], Arrays]) -> Arrays:
        """What is kept under ``key``, or else what ``compute`` gives, which is kept from then on.

        A damaged file is computed anew, with a warning: it is the disk's fault. One that is whole but says something else
        is refused: somebody put it there.

        Raises:
            UserError: where the file is whole, and holds the statistics of something else or values that are not finite.
            GanzooError: where what was computed is not finite; it is not kept.
        """
        text = json.dumps({"format": FORMAT, **key}, sort_keys=True)
        path = self.path(text)
        try:
            content = path.read_bytes()
        except OSError:
            content = b""
        if content:
            found = decode(content, text, path)
            if found is not None:
                return found
            self.reporter.warn(f"the statistics {path} are damaged (their checksum does not match); computing them again")
        computed = {name: np.asarray(values) for name, values in compute().items()}
        if broken := not_finite(computed):
            raise GanzooError(f"statistics of real data hold values in '{broken}' that are not finite; they are not kept")
        try:
            write_atomically(path, encode(computed, text))
        except GanzooError as error:  # they are at hand: only the next time pays
            self.reporter.warn(f"the statistics are not kept: {error}")
        return computed

    def path(self, text: str) -> Path:
        """The file of a key."""
        return self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.statistics"


def encode(arrays: Arrays, text: str) -> bytes:
    """A file's content: ``arrays`` under the key ``text``."""
    # order="C": ascontiguousarray would turn a scalar into a vector of one.
    body = to_safetensors({name: np.asarray(values, order="C") for name, values in arrays.items()}, {_KEY: text})
    return b"%s %d %s\n" % (MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode()) + body


def decode(content: bytes, text: str, path: Path) -> dict[str, np.ndarray] | None:
    """What ``encode`` was given; None where the file is truncated or changed.

    Raises:
        UserError: where it is whole, but of another key or not finite.
    """
    head, _, body = content.partition(b"\n")
    if head != b"%s %d %s" % (MAGIC, FORMAT, hashlib.sha256(body).hexdigest().encode()):
        return None
    remedy = f"delete {path}, so that they are computed anew"
    try:
        arrays = parse_arrays(body)
        length = int.from_bytes(body[:8], "little")
        found = json.loads(body[8 : 8 + length])["__metadata__"][_KEY]
    except (SafetensorError, ValueError, KeyError, TypeError):  # sealed, but by somebody else
        raise UserError("the statistics cannot be read", remedy, where=str(path)) from None
    if found != text:
        raise UserError(f"the statistics are of something else: {found}, wanted {text}", remedy, where=str(path))
    if broken := not_finite(arrays):
        raise UserError(f"the statistics hold values in '{broken}' that are not finite", remedy, where=str(path))
    return dict(arrays)


def not_finite(arrays: Arrays) -> str:
    """The name of the first array with a value that is not finite; "" where there is none."""
    return next((name for name, values in arrays.items() if values.dtype.kind == "f" and not np.isfinite(values).all()), "")
