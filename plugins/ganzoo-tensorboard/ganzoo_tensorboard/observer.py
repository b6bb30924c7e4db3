"""Writes what a run logs into an event file that TensorBoard reads."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch.utils.tensorboard import SummaryWriter

from ganzoo import DataSpec, hookimpl


class TensorBoard:
    """Scalars, sample grids, metrics and the configuration, as an event file in the run directory.

    Args:
        folder: folder of the event file, in the run directory.
    """

    source = "Abadi et al., 2016, arXiv:1603.04467, section 9.1"

    def __init__(self, data: DataSpec, *, folder: str = "tensorboard") -> None:
        self.folder = folder
        self._writer: SummaryWriter | None = None

    @property
    def writer(self) -> SummaryWriter:
        """The event file's writer, open from ``run_started`` to ``run_finished``."""
        if self._writer is None:
            raise RuntimeError("no run was started")
        return self._writer

    @hookimpl
    def run_started(self, directory: Path, config: Mapping[str, Any], step: int) -> None:
        """Open the event file. What an earlier sitting wrote of later steps, TensorBoard is told to drop."""
        purged = step + 1 if step else 0
        self._writer = SummaryWriter(str(directory / self.folder), purge_step=purged)
        # TensorBoard shows text as Markdown; JSON of this form is YAML, too.
        self.writer.add_text("config", f"```json\n{json.dumps(config, indent=2, ensure_ascii=False)}\n```", global_step=step)
        self.writer.flush()

    @hookimpl
    def step_logged(self, step: int, values: Mapping[str, float]) -> None:
        """A scalar for each value."""
        for name, value in values.items():
            self.writer.add_scalar(name, value, global_step=step)
        self.writer.flush()

    @hookimpl
    def samples_saved(self, step: int, path: Path) -> None:
        """The grid as an image (H, W, 3) uint8."""
        with Image.open(path) as picture:
            self.writer.add_image("samples", np.asarray(picture.convert("RGB")), global_step=step, dataformats="HWC")
        self.writer.flush()

    @hookimpl
    def evaluated(self, step: int, metric: str, values: Mapping[str, Any]) -> None:
        """A scalar for each of the metric's numbers, and what they depend on as text."""
        for name, value in values.items():
            if isinstance(value, int | float):
                self.writer.add_scalar(f"{metric}/{name}", value, global_step=step)
            else:
                self.writer.add_text(
                    f"{metric}/{name}", f"```json\n{json.dumps(value, indent=2, ensure_ascii=False)}\n```", global_step=step
                )
        self.writer.flush()

    @hookimpl
    def run_finished(self) -> None:
        """Close the event file."""
        self.writer.close()
