"""The run directory as a run writes it: its files, its lock, and the lines of ``metrics.jsonl``."""

from __future__ import annotations

import datetime
import hashlib
import os
import platform
import shlex
import shutil
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from ganzoo.config import RunConfig
from ganzoo.errors import GanzooError, UserError
from ganzoo.files import remove_leftovers, write_atomically

from .files import CHECKPOINTS, CONFIG, ENVIRONMENT, RECIPE, SAMPLES, WEIGHTS
from .kept import keep
from .lines import append_event, to_json
from .lock import FolderLock, TakenError
from .weights import split_choice


class RunDirectory:
    """``config.yaml env.json metrics.jsonl samples/ checkpoints/ weights/ report.html``, held by one process.

    Args:
        path: the folder; made if it is missing, and unmade again by ``close`` where no run was begun in it.
        resume: whether it may hold a run already.

    Raises:
        UserError: where it holds a run and ``resume`` is false, is not a folder, cannot be written to, or another process
            holds it (naming the process).
    """

    def __init__(self, path: Path, resume: bool) -> None:
        self.path, self.config, self.checkpoints = path, path / CONFIG, path / CHECKPOINTS
        self.samples, self.weights = path / SAMPLES, path / WEIGHTS
        self._made = [folder for folder in (path, *Path(os.path.realpath(path)).parents) if not folder.exists()]
        try:
            Path(os.path.realpath(path)).mkdir(parents=True, exist_ok=True)  # of a link to nothing: what it names
            self._lock = FolderLock(path)
            for folder in (path, self.checkpoints, self.samples, self.weights):
                remove_leftovers(folder)  # of a run that was killed here
        except OSError as error:
            raise UserError(f"cannot write to {path}: {error.strerror}", "choose another folder", key="--out") from error
        if not resume and self.has_run:
            self._lock.close()
            raise TakenError(f"{path} holds a run already", "add --resume to continue it, or choose another folder", key="--out")

    @property
    def has_run(self) -> bool:
        """Whether a run was started here."""
        return self.config.exists()

    def check_held(self) -> None:
        """See that the folder is still the one that was locked: writing would make a removed one anew, without its run.

        Raises:
            GanzooError: where it was removed or replaced.
        """
        if not self._lock.holds:
            raise GanzooError(f"{self.path} was removed or replaced while the run was writing to it; start again with another --out")

    def log(self, event: str, **values: Any) -> None:
        """Append one line to ``metrics.jsonl``, as ``append_event`` does.

        Raises:
            GanzooError: where the disk refuses, or the folder was removed.
        """
        self.check_held()
        try:
            append_event(self.path, event, **values)
        except GanzooError as error:
            raise GanzooError(f"{error}; the last checkpoint is intact") from error

    def log_start(self, step: int, environment: Mapping[str, Any], changed: Sequence[str]) -> None:
        """Append the entry of a start: ``environment`` as ``environment()`` gives it, and what is not as at the start before."""
        entry = {name: environment[name] for name in ("command", "run", "data", "runtime", "versions", "platform")}
        self.log("started", time=now(), step=step, environment=entry, changed=list(changed))

    def write_config(self, text: str, source: Path) -> None:
        """Keep the resolved configuration, and the recipe that the run was first started from, as it was."""
        write_atomically(self.config, text.encode())
        recipe = self.path / RECIPE
        if not recipe.exists() and source.exists() and source.resolve() != self.config.resolve():
            write_atomically(recipe, source.read_bytes())

    def write_environment(self, content: Mapping[str, Any], files: Mapping[str, Path]) -> None:
        """Write ``env.json``, once (a later start's line says what is otherwise then), and keep the one-file plugins ``files``."""
        keep(self.path, files)
        if not (self.path / ENVIRONMENT).exists():
            write_atomically(self.path / ENVIRONMENT, (to_json(content, indent=2) + "\n").encode())

    def close(self) -> None:
        """Let go of the folder. One that no run was begun in is left as it was found."""
        if not self.has_run and self._lock.holds:
            with suppress(OSError):  # another process made something there meanwhile, or the disk refuses
                if self.path in self._made:
                    shutil.rmtree(os.path.realpath(self.path))
                else:
                    self._lock.path.unlink()
                for folder in self._made[1:]:
                    folder.rmdir()
        self._lock.close()


class NullRunDirectory(RunDirectory):
    """The run directory of a process that does not lead: nothing is held or written; ``path`` is rank 0's folder, for messages."""

    has_run = False

    def __init__(self, path: Path) -> None:
        self.path = path

    def _do_nothing(self, *given: Any, **named: Any) -> None: ...

    check_held = log = write_config = write_environment = close = _do_nothing


def environment(
    identity: str,
    config: RunConfig,
    environment_fingerprint: Mapping[str, str | int],
    data: Mapping[str, Any],
    versions: Mapping[str, str],
    classes: Mapping[str, int],
) -> dict[str, Any]:
    """What a bug report needs and exactness depends on (``Run.environment_fingerprint``): for ``env.json`` and the "started" line."""
    return {
        "command": shlex.join(["ganzoo", *sys.argv[1:]]),
        "run": identity,
        "seed": config.train.seed,
        **({"init": {target: _hash(path) for target, path in config.init.items()}} if config.init else {}),
        "data": dict(data),
        **({"classes": dict(classes)} if classes else {}),
        "runtime": dict(environment_fingerprint),
        "versions": dict(versions),
        "platform": platform.platform(),
        "started": now(),
    }


def _hash(path: str) -> str:
    """Of a file of weights that a run begins with, the first digits of its sha256; "" where it is no longer there."""
    try:
        return hashlib.sha256(split_choice(path)[0].read_bytes()).hexdigest()[:12]
    except (OSError, UserError):
        return ""


def now() -> str:
    """The time in ISO 8601, UTC."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
