import numpy as np
import pytest
import torch
from ganzoo_metrics.relative import RelativeL1

from ganzoo import DataSpec, UserError

DATA = DataSpec({"sample": (1, 1, 2), "source": (1, 1, 2)})


class Pairs:
    """What a metric looks at: made pictures, their targets and sources."""

    def __init__(self, made, target, source=None):
        as_pictures = [None if value is None else torch.tensor(value).view(len(value), 1, 1, -1) for value in (made, target, source)]
        self.made, self.target, self.source = as_pictures

    def pairs(self, n, split):
        for start in range(0, len(self.made[:n]), 2):  # in batches
            rows = slice(start, min(start + 2, n or len(self.made)))
            yield {"sample": self.made[rows], "target": self.target[rows]}

    def real(self, n, split):
        yield {"sample": self.target} | ({} if self.source is None else {"source": self.source})


TARGET = [[0.0, 1.0], [0.5, 1.0], [1.0, -1.0]]  # medians 0.5 and 1: distances 0.5, 0, 0.5 and 0, 0, 2
MADE = [[0.0, 1.0], [0.5, 0.0], [1.0, -1.0]]  # one distance of 1


def test_distances_are_shares_of_those_of_answers_that_look_at_nothing():
    source = [[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]]  # distances 1, 0.5, 0 and 0, 0, 2
    found = RelativeL1(DATA).measure(Pairs(MADE, TARGET, source))
    assert found == pytest.approx({"of_constant": 1 / 3, "l1": 1 / 6, "of_source": 1 / 3.5})
    assert RelativeL1(DATA).measure(Pairs(source, TARGET, source))["of_source"] == pytest.approx(1)
    assert RelativeL1(DATA).measure(Pairs([[0.5, 1.0]] * 3, TARGET))["of_constant"] == pytest.approx(1)


def test_no_constant_picture_is_better_than_the_one_it_is_compared_with():
    random = np.random.default_rng(0)
    target = random.uniform(-1, 1, (31, 8)).tolist()
    found = [RelativeL1(DATA).measure(Pairs([target[i]] * 31, target))["of_constant"] for i in range(31)]
    assert min(found) >= 1


def test_sources_of_another_size_are_left_out_and_equal_targets_refused():
    assert RelativeL1(DATA).measure(Pairs(MADE, TARGET, [[0.0]] * 3)).keys() == {"of_constant", "l1"}
    with pytest.raises(UserError, match="the same picture"):
        RelativeL1(DATA).measure(Pairs(MADE, [[1.0, 1.0]] * 3))
    assert RelativeL1(DATA, samples=1).samples == 1
