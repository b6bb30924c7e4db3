"""ganzoo from Python: ``ganzoo.train`` and ``ganzoo.load``. Errors are those of the command line, as exceptions."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from pydantic_core import to_jsonable_python

from ganzoo.config.yaml_writer import dump
from ganzoo.errors import UserError
from ganzoo.fields import Fields
from ganzoo.files import expanded
from ganzoo.plugins.one_file import choose, choosing
from ganzoo.registry import Registry
from ganzoo.rundir.record import read_record
from ganzoo.ui.progress import reporter

from .checks import whole_number
from .trained import Trained, load_trained
from .training import finish, prepare

if TYPE_CHECKING:
    from torch import Tensor

_TRAINING = threading.Lock()


def train(
    config: str | Path | Mapping[str, Any],
    *,
    out: str | Path | None = None,
    overrides: Sequence[str] = (),
    resume: bool = False,
    change: Sequence[str] = (),
    quiet: bool = False,
    plugins: Sequence[str | Path] = (),
    allow_code: bool = False,
) -> TrainedRun:
    """Train, as ``ganzoo run`` does; in a thread as well, one training at a time in a process.

    Args:
        config: a YAML file, a plugin's recipe (``"ganzoo-tower:ring"``), or the keys of a configuration as plain values.
        out: the run directory; None: ``runs/NAME``, with a number behind it where that is taken.
        overrides: ``"train.steps=500"`` each.
        resume: continue the run in ``out``; start one if there is none.
        change: keys of a rate or the batch size that a resumed run may have otherwise: ``"optimizer.critic.lr"``.
        quiet: no progress, which are lines on stderr otherwise, or a bar on a terminal.
        plugins: plugins of one file.
        allow_code: whether Python files that the configuration or the run names may run.

    Raises:
        UserError: where the configuration, the data or the folder does not allow the run; nothing has been trained.
        GanzooError: where the run fails; its last checkpoint is intact.
        KeyboardInterrupt: where it was interrupted, once it has been saved.
    """
    if not _TRAINING.acquire(blocking=False):
        raise UserError("a training is under way in this process", "wait for it, or use another process: they share random numbers")
    try:
        with choosing(), tempfile.TemporaryDirectory() as temporary:
            choose([Path(plugin) for plugin in plugins], allow_code=allow_code)
            path = Path(str(config)) if not isinstance(config, Mapping) else Path(temporary) / "run.yaml"
            if isinstance(config, Mapping):
                path.write_text(dump(to_jsonable_python(dict(config), fallback=_plain)), encoding="utf-8")
            runner = prepare(path, overrides, Path(out) if out is not None else None, resume, reporter(quiet), change=change)
            code = finish(runner)
    finally:
        _TRAINING.release()
    if code == 130:
        raise KeyboardInterrupt
    if code:
        raise SystemExit(code)
    return load(runner.directory.path, plugins=plugins, allow_code=allow_code)


def load(folder: str | Path, *, step: int | str | None = None, plugins: Sequence[str | Path] = (), allow_code: bool = False) -> TrainedRun:
    """A run or a pack, to sample from.

    Args:
        folder: that ``ganzoo.train``, ``ganzoo run`` or ``ganzoo pack`` made.
        step: an earlier checkpoint that the run keeps, by its step, or "best"; None: the last weights.
        plugins: plugins of one file, where the run does not keep them.
        allow_code: whether the Python files that the run keeps may run, whoever trained with them.

    Raises:
        UserError: where it holds no run, or what the generator needs is not installed.
    """
    with choosing():
        choose([Path(plugin) for plugin in plugins], allow_code=allow_code)
        folder = expanded(folder)
        return TrainedRun(folder, load_trained(folder, None, Registry.installed(), step=step))


@dataclass(frozen=True)
class TrainedRun:
    """A finished run, with its generator on the device that is here.

    Args:
        folder: the run directory, or the pack.
        trained: its parts; no public interface.
    """

    folder: Path
    trained: Trained

    def sample(self, n: int, *, seed: int = 0, label: int | str | None = None, truncation: float | None = None) -> Tensor:
        """Draw ``n`` samples, as ``ganzoo sample`` does: the same seed gives the same ones.

        Args:
            n: how many.
            seed: of the latents.
            label: one class for all, by number or name; None: all in turn.
            truncation: the normal prior is cut off at so many standard deviations.

        Returns:
            In the data's own units, on the CPU: images uint8 (N, C, H, W), points float32 (N, 2).

        Raises:
            UserError: where a label, a truncation, or such a number cannot be asked for.
        """
        number = label if label is None or isinstance(label, str) else whole_number("label", label, 0)
        n, seed = whole_number("n", n, 1), whole_number("seed", seed, 0)
        made = self.trained.sample(n, seed, self.trained.label_of(number), truncation)
        return torch.from_numpy(made.sample)

    def __call__(self, *, seed: int = 0, **fields: Tensor) -> Fields:
        """The generator's forward for fields of one's own, in evaluation mode: ``run(source=x)["sample"]``.

        Args:
            seed: of what is drawn: the latents where they are not given, and random numbers in the forward.
            fields: (N, ...) each, as the generator was trained on: images float (N, C, H, W) in [-1, 1].

        Returns:
            What it gives, on the CPU.

        Raises:
            UserError: for a field that it does not take, or lacks, or that is not as it was trained on.
        """
        return self.trained.forward(fields, seed=whole_number("seed", seed, 0))

    def route(self, name: str) -> Callable[..., Fields]:
        """One of the generator's routes, as ``run`` itself is its forward: ``run.route("encode")(sample=x)["latent"]``."""
        return lambda *, seed=0, **fields: self.trained.forward(fields, name, whole_number("seed", seed, 0))

    def metrics(self) -> dict[str, list[float | None]]:
        """What the run logged, as columns of one length: "step", and every value by name; None where it was not logged.

        ``pandas.DataFrame(run.metrics())`` makes a table of it.
        """
        logs = read_record(self.folder).logs
        names = list(dict.fromkeys(name for step in sorted(logs) for name in logs[step]))
        steps: list[float | None] = [float(step) for step in sorted(logs)]
        return {"step": steps, **{name: [logs[step].get(name) for step in sorted(logs)] for name in names}}


def _plain(value: Any) -> Any:
    """A number or an array of numpy, or a tensor, as Python's own."""
    try:
        return value.tolist()
    except AttributeError:
        raise UserError(f"a configuration holds a {type(value).__name__}: {value!r}", "write numbers, texts, lists and mappings") from None
