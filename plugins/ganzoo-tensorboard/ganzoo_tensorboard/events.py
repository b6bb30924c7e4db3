"""An event file that TensorBoard reads, written in the caller's thread.

Torch's ``SummaryWriter`` writes in a thread of its own. Where the disk refuses, that thread ends with a traceback on the
terminal, and what it could not write last is lost without a word.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch.utils.tensorboard.summary
from tensorboard.compat.proto.event_pb2 import Event, SessionLog
from tensorboard.summary.writer.record_writer import RecordWriter

from ganzoo import GanzooError

summary: Any = torch.utils.tensorboard.summary
"""Torch's functions that make protocol buffers of values; without types."""


class EventFile:
    """A new event file in ``folder``, which is made if it is missing.

    Source: https://www.tensorflow.org/tensorboard, ``tensorboard/compat/proto/event.proto``.

    Args:
        folder: where TensorBoard looks.
        first_step: of this step and later ones, TensorBoard drops what older files of the folder say.

    Raises:
        GanzooError: from every method but ``close``, where the disk refuses.
    """

    def __init__(self, folder: Path, first_step: int) -> None:
        # TensorBoard reads the files of a folder in the order of their names.
        self.path = folder / f"events.out.tfevents.{time.time():.6f}.{socket.gethostname()}.{os.getpid()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("xb")
        except OSError as error:
            raise GanzooError(f"cannot write {self.path}: {error.strerror or error}") from error
        self._records: Any = RecordWriter(self._file)
        self._write([Event(file_version="brain.Event:2"), Event(step=first_step, session_log=SessionLog(status=SessionLog.START))])

    def add_scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Append a point to the curve of each name."""
        self._write([Event(step=step, summary=summary.scalar(name, value)) for name, value in values.items()])

    def add_image(self, step: int, name: str, pixels: np.ndarray) -> None:
        """Append a picture, (H, W, 3) uint8."""
        self._write([Event(step=step, summary=summary.image(name, pixels, dataformats="HWC"))])

    def add_text(self, step: int, name: str, text: str) -> None:
        """Append a text, which TensorBoard shows as Markdown."""
        self._write([Event(step=step, summary=summary.text(name, text))])

    def close(self) -> None:
        """Close the file. What was added is in it already."""
        with suppress(OSError):
            self._file.close()

    def _write(self, events: list[Event]) -> None:
        try:
            for event in events:
                event.wall_time = time.time()
                self._records.write(event.SerializeToString())
            self._file.flush()
        except OSError as error:
            self.close()
            raise GanzooError(f"cannot write {self.path}: {error.strerror or error}") from error
