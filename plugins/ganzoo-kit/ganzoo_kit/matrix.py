"""``ganzoo matrix``: which installed components fit together on a data set, and why others do not."""

from __future__ import annotations

from typing import Annotated

import typer

from ganzoo.commands import offers
from ganzoo.commands.options import Json
from ganzoo.registry import Registry
from ganzoo.ui.progress import reporter as choose_reporter
from ganzoo.ui.tables import print_json, print_table

GROUP = "Train"


def matrix(
    data: Annotated[
        str,
        typer.Option(
            metavar="DATA",
            autocompletion=offers.of_kind("dataset"),
            help="The data set to fit, as YAML: digits, ring, '{name: celeba, root: ...}'.",
        ),
    ] = "digits",
    as_json: Json = False,
) -> None:
    """Show what fits together, and why the rest does not.

    Every installed generator with every critic, loss and schedule, on one data set.

    Example: ganzoo matrix --data ring
    """
    from ganzoo.config import resolve_dataset
    from ganzoo.data.cache import Cache
    from ganzoo.data.spec import describe

    from .crossing import cross

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
