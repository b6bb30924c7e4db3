"""Statistics of real samples, kept on disk: computed once, anew where they are damaged, never those of something else."""

import numpy as np
import pytest

from ganzoo.errors import GanzooError, UserError
from ganzoo.metrics.statistics import Statistics
from ganzoo.ui.progress import reporter


class TestStatistics:
    KEY = {"name": "judged", "n": 3}

    def kept(self, folder):
        statistics = Statistics(folder, reporter(quiet=True))
        statistics.get(self.KEY, lambda: {"mean": np.arange(3.0)})
        (path,) = folder.iterdir()
        return statistics, path

    def never(self):
        raise AssertionError("computed again")

    def test_are_computed_once(self, tmp_path):
        statistics, _ = self.kept(tmp_path)
        assert statistics.get(self.KEY, self.never)["mean"].tolist() == [0, 1, 2]
        assert statistics.get(self.KEY | {"n": 4}, lambda: {"mean": np.ones(1)})["mean"].tolist() == [1]

    @pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:80] + bytes([b[80] ^ 1]) + b[81:], lambda b: b""])
    def test_that_are_damaged_are_computed_again(self, tmp_path, damage):
        statistics, path = self.kept(tmp_path)
        path.write_bytes(damage(path.read_bytes()))
        assert statistics.get(self.KEY, lambda: {"mean": np.full(3, 7.0)})["mean"].tolist() == [7, 7, 7]

    def test_of_something_else_are_refused(self, tmp_path):
        statistics, path = self.kept(tmp_path)
        statistics.get({"name": "judged", "n": 4}, lambda: {"mean": np.zeros(3)})
        (other,) = set(tmp_path.iterdir()) - {path}
        path.write_bytes(other.read_bytes())
        with pytest.raises(UserError, match="of something else"):
            statistics.get(self.KEY, self.never)

    def test_that_are_not_finite_are_not_kept(self, tmp_path):
        statistics = Statistics(tmp_path, reporter(quiet=True))
        with pytest.raises(GanzooError, match="not finite"):
            statistics.get(self.KEY, lambda: {"mean": np.array([1.0, np.nan])})
        assert list(tmp_path.iterdir()) == []
