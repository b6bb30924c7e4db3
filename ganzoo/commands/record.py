"""``ganzoo eval``, ``report`` and ``replay``: measure a run, and tell of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json

from . import offers
from .options import Json, Quiet, RunFolder, Seed, Weights

GROUP = "Look at runs"


def evaluate(
    run_folder: RunFolder,
    metric: Annotated[
        list[str],
        typer.Option(
            "--metric",
            "-m",
            metavar="METRIC",
            autocompletion=offers.of_kind("metric"),
            help="A metric, or YAML: '{name: fid, samples: 5000}'; may be given several times.",
        ),
    ],
    override: Annotated[
        list[str] | None,
        typer.Option("-o", "--override", metavar="KEY=VALUE", help="Set a parameter of the metrics that have it: -o samples=5000."),
    ] = None,
    weights: Weights = None,
    inception_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of Inception's weights, for the metrics that see with it.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the generator of a run.

    Every number comes with what it depends on, and is noted in the run's metrics.jsonl.

    Example: ganzoo eval runs/quickstart --metric classifier_fid
    """
    from ganzoo.config import resolve_metrics
    from ganzoo.config.yaml_writer import flow
    from ganzoo.rundir.lines import EVAL, append_event
    from ganzoo.runs import evaluate as runs

    registry = Registry.installed()
    parameters = override or []
    if inception_weights is not None:
        parameters = [*parameters, f"weights={flow(str(inception_weights))}"]
    parts = resolve_metrics(metric, parameters, registry)
    results = []
    found = runs.evaluate(run_folder, parts, weights=weights, seed=seed, registry=registry, reporter=choose_reporter(quiet or as_json))
    for each in found:
        results.append({"metric": each.metric, "step": each.step, "values": each.values})
        if not as_json:
            print(f"{each.metric}: {each}", flush=True)
        # Other weights get another name: the run's own numbers are not theirs.
        name = f"{each.metric} of {weights.name}" if weights else each.metric
        append_event(run_folder, "evaluated", step=each.step, metric=name, values=each.values, by=EVAL)
    if as_json:
        print_json(results)


def report(run_folder: RunFolder) -> None:
    """Make the report.html of a run again.

    Example: ganzoo report runs/quickstart
    """
    print(Registry.installed().find("observer", "html_report").load().write_report(run_folder))


def replay(
    run_folder: RunFolder,
    to: Annotated[
        list[str],
        typer.Option(
            "--to",
            metavar="OBSERVER",
            autocompletion=offers.of_kind("observer"),
            help="An observer, or YAML: '{name: NAME, KEY: VALUE}'.",
        ),
    ],
    quiet: Quiet = False,
) -> None:
    """Tell an observer the story of a run that it did not see.

    Example: ganzoo replay runs/quickstart --to OBSERVER (ganzoo list --kind observer shows which there are)
    """
    from ganzoo.config import resolve_observers

    parts = resolve_observers(to, Registry.installed())
    from ganzoo.runs import replay as runs

    count = runs.replay(run_folder, parts, choose_reporter(quiet))
    print(f"{run_folder}: {count} events told to {', '.join(part.name for part in parts)}")
