"""The start and the end of a training: from a configuration to a Runner in its run directory, and to an exit code."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from ganzoo.config import load_config, resolve
from ganzoo.engine.distributed import Ranks
from ganzoo.engine.runner import Runner
from ganzoo.files import expanded
from ganzoo.plugins.recipes import find_recipe
from ganzoo.registry import Registry
from ganzoo.rundir.files import CONFIG
from ganzoo.rundir.kept import with_kept
from ganzoo.rundir.lock import TakenError
from ganzoo.ui.progress import Reporter

from .waiting import Cores, yielding_cores


def prepare(
    path: Path,
    overrides: Sequence[str],
    out: Path | None,
    resume: bool,
    reporter: Reporter,
    ranks: Ranks | None = None,
    change: Sequence[str] = (),
) -> Runner:
    """Everything before the first step.

    Raises:
        UserError: where the configuration, the data or the folder does not allow the run.
    """
    recipe = find_recipe(str(path), Registry.installed)
    path, name = (recipe.path, f"{recipe.distribution}-{recipe.name}") if recipe else (path, _run_name(path))
    config, taken, cores = load_config(path, overrides), set[Path](), Cores()
    while True:
        folder = expanded(out) if out else _default_out(name, resume, taken)  # no shell expands --out=~/a
        registry = with_kept(Registry.installed(), folder) if resume else Registry.installed()
        resolved = resolve(config, with_kept(registry, path.parent, anew=True) if path.name == CONFIG else registry)
        try:
            return Runner(config, resolved, path, folder, resume, reporter, ranks, change, cores.wanted)
        except TakenError:  # another run began there meanwhile
            if out or resume:
                raise
            taken.add(folder)


def finish(runner: Runner) -> int:
    """Train to the end; returns the exit code."""
    if not runner.finished:
        with yielding_cores():
            return runner.train()
    runner.directory.close()
    steps = runner.config.train.steps
    runner.reporter.say(f"{runner.directory.path} is finished already ({steps} steps); raise train.steps to go on")
    return 0


def _run_name(config: Path) -> str:
    """What a run of this file is called: as the file, or as the earlier run whose config.yaml it is."""
    return config.resolve().parent.name if config.name == CONFIG else config.stem


def _default_out(name: str, resume: bool, taken: Collection[Path] = ()) -> Path:
    """``runs/NAME``, then ``runs/NAME-2`` and so on: the first that is free and not ``taken``, or to ``resume`` the last in use."""
    folder, count, last = Path("runs") / name, 1, None
    while folder in taken or (folder / CONFIG).exists():
        last, count = folder, count + 1
        folder = Path("runs") / f"{name}-{count}"
    return last if resume and last else folder
