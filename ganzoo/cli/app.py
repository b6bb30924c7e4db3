"""The commands and their arguments. What they do lives elsewhere: here they are only named and explained."""

from __future__ import annotations

from importlib.metadata import version as version_of
from pathlib import Path
from typing import Annotated

import typer

from ganzoo.errors import UserError
from ganzoo.hookspecs import KINDS

from . import completing, results
from .grouping import Commands
from .options import ConfigFile, Json, Override, Quiet

app = typer.Typer(
    name="ganzoo",
    cls=Commands,
    help="A GAN zoo made of plugins: train any installed generator, critic, loss and schedule that fit together.",
    epilog="Start with: ganzoo list, then ganzoo run zoo_configs/quickstart.yaml, or one of the recipes that ganzoo plugins lists",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"ganzoo {version_of('ganzoo-core')}")
        raise typer.Exit()


@app.callback()
def _options(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks (also behind a command).")] = False,
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")] = False,
) -> None:
    pass


@app.command("list")
def list_(
    kind: Annotated[str | None, typer.Option(metavar="KIND", autocompletion=completing.kinds, help=f"One of: {', '.join(KINDS)}.")] = None,
    as_json: Json = False,
) -> None:
    """List the installed components and where each comes from.

    Example: ganzoo list --kind loss
    """
    from . import listing

    listing.list_components(kind, as_json)


@app.command()
def info(
    name: Annotated[
        str, typer.Argument(metavar="NAME", autocompletion=completing.components, help="A component, or distribution/component.")
    ],
    as_json: Json = False,
) -> None:
    """Show the parameters of a component, their meaning and the paper.

    Example: ganzoo info alternate
    """
    from . import listing

    listing.show_component(name, as_json)


@app.command()
def plugins(as_json: Json = False) -> None:
    """List the plugins and their recipes, and why some are broken.

    Example: ganzoo plugins
    """
    from . import listing

    listing.list_plugins(as_json)


@app.command()
def run(
    config: ConfigFile,
    override: Override = None,
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The run directory (default: runs/NAME of the configuration).")] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Continue the run in --out (or the last of that name); start one if there is none.")
    ] = False,
    quiet: Quiet = False,
) -> int:
    """Train what a YAML file names.

    Example: ganzoo run zoo_configs/quickstart.yaml -o train.steps=500
    """
    from . import training

    return training.run(config, override or [], out, resume, quiet)


@app.command()
def check(
    config: Annotated[
        Path,
        typer.Argument(
            metavar="CONFIG|PLUGIN_DIR|WHEEL",
            autocompletion=completing.configurations,
            help="A configuration as 'run' takes it, a plugin's folder, or its wheel.",
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

    Given a plugin's folder or wheel: build it, install it into a clean environment, run the conformance kit there on all
    that it gives, and train two steps of everything installed that it fits. This runs the plugin's code.

    Example: ganzoo check zoo_configs/quickstart.yaml -o critic.norm=batch
    """
    if config.is_dir() or config.suffix == ".whl":
        from . import conformance

        if override:
            raise UserError("a plugin has no configuration to override", "leave -o out", key="-o")
        return conformance.check_plugin(config, here, as_json, quiet)
    if here:
        raise UserError("it is for plugins", "name a plugin's folder, or leave --here out", key="--here")
    from . import training

    return training.check(config, override or [], as_json, quiet)


@app.command("new-plugin")
def new_plugin(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Its name in lower-case words, joined by hyphens: tower makes ganzoo-tower.")],
    kind: Annotated[str, typer.Option(metavar="KIND", autocompletion=completing.kinds, help=f"What it gives: {', '.join(KINDS)}.")],
    out: Annotated[Path | None, typer.Option(metavar="FOLDER", help="The project's folder (default: ganzoo-NAME).")] = None,
    like: Annotated[
        str | None, typer.Option(metavar="CONFIG", help="The configuration that its recipe starts from (default: an installed recipe).")
    ] = None,
) -> None:
    """Write a new plugin: a component that works, with its tests.

    Example: ganzoo new-plugin tower --kind loss
    """
    from . import authoring

    authoring.new_plugin(name, kind, out, like)


@app.command()
def matrix(
    data: Annotated[
        str,
        typer.Option(
            metavar="DATA",
            autocompletion=completing.of_kind("dataset"),
            help="The data set to fit, as YAML: digits, ring, '{name: celeba, root: ...}'.",
        ),
    ] = "digits",
    as_json: Json = False,
) -> None:
    """Show what fits together, and why the rest does not.

    Every installed generator with every critic, loss and schedule, on one data set.

    Example: ganzoo matrix --data ring
    """
    from . import training

    training.show_matrix(data, as_json)


@app.command()
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
    from . import sweeping

    return sweeping.sweep(sweep_file, out, ray, cpus, gpus, dry_run, as_json, quiet)


for command in results.COMMANDS:
    app.command(command.__name__.rstrip("_"))(command)


@app.command()
def schema() -> None:
    """Print the JSON schema of configurations, for an editor.

    Example: ganzoo schema > ganzoo.schema.json
    """
    from . import listing

    listing.print_schema()


@app.command()
def doctor(as_json: Json = False) -> None:
    """Print what a bug report needs.

    Versions, devices, plugins and what is broken about them, the cache, the disk.

    Example: ganzoo doctor --json
    """
    from . import doctoring

    doctoring.print_doctor(as_json)
