"""``ganzoo run``: train."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ganzoo.recipes import find_recipe
from ganzoo.registry import Registry
from ganzoo.rundir.files import CONFIG
from ganzoo.ui.progress import Reporter
from ganzoo.ui.progress import reporter as choose_reporter

from .options import ConfigFile, Override, Quiet

if TYPE_CHECKING:
    from ganzoo.engine.distributed import Ranks
    from ganzoo.engine.runner import Runner

GROUP = "Train"


def run(
    config: ConfigFile,
    override: Override = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The run directory (default: runs/NAME of the configuration).")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --out (or the last of that name); start one if there is none.")
    ] = False,
    change: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY", help="With --resume, go on with another rate or batch size: optimizer.critic.lr, train.batch_size."),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Train what a YAML file names.

    Example: ganzoo run zoo_configs/quickstart.yaml -o train.steps=500
    """
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return train(config, override or [], out, resume, choose_reporter(quiet), change=change or [])
    from ganzoo.engine.distributed.launch import joined

    # Before all else, so that one process speaks for all where the configuration is wrong.
    with joined() as ranks, Path(os.devnull).open("w") as nowhere:
        reporter = choose_reporter(quiet) if ranks.is_main else choose_reporter(True, nowhere)
        return train(config, override or [], out, resume, reporter, ranks, change or [])


def train(
    path: Path,
    overrides: list[str],
    out: Path | None,
    resume: bool,
    reporter: Reporter,
    ranks: Ranks | None = None,
    change: Sequence[str] = (),
) -> int:
    """Train as one of ``ranks``; None: alone. Rank 0 prints."""
    with without_collecting():
        runner = prepare(path, overrides, out, resume, reporter, ranks, change)
    code, folder = finish(runner), runner.directory.path
    if reporter.quiet or not runner.ranks.is_main:
        return code
    samples = sorted((folder / "samples").glob("step-*.png"))
    report = folder / "report.html"
    for name, value in (("samples", samples[-1] if samples else ""), ("report", report), ("weights", folder / "weights")):
        if value != report or report.exists():
            print(f"{name}: {value}")
    return code


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
    from ganzoo.config import load_config, resolve
    from ganzoo.engine.runner import Runner
    from ganzoo.rundir.kept import with_kept
    from ganzoo.rundir.lock import TakenError

    recipe = find_recipe(str(path))
    path, name = (recipe.path, f"{recipe.distribution}-{recipe.name}") if recipe else (path, run_name(path))
    config, taken = load_config(path, overrides), set[Path]()
    while True:
        folder = out.expanduser() if out else default_out(name, resume, taken)  # no shell expands --out=~/a
        registry = with_kept(Registry.installed(), folder) if resume else Registry.installed()
        resolved = resolve(config, with_kept(registry, path.parent, anew=True) if path.name == CONFIG else registry)
        try:
            return Runner(config, resolved, path, folder, resume, reporter, ranks, change)
        except TakenError:  # another run began there meanwhile
            if out or resume:
                raise
            taken.add(folder)


def finish(runner: Runner) -> int:
    """Train to the end; returns the exit code."""
    if not runner.finished:
        return runner.train()
    runner.directory.close()
    steps = runner.config.train.steps
    runner.reporter.say(f"{runner.directory.path} is finished already ({steps} steps); raise train.steps to go on")
    return 0


@contextmanager
def without_collecting() -> Iterator[None]:
    """No garbage is looked for inside: imports make a million objects that all stay, and looking takes a fifth of the start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.freeze()  # nor is what is there now looked through again, until the end: extension modules report what is then left
        atexit.register(gc.unfreeze)


def run_name(config: Path) -> str:
    """What a run of this file is called: as the file, or as the earlier run whose config.yaml it is."""
    return config.resolve().parent.name if config.name == "config.yaml" else config.stem


def default_out(name: str, resume: bool, taken: Collection[Path] = ()) -> Path:
    """``runs/NAME``, then ``runs/NAME-2`` and so on: the first that is free, or the last in use where a run is resumed.

    Args:
        name: of the run.
        resume: whether it is resumed.
        taken: folders that another run has begun to use.
    """
    folder, count, last = Path("runs") / name, 1, None
    while folder in taken or (folder / "config.yaml").exists():
        last, count = folder, count + 1
        folder = Path("runs") / f"{name}-{count}"
    return last if resume and last else folder
