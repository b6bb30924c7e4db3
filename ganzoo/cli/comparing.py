"""What sets runs side by side: ``compare``."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ganzoo.engine.sampling import CLOUD
from ganzoo.errors import GanzooError, UserError
from ganzoo.players import Generator
from ganzoo.registry import Registry
from ganzoo.rundir import ComparedRun, NumberRow, fact_rows, number_text
from ganzoo.rundir.comparison import config_differences, number_rows, read_runs
from ganzoo.runs.pages import page_writer
from ganzoo.runs.trained import Trained, load_trained
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table


def compare(folders: list[Path], out: Path, n: int, seed: int, as_json: bool) -> None:
    """Write the page, and print the numbers and what differs."""
    registry = Registry.installed()
    writer = page_writer(registry)
    runs = read_runs(folders)
    numbers = number_rows(runs, lambda component: _directions(component, registry))
    changed = config_differences(runs)
    loaded = [_load(run, registry) for run in runs]
    pictures = [_picture(found, n, seed) for found in loaded]
    names = [run.name for run in runs]
    writer.write_comparison(out, runs, pictures, about_latents(names, loaded, seed), numbers, changed)
    if as_json:
        print_json(_as_json(out, runs, numbers, changed))
        return
    rows = [(row.number if row.number == row.metric else f"{row.metric}: {row.number}", *_cells(row), row.verdict) for row in numbers]
    print_table(["", *names, ""], [*rows, *((name, *cells, "") for name, cells in fact_rows(runs))])
    if changed:
        print()
        print_table(["differs", *names], [(key, *map(_short, values)) for key, values in changed.items()])
    print(f"\n{out}")


def about_latents(names: Sequence[str], loaded: Sequence[Trained | UserError], seed: int) -> str:
    """Whether the samples of the grids correspond, in a sentence."""
    kinds: dict[str, list[str]] = {}
    for name, trained in zip(names, loaded, strict=True):
        if isinstance(trained, Trained):
            kinds.setdefault(_latents_of(trained), []).append(name)
    if len(kinds) < 2:
        return f"From the same latents: seed {seed}, {next(iter(kinds), 'none')} for all."
    listed = ", ".join(f"{kind} for {' and '.join(who)}" for kind, who in kinds.items())
    return f"The seed is {seed} for all, but the latents are not the same ({listed}), so the samples do not correspond one by one."


def _latents_of(trained: Trained) -> str:
    """What a generator's noise depends on besides the seed, in words; two that say the same draw the same."""
    if type(trained.generator).draw is not Generator.draw:
        return f"a prior of {trained.part.component.qualified}'s own"
    return f"{trained.generator.latent_dim} numbers a sample" if trained.generator.latent_dim else "no noise"


def _load(run: ComparedRun, registry: Registry) -> Trained | UserError:
    try:
        return load_trained(run.folder, None, registry, choose_reporter())
    except UserError as error:  # a plugin that is not here is no reason to compare nothing
        return error


def _picture(trained: Trained | UserError, n: int, seed: int) -> bytes | str:
    """A PNG of samples, or why there is none."""
    if isinstance(trained, UserError):
        return f"No samples: {trained}"
    try:
        buffer = io.BytesIO()
        made = trained.sample(n if trained.data.is_image else CLOUD, seed)
        made.picture(None if trained.data.is_image else _real_points(trained)).save(buffer, format="PNG")
    except GanzooError as error:
        return f"No samples: {error}"
    return buffer.getvalue()


def _real_points(trained: Trained) -> np.ndarray | None:
    """Points of the data, so that runs on the same data have the same axes; None where it is not here."""
    try:
        return trained.real(CLOUD)
    except Exception:  # whatever a data set raises: it would only have been drawn beneath
        return None


def _directions(component: str, registry: Registry) -> Mapping[str, str]:
    """Which way a metric's numbers are better; nothing where it is not installed."""
    try:
        better: Mapping[str, str] = getattr(registry.find("metric", component).load(), "better", {})
    except UserError:
        return {}
    return better


def _cells(row: NumberRow) -> list[str]:
    best = row.best
    return [f"{number_text(found.value)}{' (best)' if i in best else ''}" if found else "-" for i, found in enumerate(row.values)]


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _as_json(out: Path, runs: Sequence[ComparedRun], numbers: Sequence[NumberRow], changed: Mapping[str, list[str]]) -> dict[str, Any]:
    names = [run.name for run in runs]

    def cell(row: NumberRow, i: int) -> dict[str, Any] | None:
        found = row.values[i]
        return None if found is None else {"value": found.value, "step": found.step, "provenance": dict(found.provenance)}

    return {
        "file": str(out),
        "runs": {run.name: {"folder": str(run.folder), "steps": run.record.last_step, "outcome": run.record.outcome} for run in runs},
        "numbers": [
            {
                "metric": row.metric,
                "number": row.number,
                "values": {name: cell(row, i) for i, name in enumerate(names)},
                "ranked": [names[i] for i in row.ranked],
                "verdict": row.verdict,
            }
            for row in numbers
        ],
        "differs": {key: dict(zip(names, values, strict=True)) for key, values in changed.items()},
    }
