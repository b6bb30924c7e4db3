"""The run directory: its files, its lock, and the lines of ``metrics.jsonl``, from which every report is made."""

from __future__ import annotations

import datetime
import json
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any

import torch

from ganzoo.errors import GanzooError, UserError
from ganzoo.fields import DataSpec
from ganzoo.files import remove_leftovers, write_atomically

from .lines import RECORD, line_of, open_record
from .lock import FolderLock


class RunDirectory:
    """``config.yaml env.json metrics.jsonl samples/ checkpoints/ weights/ report.html``, held by one process.

    Args:
        path: the folder; made if it is missing, and unmade again by ``close`` where no run was begun in it.
        resume: whether it may hold a run already.

    Raises:
        UserError: where it holds a run and ``resume`` is false, is no folder, cannot be written to, or another process
            holds it (naming the process).
    """

    def __init__(self, path: Path, resume: bool) -> None:
        self.path = path
        self._made = [folder for folder in (path, *path.parents) if not folder.exists()]
        try:
            path.mkdir(parents=True, exist_ok=True)
            self._lock = FolderLock(path)
            for folder in (path, self.checkpoints, self.samples, self.weights):
                remove_leftovers(folder)  # of a run that was killed here
        except OSError as error:
            raise UserError(f"cannot write to {path}: {error.strerror}", "choose another folder", key="--out") from error
        if not resume and self.has_run:
            self._lock.close()
            raise UserError(f"{path} holds a run already", "add --resume to continue it, or choose another folder", key="--out")
        self._metrics: IO[str] | None = None

    @property
    def has_run(self) -> bool:
        """Whether a run was started here."""
        return self.config.exists()

    @property
    def config(self) -> Path:
        """The resolved configuration."""
        return self.path / "config.yaml"

    @property
    def checkpoints(self) -> Path:
        """What the run continues from."""
        return self.path / "checkpoints"

    @property
    def samples(self) -> Path:
        """Sample grids from the fixed latent."""
        return self.path / "samples"

    @property
    def weights(self) -> Path:
        """``generator.safetensors`` (the moving average if on) and ``critic.safetensors``."""
        return self.path / "weights"

    def check_held(self) -> None:
        """See that the folder is still the one that was locked: writing would make a removed one anew, without its run.

        Raises:
            GanzooError: where it was removed or replaced.
        """
        if not self._lock.holds:
            raise GanzooError(f"{self.path} was removed or replaced while the run was writing to it; start again with another --out")

    def log(self, event: str, **values: Any) -> None:
        """Append one line to ``metrics.jsonl``; numbers that are not finite become strings, as JSON has none.

        Raises:
            GanzooError: where the disk refuses, or the folder was removed.
        """
        self.check_held()
        try:
            if self._metrics is None:
                self._metrics = open_record(self.path)
            self._metrics.write(line_of(event, values))
            self._metrics.flush()
        except OSError as error:
            raise GanzooError(f"cannot write {self.path / RECORD}: {error.strerror}; the last checkpoint is intact") from error

    def write_config(self, text: str, source: Path) -> None:
        """Keep the resolved configuration, and the recipe it came from as it was."""
        write_atomically(self.config, text.encode())
        if source.exists() and source.resolve() != self.config.resolve():
            write_atomically(self.path / "recipe.yaml", source.read_bytes())

    def close(self) -> None:
        """Let go of the folder. One that no run was begun in is left as it was found."""
        if self._metrics is not None:
            with suppress(OSError):  # a full disk, which `log` has told of
                self._metrics.close()
        if not self.has_run and self._lock.holds:
            with suppress(OSError):  # another process made something there meanwhile, or the disk refuses
                if self.path in self._made:
                    shutil.rmtree(self.path)
                else:
                    self._lock.path.unlink()
                for folder in self._made[1:]:
                    folder.rmdir()
        self._lock.close()


class Nowhere(RunDirectory):
    """The run directory of a process that does not lead: it holds nothing, and nothing is written.

    Args:
        path: rank 0's folder, for messages.
    """

    has_run = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def check_held(self) -> None:
        """Nothing is held."""

    def log(self, event: str, **values: Any) -> None:
        """Write nothing."""

    def write_config(self, text: str, source: Path) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Nothing is held."""


def environment(seed: int, circumstances: Mapping[str, str | int], data: DataSpec, versions: Mapping[str, str]) -> dict[str, Any]:
    """What a bug report needs and exactness depends on (``Run.circumstances``): for ``env.json``."""
    return {
        "command": shlex.join(["ganzoo", *sys.argv[1:]]),
        "seed": seed,
        "data": data.to_json(),
        "runtime": dict(circumstances),
        "versions": {"python": platform.python_version(), "torch": torch.__version__, "numpy": version("numpy"), **versions},
        "platform": platform.platform(),
        "started": now(),
    }


def write_environment(directory: RunDirectory, content: Mapping[str, Any]) -> None:
    """Write ``env.json``."""
    write_atomically(directory.path / "env.json", (json.dumps(content, indent=2, ensure_ascii=False) + "\n").encode())


def read_environment(path: Path) -> dict[str, Any]:
    """Read a run's ``env.json``.

    Raises:
        UserError: where it is missing or damaged.
    """
    try:
        content: dict[str, Any] = json.loads((path / "env.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(
            f"{path} is no run directory (its env.json cannot be read: {error})", "name a folder that 'ganzoo run' made"
        ) from error
    return content


def now() -> str:
    """The time in ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
