"""The parts of ``docs/study.md`` that are made from the results."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from common.page import put_into

from ganzoo.files import write_atomically

from .cells import BETAS, CELLS, CRITIC_UPDATES, DATA, LOSSES, OWN, RATE, REGULARISERS, Cell, why_not
from .findings import failed, findings, shown
from .picture import strip
from .results import Results


def write_page(docs: Path, results: Results) -> None:
    """Write the page's parts and the pictures.

    Raises:
        UserError: where the page has no place for them.
    """
    page = docs / "study.md"
    put_into(page, "settings", "study", "\n".join(settings()))
    put_into(page, "state", "study", "\n".join(state(results)))
    put_into(page, "tables", "study", "\n".join(line for data in DATA for line in table(results, data)))
    told = [line for data in DATA for line in told_of(results, data)]
    put_into(page, "findings", "study", "\n".join(told or ["Nothing yet: fewer than two cells of any data set are done."]))
    for data in DATA:
        cells = [cell for cell in CELLS if cell.data == data and results.draws(cell)]
        if cells:
            write_atomically(docs / "study" / f"{data}.svg", strip(data, cells, results).encode())


def settings() -> Iterator[str]:
    """What is drawn, and what is left out."""
    values = f"{', '.join(map(str, sorted(set(BETAS))))} twice each"
    yield from ("| drawn | from | why |", "| --- | --- | --- |")
    yield f"| both learning rates | {RATE[0]:g} to {RATE[1]:g}, each by itself | the recipes' 1e-3, times and divided by 3 |"
    yield f"| Adam's first beta, of both | {values} | the papers' values; the second is 0.9 |"
    yield f"| critic updates a step | {', '.join(map(str, CRITIC_UPDATES))} | 1 as most recipes, 5 as WGAN |"
    for name, part in (*REGULARISERS.items(), *OWN.items()):
        if part.weight:
            called = f"`{part.weight}` of `{'` and `'.join(part.losses or (name,))}`"
            yield f"| {called} | {part.weights[0]:g} to {part.weights[1]:g} | {part.why} |"
    yield from ("", "Left out:", "")
    reasons: dict[str, list[str]] = {}
    for data in DATA:
        for loss in LOSSES:
            for regulariser in REGULARISERS:
                if (reason := why_not(loss, regulariser, data)) and f"`{loss}`" not in reasons.setdefault(reason, []):
                    reasons[reason].append(f"`{loss}`")
    yield from (f"- {', '.join(places)} {reason}." for reason, places in reasons.items())


def state(results: Results) -> Iterator[str]:
    """How much has been run, on what."""
    rows = list(results.rows.values())
    done = {data: [cell for cell in CELLS if cell.data == data and results.is_done(cell)] for data in DATA}
    hours = sum(row.cpu_seconds for row in rows) / 3600
    counts = [f"{data} {len(done[data])} of {sum(cell.data == data for cell in CELLS)}" for data in DATA]
    yield f"- Cells that are done: {', '.join(counts)}. Trials: {len(rows)}, {hours:.2f} CPU hours with the start of each process"
    yield from (f"- On: {machine}" for machine in sorted({row.machine for row in rows}))


def table(results: Results, data: str) -> Iterator[str]:
    """A row for each loss, a column for each regulariser."""
    if not any(row.data == data for row in results.rows.values()):
        yield from (f"### {data}", "", "Not run yet.", "")
        return
    yield from (f"### {data}", "", f"Score: {DATA[data].called}; a draw worse than {DATA[data].bound:g} has failed.", "")
    yield f"| loss | {' | '.join(REGULARISERS)} |"
    yield f"| --- |{' --- |' * len(REGULARISERS)}"
    for loss in LOSSES:
        cells = [Cell(data, loss, regulariser) for regulariser in REGULARISERS]
        if any(cell in CELLS for cell in cells):
            yield f"| `{loss}` | {' | '.join(entry(results, cell) for cell in cells)} |"
    yield from ("", f"![Every trial on {data}: a line for each cell, a dot for each trial](study/{data}.svg)", "")


def entry(results: Results, cell: Cell) -> str:
    """``**0.93** (0.91 to 0.94), 2 of 6 failed``; what is missing is said."""
    if cell not in CELLS:
        return "-"
    draws, best = results.draws(cell), results.best(cell)
    if not results.is_done(cell):
        trials = len(draws) + max(0, len(best) - 1)
        return f"{trials} trials so far" if trials else "not run"
    failures = f"{sum(map(failed, draws))} of {len(draws)} failed"
    if not best:
        return f"all {len(draws)} diverged"
    scores = [row.score for row in best if row.score is not None]
    lost = f", {len(best) - len(scores)} seeds diverged" if len(scores) < len(best) else ""
    middle, low, high = (shown(score, cell.data) for score in (results.middle(cell), min(scores), max(scores)))
    return f"**{middle}** ({low} to {high}{lost}), {failures}"


def told_of(results: Results, data: str) -> Iterator[str]:
    """What follows, of a data set."""
    sentences = findings(results, data)
    if sentences:
        missing = sum(cell.data == data and not results.is_done(cell) for cell in CELLS)
        yield from (f"### On {data}{f', with {missing} cells missing' if missing else ''}", "", *(f"- {text}" for text in sentences), "")
