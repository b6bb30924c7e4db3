"""``ganzoo sweep``: train a configuration with many settings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands.options import Json, Quiet
from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

GROUP = "Train"


def sweep(
    sweep_file: Annotated[Path, typer.Argument(metavar="SWEEP", help="A YAML file: a configuration and what to vary in it.")],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="Folder of the trials (default: runs/NAME of the file).")] = None,
    ray: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Run on a Ray cluster: auto, HOST:PORT, or local for Ray's workers here.")
    ] = None,
    cpus: Annotated[float, typer.Option(metavar="N", min=0.01, help="CPU cores of a trial on Ray.")] = 1,
    gpus: Annotated[float, typer.Option(metavar="N", min=0, help="GPUs of a trial on Ray; 0.5: two trials share one.")] = 0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check every trial, list them and run nothing.")] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Train a configuration with many settings and seeds.

    One after another, or on a Ray cluster. Interrupted, the same command goes on.

    Example: ganzoo sweep sweep.yaml
    """
    from .settings import read_sweep
    from .trials import plan

    reporter, folder = choose_reporter(quiet), out or Path("runs") / sweep_file.stem
    file = read_sweep(sweep_file)
    trials = plan(file)
    if (folder / "config.yaml").exists():
        raise UserError(f"{folder} is a run directory", "choose another folder", key="--out")
    from ganzoo.engine.signals import stop_on_signals

    from .checking import check
    from .process import Job, Result, result_of
    from .running import Executor, one_after_another, run_all
    from .summary import Summary

    execute: Executor = one_after_another
    if ray:
        from .ray_cluster import on_ray

        execute = on_ray(ray, cpus, gpus)
    steps = check(file, trials, folder, Registry.installed(), reporter)
    base, here = str(file.base.resolve()), str(Path.cwd())
    jobs = [
        Job(trial.name, base, tuple(o.text for o in trial.overrides), str((folder / trial.name).resolve()), steps[trial.name], here)
        for trial in trials
    ]
    results = {job.name: result_of(job, None) for job in jobs}

    def summary() -> Summary:
        return Summary(trials, [results[trial.name] for trial in trials], file.settings.best)

    def note(result: Result) -> None:
        results[result.name] = result
        summary().write(folder)

    with stop_on_signals() as stop:
        if not dry_run:
            write_atomically(folder / "sweep.yaml", sweep_file.read_bytes())
            run_all(jobs, execute, stop, reporter, note)
            summary().write(folder)
        found = summary()
        if as_json:
            print_json(found.to_json())
        else:
            print_table(*found.table())
            if found.best and file.settings.best:
                print(f"best: {found.best.text}")
            if found.not_ranked:
                print(f"not ranked: {'; '.join(found.not_ranked)}")
            for name, changes in found.mixed.items():
                print(f"changed on resuming: {name}: {changes}")
            print(f"{len(trials)} trials fit; nothing was run" if dry_run else f"summary: {folder / 'summary.md'}")
        if stop.signal:
            return 128 + stop.signal  # as shells count
    if failed := found.count("failed"):
        first = next(row for row in found.rows if row.result.state == "failed")
        raise GanzooError(f"{failed} of {len(trials)} trials failed, the first: {first.trial.name}: {first.result.reason}")
    return 0
