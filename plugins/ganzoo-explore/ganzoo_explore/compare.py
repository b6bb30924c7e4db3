"""``ganzoo compare``: runs side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ganzoo.commands.options import Json, Seed
from ganzoo.files import check_ending
from ganzoo.registry import Registry
from ganzoo.ui.tables import print_json, print_table

if TYPE_CHECKING:
    from ganzoo_report.comparison import ComparedRun, NumberRow

GROUP = "Look at runs"


def compare(
    run_folders: Annotated[list[Path], typer.Argument(metavar="RUN", help="Two or more folders that 'ganzoo run' made.")],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write.")] = Path("compare.html"),
    n: Annotated[int, typer.Option("-n", metavar="N", min=1, help="How many samples of each.")] = 64,
    seed: Seed = 0,
    as_json: Json = False,
) -> None:
    """Set runs side by side, on one page.

    Samples from the same latents, curves, numbers with what they depend on, and what differs in the configurations.
    Numbers are ranked only where all that they depend on is the same; otherwise it says what is not.

    Example: ganzoo compare runs/original runs/wider --out compare.html
    """
    from ganzoo_report.changes import changed_keys
    from ganzoo_report.comparison import fact_rows
    from ganzoo_report.numbers import number_text

    from .compared import number_rows, read_runs
    from .side_by_side import about_latents, directions, load, picture

    def cells(row: NumberRow) -> list[str]:
        best = row.best
        return [f"{number_text(found.value)}{' (best)' if i in best else ''}" if found else "-" for i, found in enumerate(row.values)]

    check_ending(out, ".html", ".htm", key="--out")
    registry = Registry.installed()
    writer = registry.find("observer", "html_report").load()
    runs = read_runs(run_folders)
    numbers = number_rows(runs, lambda component: directions(component, registry))
    changed = changed_keys([run.config for run in runs])
    loaded = [load(run, registry) for run in runs]
    pictures = [picture(found, n, seed) for found in loaded]
    names = [run.name for run in runs]
    writer.write_comparison(out, runs, pictures, about_latents(names, loaded, seed), numbers, changed)
    if as_json:
        print_json(_as_json(out, runs, numbers, changed))
        return
    rows = [(row.number if row.number == row.metric else f"{row.metric}: {row.number}", *cells(row), row.verdict) for row in numbers]
    print_table(["", *names, ""], [*rows, *((name, *cells, "") for name, cells in fact_rows(runs))])
    if changed:
        print()
        print_table(["differs", *names], [(key, *map(_short, values)) for key, values in changed.items()])
    print(f"\n{out}")


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _facts(run: ComparedRun) -> dict[str, Any]:
    record = run.record
    changes = [text for _, text in record.changes]
    return {"folder": str(run.folder), "steps": record.last_step, "outcome": record.outcome, "changed_on_resuming": changes}


def _as_json(out: Path, runs: Sequence[ComparedRun], numbers: Sequence[NumberRow], changed: Mapping[str, list[str]]) -> dict[str, Any]:
    names = [run.name for run in runs]

    def as_plain(row: NumberRow) -> dict[str, Any]:
        cells = [found and {"value": found.value, "step": found.step, "provenance": dict(found.provenance)} for found in row.values]
        told = {"metric": row.metric, "number": row.number, "values": dict(zip(names, cells, strict=True))}
        return {**told, "ranked": [names[i] for i in row.ranked], "verdict": row.verdict}

    return {
        "file": str(out),
        "runs": {run.name: _facts(run) for run in runs},
        "numbers": [as_plain(row) for row in numbers],
        "differs": {key: dict(zip(names, values, strict=True)) for key, values in changed.items()},
    }
