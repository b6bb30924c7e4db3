"""Writes what a run logs into an event file that TensorBoard reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ganzoo import DataSpec, hookimpl

from .events import EventFile


class TensorBoard:
    """Scalars, sample grids, metrics and the configuration, as an event file in the run directory.

    Args:
        folder: folder of the event file, in the run directory.
    """

    source = "Abadi et al., 2016, arXiv:1603.04467, section 9.1"

    def __init__(self, data: DataSpec, *, folder: str = "tensorboard") -> None:
        self.folder = folder
        self._file: EventFile | None = None

    @property
    def file(self) -> EventFile:
        """The event file, open from ``run_started`` to ``run_finished``."""
        if self._file is None:
            raise RuntimeError("no run was started")
        return self._file

    @hookimpl
    def run_started(self, directory: Path, config: Mapping[str, Any], step: int) -> None:
        """Open the event file. What an earlier session wrote of later steps, TensorBoard is told to drop."""
        self._file = EventFile(directory / self.folder, step + 1 if step else 0)
        self.file.add_text(step, "config", as_text(config))

    @hookimpl
    def step_logged(self, step: int, values: Mapping[str, float]) -> None:
        """A scalar for each value."""
        self.file.add_scalars(step, values)

    @hookimpl
    def samples_saved(self, step: int, path: Path) -> None:
        """The grid as an image (H, W, 3) uint8."""
        with Image.open(path) as picture:
            self.file.add_image(step, "samples", np.asarray(picture.convert("RGB")))

    @hookimpl
    def evaluated(self, step: int, metric: str, values: Mapping[str, Any]) -> None:
        """A scalar for each of the metric's numbers, and what they depend on as text."""
        for name, value in values.items():
            if isinstance(value, int | float):
                self.file.add_scalars(step, {f"{metric}/{name}": value})
            else:
                self.file.add_text(step, f"{metric}/{name}", as_text(value))

    @hookimpl
    def run_finished(self) -> None:
        """Close the event file."""
        self.file.close()


def as_text(value: Any) -> str:
    """A plain value as TensorBoard shows it: text is Markdown there, and JSON of this form is YAML, too."""
    return f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```"
