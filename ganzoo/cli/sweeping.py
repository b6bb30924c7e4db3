"""What trains many runs: ``sweep``."""

from __future__ import annotations

from pathlib import Path

from ganzoo.errors import GanzooError, UserError
from ganzoo.files import write_atomically
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table


def sweep(path: Path, out: Path | None, ray: str | None, cpus: float, gpus: float, dry_run: bool, as_json: bool, quiet: bool) -> int:
    """Check every trial, run those that are not finished, and print what was found.

    Raises:
        GanzooError: where trials failed, after the others were run.
    """
    from ganzoo.sweep.settings import read_sweep
    from ganzoo.sweep.trials import plan

    reporter, folder = choose_reporter(quiet), out or Path("runs") / path.stem
    file = read_sweep(path)
    trials = plan(file)
    if (folder / "config.yaml").exists():
        raise UserError(f"{folder} is a run directory", "choose another folder", key="--out")
    from ganzoo.engine.signals import stop_on_signals
    from ganzoo.sweep.checking import check
    from ganzoo.sweep.process import Job, Result, result_of
    from ganzoo.sweep.running import Executor, one_after_another, run_all
    from ganzoo.sweep.summary import Summary

    execute: Executor = one_after_another
    if ray:
        from ganzoo.sweep.ray_cluster import on_ray

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
            write_atomically(folder / "sweep.yaml", path.read_bytes())
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
            print(f"{len(trials)} trials fit; nothing was run" if dry_run else f"summary: {folder / 'summary.md'}")
        if stop.signal:
            return 128 + stop.signal  # as shells count
    if failed := found.count("failed"):
        first = next(row for row in found.rows if row.result.state == "failed")
        raise GanzooError(f"{failed} of {len(trials)} trials failed, the first: {first.trial.name}: {first.result.reason}")
    return 0
