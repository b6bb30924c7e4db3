"""``ganzoo check``: whether a configuration fits together, and whether a plugin is sound."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.commands import offers
from ganzoo.commands.options import Json, Override, Quiet
from ganzoo.errors import UserError
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

GROUP = "Train"


def check(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG|PLUGIN",
            autocompletion=offers.configurations,
            help="A configuration as 'run' takes it, or a plugin: its file, its folder or its wheel.",
        ),
    ],
    override: Override = None,
    here: Annotated[
        bool, typer.Option("--here", help="Check a plugin as it is installed in this environment, without building it or combining it.")
    ] = False,
    as_json: Json = False,
    quiet: Quiet = False,
) -> int:
    """Check a configuration by one step of it, or a plugin.

    Of a configuration: its keys, its components, its data, and whether the combination fits. No run directory is written;
    images that had to be decoded stay in the cache.

    Given a plugin's file, folder or wheel: the same as check-plugin.

    Example: ganzoo check zoo_configs/quickstart.yaml -o critic.norm=batch
    """
    if config.is_dir() or config.suffix in (".whl", ".py"):
        if override:
            raise UserError("a plugin has no configuration to override", "leave -o out", key="-o")
        from .authoring.check_plugin import check_plugin

        return int(check_plugin(config, here, as_json, quiet))
    if here:
        raise UserError("it is for plugins", "name a plugin's folder, or leave --here out", key="--here")
    return check_configuration(config, override or [], as_json, quiet)


def check_configuration(path: Path, overrides: list[str], as_json: bool, quiet: bool) -> int:
    """Validate, fit, find out whether the metrics can be measured, and take one step in memory."""
    from ganzoo.config import load_config, resolve
    from ganzoo.rundir.kept import with_kept

    config = load_config(path, overrides)
    registry = Registry.installed()
    resolved = resolve(config, with_kept(registry, path.parent, anew=True) if path.name == "config.yaml" else registry)
    from ganzoo.compat import MisfitError
    from ganzoo.engine.build import build
    from ganzoo.engine.evaluation import Evaluations
    from ganzoo.engine.loop import rehearse

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
    counts = {side: sum(p.numel() for p in getattr(built, side).parameters()) for side in ("generator", "critic")}
    classes = built.class_counts()
    if as_json:
        about = {"data": built.data.to_json(), "classes": classes, "parameters": counts, "notes": notes}
        print_json({"fits": True, **about, "first_step": values, "seconds": seconds})
        return 0
    shapes = ", ".join(f"{name} {tuple(shape)}" for name, shape in built.data.fields.items())
    print(f"{path}: fits")
    rows = [("data", f"{resolved.data.name}: {built.batches.count} samples of {shapes}")]
    if classes:
        rows.append(("classes", ", ".join(f"{name} ({count:,})" for name, count in classes.items())))
    rows += [(n, f"{getattr(resolved, n).name}: {count:,} parameters") for n, count in counts.items()]
    rows += [("loss", ", ".join(built.losses)), ("first step", f"{seconds:.2f} s on {built.runtime.device}, {built.runtime.precision}")]
    print_table([], [(f"  {name}", text) for name, text in rows])
    for note in notes:
        print(f"  note: {note}")
    return 0
