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
    of: Annotated[str, typer.Option(metavar="NAME", help="Only what this generator, critic, loss or schedule takes part in.")] = "",
    as_json: Json = False,
) -> None:
    """Show what fits together, and why the rest does not.

    Every installed generator with every critic, loss and schedule, on one data set. What wraps another component stands around the
    first that it can be built with.

    Example: ganzoo matrix --data ring --of hinge
    """
    from ganzoo.config import resolve_alone
    from ganzoo.data.cache import Cache
    from ganzoo.data.spec import describe_data

    from .crossing import cross

    registry = Registry.installed()
    dataset = resolve_alone("dataset", data, registry, f"-o data={data}", key="data").build()
    spec = describe_data(dataset, dataset.arrays(Cache()))
    rows = cross(registry, spec, choose_reporter(quiet=as_json), of)
    if as_json:
        print_json([row.to_json() for row in rows])
        return
    fitting = sum(row.fits for row in rows)
    print(f"{fitting} of {len(rows)} combinations{f' of {of}' if of else ''} fit {data}")
    columns = ["generator", "critic", "loss", "schedule", "fits"]
    print_table(columns, [(r.generator, r.critic, " + ".join(r.losses), r.schedule, "yes" if r.fits else f"no: {r.reason}") for r in rows])
