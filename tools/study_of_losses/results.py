"""The table of results, a row for each trial, and the steps that trials take: both are kept in ``docs/study``."""

from __future__ import annotations

import csv
import fcntl
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median

from ganzoo.errors import UserError
from ganzoo.files import write_atomically

from .cells import CELLS, DATA, DRAWS, MORE_SEEDS, Cell

ORDER = [cell.name for cell in CELLS]
"""Of rows and costs in their files."""


@dataclass(frozen=True)
class Row:
    """What came of a trial.

    Args:
        data, loss, regulariser: its cell.
        draw: number of its random settings.
        seed: of the training.
        settings: configuration keys and values, as ``ganzoo run`` takes them, separated by spaces.
        steps: of the training.
        cpu_seconds: user and system time of the whole process.
        score: what trials are compared by; None where it diverged.
        parts: the numbers that the score is made of.
        outcome: finished, or diverged.
        machine: the processor, and versions of the software.
    """

    data: str
    loss: str
    regulariser: str
    draw: int
    seed: int
    settings: str
    steps: int
    cpu_seconds: float
    score: float | None
    parts: str
    outcome: str
    machine: str

    @property
    def cell(self) -> Cell:
        """Where it belongs."""
        return Cell(self.data, self.loss, self.regulariser)

    @property
    def rank(self) -> float:
        """Larger is better, on any data; what diverged is worse than all else."""
        return float("-inf") if self.score is None else DATA[self.data].sign * self.score


class Results:
    """The rows so far, in a file that each new one is put into at once.

    Raises:
        UserError: where the file is not such a table.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = self._read()

    def add(self, row: Row) -> None:
        """Note a row, beside those that other processes noted meanwhile; the file is whole at any time."""
        with alone_in(self.path.parent):
            self.rows = {**self._read(), key_of(row): row}
            self._write()

    def forget(self, cells: Sequence[Cell]) -> None:
        """Take out the rows of cells."""
        with alone_in(self.path.parent):
            self.rows = {key: row for key, row in self._read().items() if row.cell not in cells}
            self._write()

    def _read(self) -> dict[tuple[str, int, int], Row]:
        try:
            found = list(csv.DictReader(self.path.read_text(encoding="utf-8").splitlines())) if self.path.exists() else []
            return {key_of(row): row for row in map(_row, found)}
        except (KeyError, ValueError, TypeError) as error:
            raise UserError(f"{self.path} is not a table of results ({error})", "name another, or put it away", key="--results") from error

    def _write(self) -> None:
        names = [field.name for field in fields(Row)]
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        rows = sorted(self.rows.values(), key=lambda row: (ORDER.index(row.cell.name), row.seed, row.draw))
        writer.writerows([names, *([_text(value) for value in asdict(row).values()] for row in rows)])
        write_atomically(self.path, text.getvalue().encode())

    def draws(self, cell: Cell) -> list[Row]:
        """The draws of a cell so far, with seed 0."""
        return [row for number in range(DRAWS) if (row := self.rows.get((cell.name, number, 0)))]

    def best(self, cell: Cell) -> list[Row]:
        """The best draw with its seeds so far; empty before all draws are there, and where all of them diverged."""
        draws = self.draws(cell)
        chosen = max(draws, key=lambda row: row.rank, default=None)
        if chosen is None or len(draws) < DRAWS or chosen.score is None:
            return []
        return [row for seed in (0, *MORE_SEEDS) if (row := self.rows.get((cell.name, chosen.draw, seed)))]

    def is_done(self, cell: Cell) -> bool:
        """Whether nothing of a cell is missing."""
        draws = self.draws(cell)
        return len(draws) == DRAWS and (len(self.best(cell)) > len(MORE_SEEDS) or all(row.score is None for row in draws))

    def middle(self, cell: Cell) -> float | None:
        """The median score of a cell's best draw; None where it is not done, or most of its seeds diverged."""
        if not self.is_done(cell):
            return None
        rank = median(row.rank for row in self.best(cell)) if self.best(cell) else float("-inf")
        return None if rank == float("-inf") else DATA[cell.data].sign * rank


def key_of(row: Row) -> tuple[str, int, int]:
    """What there is one row of."""
    return row.cell.name, row.draw, row.seed


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process is writing to a folder's tables, and keep the others waiting."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _row(cells: Mapping[str, str]) -> Row:
    numbers = {"draw": int(cells["draw"]), "seed": int(cells["seed"]), "steps": int(cells["steps"])}
    score = float(cells["score"]) if cells["score"] else None
    return Row(**{**cells, **numbers, "cpu_seconds": float(cells["cpu_seconds"]), "score": score})  # type: ignore[arg-type]


def _text(value: object) -> str:
    return "" if value is None else f"{value:.6g}" if isinstance(value, float) else str(value)


class Costs:
    """Milliseconds of CPU time that a step of each cell takes, measured once and kept, so that trials take the same steps everywhere."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known = self._read()

    def add(self, found: Mapping[str, list[float]]) -> None:
        """Keep what was measured: for each cell's name, with one critic update and with three."""
        with alone_in(self.path.parent):
            self.known = {**self._read(), **found}
            known = sorted(self.known.items(), key=lambda item: ORDER.index(item[0]))
            lines = ",\n".join(f" {json.dumps(name)}: {json.dumps(costs)}" for name, costs in known)
            write_atomically(self.path, f"{{\n{lines}\n}}\n".encode())

    def _read(self) -> dict[str, list[float]]:
        known: dict[str, list[float]] = json.loads(self.path.read_text(encoding="utf-8")) if self.path.exists() else {}
        return known
