"""Statistics of real data: computed once, kept on the disk, verified before use.

A file is sealed as checkpoints are, and holds the arrays with their key: everything that they depend on. Its name is a hash of it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch

from ganzoo.data.cache import default_folder
from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically
from ganzoo.rundir import checkpoint
from ganzoo.ui.progress import Reporter

Arrays: TypeAlias = Mapping[str, np.ndarray]
"""Named arrays."""
FORMAT = 2
"""Version of the files and of what is computed. It is part of the key: other versions are not found rather than misread."""


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
        path = self.folder / f"{hashlib.sha256(text.encode()).hexdigest()[:32]}.statistics"
        if (kept := self._kept(path, text)) is not None:
            return kept
        computed = {name: np.array(values) for name, values in compute().items()}
        if broken := not_finite(computed):
            raise GanzooError(f"statistics of real data hold values in '{broken}' that are not finite; they are not kept")
        try:
            arrays = {name: torch.from_numpy(values) for name, values in computed.items()}
            write_atomically(path, checkpoint.encode({"key": text, "arrays": arrays}))
        except GanzooError as error:  # they are at hand: only the next time pays
            self.reporter.warn(f"the statistics are not kept: {error}")
        return computed

    def _kept(self, path: Path, text: str) -> Arrays | None:
        """What ``path`` keeps under the key ``text``; None where there is nothing, or the file is damaged."""
        try:
            kept = checkpoint.decode(path.read_bytes(), str(path))
        except OSError:
            return None
        except UserError:
            self.reporter.warn(f"the statistics {path} are damaged (their checksum does not match); computing them again")
            return None
        remedy = f"delete {path}, so that they are computed anew"
        if kept.get("key") != text:
            raise UserError(f"the statistics are of something else: {kept.get('key')}, wanted {text}", remedy, where=str(path))
        arrays = {name: value.numpy() for name, value in kept["arrays"].items()}
        if broken := not_finite(arrays):
            raise UserError(f"the statistics hold values in '{broken}' that are not finite", remedy, where=str(path))
        return arrays


def not_finite(arrays: Arrays) -> str:
    """The name of the first array with a value that is not finite; "" where there is none."""
    return next((name for name, values in arrays.items() if values.dtype.kind == "f" and not np.isfinite(values).all()), "")
