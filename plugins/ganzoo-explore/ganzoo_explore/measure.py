"""``ganzoo eval``: measure a run, or pictures in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands import offers
from ganzoo.commands.options import Json, Quiet, Seed, Step, Weights
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json

GROUP = "Look at runs"


def evaluate(
    metric: Annotated[
        list[str] | None,
        typer.Option(
            "--metric",
            "-m",
            metavar="METRIC",
            autocompletion=offers.of_kind("metric"),
            help="A metric, or YAML: '{name: fid, samples: 5000}'; may be given several times. Default: those of the run's configuration.",
        ),
    ] = None,
    run_folder: Annotated[Path | None, typer.Argument(metavar="RUN", help="A folder that 'ganzoo run' made.")] = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Measure the pictures in a folder, instead of a run's generator.")
    ] = None,
    against: Annotated[Path | None, typer.Option(metavar="FOLDER", help="With --images: the folder of real pictures.")] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            "-o",
            "--override",
            metavar="KEY=VALUE",
            help="Set a parameter of the metrics that have it, or where the data lies now: -o samples=5000, -o data.root=FOLDER.",
        ),
    ] = None,
    weights: Weights = None,
    step: Step = None,
    inception_weights: Annotated[
        Path | None, typer.Option(metavar="FILE", help="File of Inception's weights, for the metrics that see with it.")
    ] = None,
    seed: Seed = 0,
    as_json: Json = False,
    quiet: Quiet = False,
) -> None:
    """Measure the generator of a run, or the pictures in a folder.

    Every number comes with what it depends on, and is noted in the run's metrics.jsonl; that of a folder is printed only.

    Example: ganzoo eval runs/quickstart --metric classifier_fid
    """
    from ganzoo.config.yaml_writer import flow
    from ganzoo.rundir.kept import with_kept
    from ganzoo.rundir.lines import EVAL, append_event

    from .folders import measure_folders
    from .measured import measure_run, metrics_of, resolve_metrics

    registry = Registry.installed()
    of_data = [text for text in override or () if text.startswith("data.")]
    parameters = [text for text in override or () if text not in of_data]
    if inception_weights is not None:
        parameters = [*parameters, f"weights={flow(str(inception_weights))}"]
    if not metric and run_folder is not None:
        metric, registry = metrics_of(run_folder), with_kept(registry, run_folder)
    if not metric:
        raise UserError("no metric is named", "name one: --metric METRIC", key="--metric")
    parts = resolve_metrics(metric, parameters, registry)
    results = []
    reporter = choose_reporter(quiet or as_json)
    if images is not None and against is not None and run_folder is None and weights is None and step is None:
        found = measure_folders(images, against, parts, of_data, registry, reporter)
    elif run_folder is not None and images is None and against is None:
        found = measure_run(
            run_folder, parts, weights=weights, seed=seed, registry=registry, reporter=reporter, step=step, overrides=of_data
        )
    else:
        raise UserError("what is to be measured is not clear", "name a run, or --images FOLDER --against FOLDER", key="eval")
    for each in found:
        results.append({"metric": each.metric, "step": each.step, "values": each.values})
        if not as_json:
            print(f"{each.metric}: {each}", flush=True)
        # Other weights get another name: the run's own numbers are not theirs.
        name = f"{each.metric} of {weights.name}" if weights else each.metric
        if run_folder is not None:
            append_event(run_folder, "evaluated", step=each.step, metric=name, values=each.values, by=EVAL)
    if as_json:
        print_json(results)
