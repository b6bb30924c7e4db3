"""Trains and measures as a user would: one process for each training, one for each evaluation."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from common.machine import processor

from ganzoo.config import load_config, strict_yaml
from ganzoo.errors import UserError
from ganzoo.files import write_atomically

from .benchmarks import BENCHMARKS, CPU_SECONDS
from .processes import evaluate, ganzoo

ROOT = Path(__file__).resolve().parents[3]


def reads_mnist(recipe: str) -> bool:
    """Whether a recipe's data lies in the folder of MNIST."""
    return load_config(ROOT / "zoo_configs" / f"{recipe}.yaml").data.params.get("root") == "data/mnist"


def values_of(recipe: Path) -> Any:
    """A recipe's values; ``precision: fp32`` is left out, which a processor computes in where none is given."""
    values = strict_yaml.read(recipe).value
    if values.get("train", {}).get("precision") == "fp32":
        del values["train"]["precision"]
    return values


@dataclass(frozen=True)
class Training:
    """One training of one recipe.

    Args:
        recipe: the name of a file in ``zoo_configs/``.
        seed: what ``train.seed`` is set to.
        mnist: the folder of MNIST.
        out: the folder of all results.
        precision: what ``train.precision`` is set to; "": as the recipe has it.
    """

    recipe: str
    seed: int
    mnist: Path
    out: Path
    precision: str = ""

    @property
    def config(self) -> Path:
        """The recipe's file."""
        return ROOT / "zoo_configs" / f"{self.recipe}.yaml"

    @property
    def overrides(self) -> list[str]:
        """What differs from the recipe: the seed, one thread, the precision where it is asked for, and where the digits lie."""
        changes = [f"train.seed={self.seed}", "train.threads=1", *([f"train.precision={self.precision}"] if self.precision else [])]
        return [*changes, f"data.root={self.mnist}"] if reads_mnist(self.recipe) else changes

    @property
    def folder(self) -> Path:
        """The run directory."""
        return self.out / f"{self.recipe}-{self.seed}"

    @property
    def record(self) -> Path:
        """Where the result is kept: beside the run directory, whose contents are ganzoo's own."""
        return self.out / f"{self.recipe}-{self.seed}.json"

    @property
    def key(self) -> str:
        """What a result depends on, hashed: the recipe's values, seed and software. Comments do not count, nor where the digits lie."""
        versions = [f"{name} {version(name)}" for name in ("ganzoo-core", "torch")]
        values = json.dumps(values_of(self.config))
        asked = [self.precision] if self.precision else []
        return hashlib.sha256("\n".join([values, str(self.seed), *versions, *asked]).encode()).hexdigest()


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Hold the folder of results, so that a second tool does not clear away what this one trains.

    Raises:
        UserError: where it cannot be made, or another process holds it.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("a")
    except OSError as error:
        raise UserError(f"cannot write to {out}: {error.strerror}", "choose another folder", key="--out") from error
    with lock:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise UserError(f"{out} is in use by another benchmark", "wait for it, or choose another folder", key="--out") from None
        yield


@dataclass(frozen=True)
class Result:
    """What a training gave.

    Args:
        key: ``Training.key`` when it ran.
        numbers: the metric's, and ``CPU_SECONDS``, user and system, of the whole process.
        wall_seconds: by the clock.
        load: mean number of processes that wanted a core when the training ended, over 5 minutes.
        provenance: what the metric says of its numbers.
        commit: of the code; "" outside a git repository.
        day: when, ISO 8601.
    """

    key: str
    numbers: dict[str, float]
    wall_seconds: float
    load: float
    provenance: dict[str, Any]
    commit: str
    day: str


def finished(training: Training) -> Result | None:
    """The result of an earlier run of the tool, if it is of the same recipe, seed and software, and has all numbers that have a bar."""
    try:
        result = Result(**json.loads(training.record.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None
    wanted = {bar.number for bar in BENCHMARKS[training.recipe].bars}
    return result if result.key == training.key and wanted <= result.numbers.keys() else None


def perform(training: Training) -> Result:
    """Train and measure; the result is kept for ``finished``.

    An interrupted training starts anew, so that its cost is counted whole.

    Raises:
        GanzooError: where either fails, with the last line that it said.
    """
    training.record.unlink(missing_ok=True)
    shutil.rmtree(training.folder, ignore_errors=True)
    options = [part for override in training.overrides for part in ("-o", override)]
    started = time.perf_counter()
    _, cpu_seconds = ganzoo("run", str(training.config), *options, "--out", str(training.folder), "--quiet")
    wall_seconds, load = time.perf_counter() - started, os.getloadavg()[1]
    benchmark = BENCHMARKS[training.recipe]
    measured = [part for option in benchmark.options for part in ("-o", option)]
    numbers, provenance = evaluate(training.folder, benchmark.metric, *measured)
    result = Result(
        key=training.key,
        numbers={**numbers, **(benchmark.also(training.folder, numbers) if benchmark.also else {}), CPU_SECONDS: cpu_seconds},
        wall_seconds=wall_seconds,
        load=load,
        provenance=provenance,
        commit=commit(),
        day=time.strftime("%Y-%m-%d"),
    )
    write_atomically(training.record, json.dumps(asdict(result), indent=1).encode())
    return result


def commit() -> str:
    """The commit that is checked out; "" where there is none."""
    asked = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def machine() -> str:
    """The processor, its cores and the software."""
    software = [f"{name} {version(name)}" for name in ("torch", "ganzoo-core")]
    return f"{processor()}, {os.cpu_count()} cores; {platform.system()}, Python {platform.python_version()}, {', '.join(software)}"


def check_mnist(root: Path) -> Path:
    """The folder of MNIST, absolute.

    Raises:
        UserError: where a file stands in its place.
    """
    if root.exists() and not root.is_dir():
        raise UserError(f"{root} is not a folder", "name the folder that holds MNIST/raw", key="--mnist")
    return root.resolve()
