"""What follows from the results, in sentences that the numbers carry.

Two cells are told apart where the ranges of their three seeds do not overlap. Of two cells that are alike this happens once in ten
times: 2 of the 20 orders of three and three scores.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median

from .cells import CELLS, DATA, LOSSES, REGULARISERS, Cell
from .results import Results, Row


def findings(results: Results, data: str) -> list[str]:
    """The sentences about a data set, as far as it has been run."""
    done = [cell for cell in CELLS if cell.data == data and results.is_done(cell)]
    told = [cell for cell in done if results.middle(cell) is not None]
    if len(told) < 2:
        return []
    return [*of_the_best(results, told), *of_regularisers(results, told), *of_losses(results, told), *of_settings(results, done)]


def range_of(results: Results, cell: Cell) -> tuple[float, float]:
    """The worst and the best rank of the three seeds; larger is better."""
    ranks = [row.rank for row in results.best(cell)]
    return min(ranks), max(ranks)


def compared(results: Results, one: Cell, other: Cell) -> int:
    """1 where all seeds of ``one`` are better than all of ``other``, -1 where all are worse, 0 where they overlap."""
    (worst, best), (others_worst, others_best) = range_of(results, one), range_of(results, other)
    return 1 if worst > others_best else -1 if best < others_worst else 0


def middle(results: Results, cell: Cell) -> float:
    """The median rank of the three seeds."""
    return median(row.rank for row in results.best(cell))


def of_the_best(results: Results, told: Sequence[Cell]) -> Iterator[str]:
    """Which cell has the best median, and which are not told apart from it."""
    best = max(told, key=lambda cell: middle(results, cell))
    alike = [cell for cell in told if cell != best and not compared(results, best, cell)]
    yield f"The best median is that of {named(best)}: {shown(results.middle(best), best.data)}, of {len(told)} cells that are done."
    if alike:
        few = "; ".join(named(cell) for cell in alike) if len(alike) <= 8 else f"{len(alike)} of the other {len(told) - 1}"
        yield f"Not told apart from it by three seeds: {few}."
    else:
        yield "Its seeds are apart from those of every other cell."


def of_regularisers(results: Results, told: Sequence[Cell]) -> Iterator[str]:
    """How each regulariser does against none, loss by loss."""
    for regulariser in list(REGULARISERS)[1:]:
        pairs = [(cell, Cell(cell.data, cell.loss, "none")) for cell in told if cell.regulariser == regulariser]
        signs = [(cell.loss, compared(results, cell, plain)) for cell, plain in pairs if plain in told]
        if signs:
            yield f"`{regulariser}` against none, with the same loss: {counted(signs)}."


def of_losses(results: Results, told: Sequence[Cell]) -> Iterator[str]:
    """How far losses lie apart under one regulariser, against how far seeds do."""
    for regulariser in REGULARISERS:
        cells = [cell for cell in told if cell.regulariser == regulariser]
        if len(cells) < 2:
            continue
        cells.sort(key=lambda cell: middle(results, cell))
        worst, best = cells[0], cells[-1]
        seeds = median(high - low for low, high in (range_of(results, cell) for cell in cells) if low > float("-inf"))
        ends = f"{shown(results.middle(worst), worst.data)} (`{worst.loss}`) to {shown(results.middle(best), best.data)} (`{best.loss}`)"
        apart = "" if compared(results, best, worst) else "; these two are not told apart"
        yield (
            f"Under `{regulariser}` the medians of {len(cells)} losses go from {ends}{apart}; "
            f"three seeds of one cell lie {shown(seeds, best.data)} apart (median over the cells)."
        )


def of_settings(results: Results, done: Sequence[Cell]) -> Iterator[str]:
    """How much the random settings matter, and how often they fail."""
    data = done[0].data
    spans = [
        max(ranks) - min(ranks) for cell in done if len(ranks := [row.rank for row in results.draws(cell) if row.score is not None]) > 1
    ]
    middles = [middle(results, cell) for cell in done if results.middle(cell) is not None]
    yield (
        f"The six settings of one cell lie {shown(median(spans), data)} apart (median over the cells, diverged ones left out); "
        f"the medians of the best of all cells, {shown(max(middles) - min(middles), data)}."
    )
    for what, names in (("regulariser", tuple(REGULARISERS)), ("loss", LOSSES)):
        counts = []
        for name in names:
            rows = [row for cell in done if getattr(cell, what) == name for row in results.draws(cell)]
            if rows:
                counts.append(f"`{name}` {sum(map(failed, rows))} of {len(rows)}")
        yield f"Draws that failed, by {what}: {', '.join(counts)}."


def failed(row: Row) -> bool:
    """Whether a trial diverged, or its score is worse than what counts as a failure."""
    return row.rank < DATA[row.data].sign * DATA[row.data].bound


def counted(signs: Sequence[tuple[str, int]]) -> str:
    """``better with 3 of 7 (`hinge`, ...), worse with 1 (...), not told apart with 3``."""
    named = {word: [f"`{loss}`" for loss, found in signs if found == sign] for word, sign in (("better", 1), ("worse", -1))}
    alike = sum(found == 0 for _, found in signs)
    parts = [f"{word} with {len(losses)} ({', '.join(losses)})" for word, losses in named.items() if losses]
    return f"{', '.join([*parts, f'not told apart with {alike}'])}, of {len(signs)}"


def named(cell: Cell) -> str:
    """The pair, for a sentence."""
    return f"`{cell.loss}` with `{cell.regulariser}`"


def shown(score: float | None, data: str) -> str:
    """A score, to what three seeds can tell."""
    return "diverged" if score is None else f"{score:.2f}" if DATA[data].modes else f"{score:.0f}"
