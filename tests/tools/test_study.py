"""The controlled study: a cell from end to end, killed and gone on with, and what the page says of a table."""

import importlib
import shutil
import sys
from pathlib import Path

import pytest
from ganzoo_sweep import running as sweeping

from ganzoo.cli import invoke

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "tools"))
command, page, results, running = (importlib.import_module(f"study_of_losses.{name}") for name in ("command", "page", "results", "running"))


@pytest.fixture
def docs(tmp_path, monkeypatch):
    for module in (results, running):
        monkeypatch.setattr(module, "DRAWS", 2)
    return Path(shutil.copy(ROOT / "docs/study.md", tmp_path)).parent


def test_a_cell_that_was_killed_goes_on_with_the_trials_that_have_no_row(docs, monkeypatch):
    begun = []

    def in_this_process(job, *_):
        begun.append(job.name)
        code = invoke(["run", job.config, "--out", job.folder, "-q", *(word for text in job.overrides for word in ("-o", text))])
        if len(begun) == 2:
            raise KeyboardInterrupt  # before the row is written
        return code

    for module in (results, running):
        monkeypatch.setattr(module, "MORE_SEEDS", (1,))
    monkeypatch.setattr(sweeping, "run_trial", in_this_process)
    monkeypatch.setattr(command, "measure", lambda cells: {cell.name: [1.0, 2.0] for cell in cells})
    assert [len(command.cells_of(name)) for name in ("ring", "ring/hinge", "ring/wasserstein/weight_clip")] == [43, 6, 1]
    arguments = ["--cell", "ring/hinge/none", "--scale", "1e-6", "--out", str(docs / "runs"), "--docs", str(docs)]
    assert command.main(arguments) == 130
    assert len(results.Results(docs / "study/results.csv").rows) == 1
    assert command.main(arguments) == command.main(arguments) == 0
    assert (len(begun), begun[1]) == (4, begun[2])
    rows = results.Results(docs / "study/results.csv").rows.values()
    assert [(row.seed, row.steps, row.outcome) for row in rows] == [(seed, 10, "finished") for seed in (0, 0, 1)]
    assert "| `hinge` | **0.00** (0.00 to 0.00), 2 of 2 failed | not run |" in (docs / "study.md").read_text()


def test_the_page_tells_cells_apart_only_where_no_seeds_overlap(docs):
    add = [results.Results(docs / "study/results.csv").add for _ in range(2)]  # of two processes
    for loss, scores in {"hinge": (0.9, None, 0.8, 0.7), "minimax": (0.75, 0.1, 0.74, 0.73), "wasserstein": (0.6, 0.5, 0.6, 0.6)}.items():
        for (draw, seed), score in zip([(0, 0), (1, 0), (0, 1), (0, 2)], scores, strict=True):
            add[draw](results.Row("ring", loss, "none", draw, seed, "a, b", 10, 1.0, score, "", "finished" if score else "diverged", "m"))
    page.write_page(docs, results.Results(docs / "study/results.csv"))
    said = (docs / "study.md").read_text()
    assert "**0.80** (0.70 to 0.90), 1 of 2 failed" in said
    assert "`hinge` with `none`: 0.80, of 3 cells that are done.\n- Not told apart from it by three seeds: `minimax` with `none`.\n" in said
    assert "from 0.60 (`wasserstein`) to 0.80 (`hinge`); three seeds" in said
    assert (docs / "study/ring.svg").read_text().count("<circle") == 15
