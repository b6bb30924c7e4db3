"""``ganzoo run``: train."""

from __future__ import annotations

import atexit
import gc
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.ui.progress import reporter as choose_reporter

from .options import ConfigFile, Override, Quiet

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
        typer.Option(
            metavar="KEY", help="With --resume, go on with another rate, batch size or place of the data: train.batch_size, data.root."
        ),
    ] = None,
    quiet: Quiet = False,
) -> int:
    """Train what a YAML file names.

    Example: ganzoo run zoo_configs/quickstart.yaml -o train.steps=500
    """
    with ExitStack() as stack:
        ranks, reporter = None, choose_reporter(quiet)
        if os.environ.get("WORLD_SIZE", "1") != "1":
            from ganzoo.engine.distributed.launch import joined

            # Before all else, so that one process speaks for all where the configuration is wrong.
            ranks = stack.enter_context(joined())
            reporter = reporter if ranks.is_main else choose_reporter(True, stack.enter_context(Path(os.devnull).open("w")))
        with without_collecting():
            from ganzoo.runs.training import finish, prepare

            runner = prepare(config, override or [], out, resume, reporter, ranks, change or [])
        code, folder = finish(runner), runner.directory.path
    if reporter.quiet or not runner.ranks.is_main:
        return code
    samples = sorted((folder / "samples").glob("step-*.png"))
    report = folder / "report.html"
    for name, value in (("samples", samples[-1] if samples else ""), ("report", report), ("weights", folder / "weights")):
        if value != report or report.exists():
            print(f"{name}: {value}")
    return code


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
