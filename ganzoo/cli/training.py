"""What trains: ``run``, ``check``, ``matrix``. Torch comes in here."""

from __future__ import annotations

import atexit
import gc
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ganzoo.config import Resolved, RunConfig, load_config, resolve
from ganzoo.recipes import find_recipe
from ganzoo.registry import Registry
from ganzoo.ui.progress import Reporter
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

if TYPE_CHECKING:
    from ganzoo.engine.distributed import Ranks


def load(config: Path, overrides: list[str]) -> tuple[RunConfig, Resolved]:
    """A configuration with its components looked up and their parameters checked."""
    loaded = load_config(config, overrides)
    return loaded, resolve(loaded, Registry.installed())


def run(path: Path, overrides: list[str], out: Path | None, resume: bool, quiet: bool) -> int:
    """Train, alone or as one of the processes that torchrun started; prints the folder and what is in it."""
    if os.environ.get("WORLD_SIZE", "1") == "1":
        return train(path, overrides, out, resume, choose_reporter(quiet))
    from ganzoo.engine.distributed.launch import joined

    # Before all else, so that one process speaks for all where the configuration is wrong.
    with joined() as ranks, Path(os.devnull).open("w") as nowhere:
        return train(path, overrides, out, resume, choose_reporter(quiet) if ranks.leads else choose_reporter(True, nowhere), ranks)


def train(path: Path, overrides: list[str], out: Path | None, resume: bool, reporter: Reporter, ranks: Ranks | None = None) -> int:
    """Train as one of ``ranks``; None: alone. Rank 0 prints."""
    recipe = find_recipe(str(path))
    path, name = (recipe.path, f"{recipe.distribution}-{recipe.name}") if recipe else (path, run_name(path))
    with without_collecting():
        config, resolved = load(path, overrides)
        from ganzoo.engine.runner import Runner

        folder = out or default_out(name, resume)
        runner = Runner(config, resolved, path, folder, resume, reporter, ranks)
    if runner.finished:
        runner.directory.close()
        reporter.say(f"{folder} is finished already ({config.train.steps} steps); raise train.steps to go on")
        code = 0
    else:
        code = runner.train()
    if reporter.quiet or not runner.ranks.leads:
        return code
    samples = sorted((folder / "samples").glob("step-*.png"))
    for name, value in (("samples", samples[-1] if samples else ""), ("report", folder / "report.html"), ("weights", folder / "weights")):
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


def run_name(config: Path) -> str:
    """What a run of this file is called: as the file, or as the earlier run whose config.yaml it is."""
    return config.resolve().parent.name if config.name == "config.yaml" else config.stem


def default_out(name: str, resume: bool) -> Path:
    """``runs/NAME``, then ``runs/NAME-2`` and so on: the first that is free, or the last in use where a run is resumed."""
    folder, count, last = Path("runs") / name, 1, None
    while (folder / "config.yaml").exists():
        last, count = folder, count + 1
        folder = Path("runs") / f"{name}-{count}"
    return last if resume and last else folder


def check(path: Path, overrides: list[str], as_json: bool, quiet: bool) -> int:
    """Validate, fit, find out whether the metrics can be measured, and take one step in memory."""
    config, resolved = load(path, overrides)
    from ganzoo.engine.evaluation import Evaluations
    from ganzoo.engine.first_steps import rehearse
    from ganzoo.engine.run import MisfitError, build

    try:
        built, notes = build(config, resolved, choose_reporter(quiet))
    except MisfitError as error:
        if as_json:
            print_json({"fits": False, "problems": [{"key": key, "problem": text} for key, text in error.problems]})
        else:
            print(f"{path}: does not fit")
            print_table([], [(f"  {key}", text) for key, text in error.problems])
        raise
    Evaluations(resolved.metrics, built, resolved.data, choose_reporter(quiet))
    started = time.perf_counter()
    values = rehearse(built)
    seconds = time.perf_counter() - started
    counts = {n: sum(p.numel() for p in net.parameters()) for n, net in (("generator", built.generator), ("critic", built.critic))}
    if as_json:
        print_json(
            {"fits": True, "data": built.data.to_json(), "parameters": counts, "notes": notes, "first_step": values, "seconds": seconds}
        )
        return 0
    shapes = ", ".join(f"{name} {tuple(shape)}" for name, shape in built.data.fields.items())
    print(f"{path}: fits")
    rows = [("data", f"{resolved.data.name}: {built.batches.count} samples of {shapes}")]
    rows += [(n, f"{getattr(resolved, n).name}: {count:,} parameters") for n, count in counts.items()]
    rows += [("loss", ", ".join(built.losses)), ("first step", f"{seconds:.2f} s on {built.runtime.device}, {built.runtime.precision}")]
    print_table([], [(f"  {name}", text) for name, text in rows])
    for note in notes:
        print(f"  note: {note}")
    return 0


def show_matrix(data: str, as_json: bool) -> None:
    """Print what fits what, for one data set."""
    from ganzoo.compat.matrix import cross
    from ganzoo.config import resolve_dataset
    from ganzoo.data.cache import Cache
    from ganzoo.data.spec import describe

    registry = Registry.installed()
    dataset = resolve_dataset(data, registry).build()
    spec = describe(dataset.arrays(Cache()), dataset.classes, dataset.scale, dataset.class_maps)
    rows = cross(registry, spec, choose_reporter(quiet=as_json))
    if as_json:
        print_json([row.to_json() for row in rows])
        return
    fitting = sum(row.fits for row in rows)
    print(f"{fitting} of {len(rows)} combinations fit {data}")
    columns = ["generator", "critic", "loss", "schedule", "fits"]
    print_table(columns, [(r.generator, r.critic, " + ".join(r.losses), r.schedule, "yes" if r.fits else f"no: {r.reason}") for r in rows])
