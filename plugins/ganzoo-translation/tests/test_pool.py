import pytest
import torch
from ganzoo_translation.pool import ImagePool

from ganzoo import Critic, DataSpec, Generator, Turn

DATA = DataSpec({"sample": (1,)})


class Sees(Critic):
    def forward(self, sample):
        return {"score": sample[:, 0]}


class Makes(Generator):
    def forward(self, latent):
        return {"sample": latent}


def step(pool, values):
    """What the critic is shown of fakes with these values; then the pool takes in what it will."""
    made = torch.tensor(values, dtype=torch.float32)[:, None]
    turn = Turn("critic", Makes(), Sees(), {"sample": made}, {"latent": made}, views=[pool])
    shown = turn.fake["sample"][:, 0].tolist()
    with torch.no_grad():
        pool.after(turn)
    return shown


def test_while_it_is_not_full_each_fake_is_kept_and_shown() -> None:
    pool = ImagePool(DATA, size=5)
    assert step(pool, [1, 2]) == [1, 2]
    assert step(pool, [3, 4]) == [3, 4]
    assert pool.count == 4
    assert pool.kept[:4, 0].tolist() == [1, 2, 3, 4]


def test_when_it_is_full_a_fake_is_shown_or_changes_places_with_an_earlier_one() -> None:
    torch.manual_seed(0)
    pool = ImagePool(DATA, size=50)
    for i in range(25):
        assert step(pool, [2 * i, 2 * i + 1]) == [2 * i, 2 * i + 1]
    swapped, last = 0, 50
    for i in range(400):
        before = set(pool.kept[:, 0].tolist())
        fresh = [50 + 2 * i, 51 + 2 * i]
        shown = step(pool, fresh)
        after = set(pool.kept[:, 0].tolist())
        for value, seen in zip(fresh, shown, strict=True):
            assert seen == value or (seen in before and value in after and seen not in after)
            assert seen != value or value not in after
            swapped += seen != value
        assert len(after) == last
    assert pool.count == 50
    assert swapped == pytest.approx(400, abs=60)  # of 800, with probability 1/2: four standard deviations


def test_a_batch_that_fills_it_up_and_more_loses_nothing() -> None:
    pool = ImagePool(DATA, size=3)
    assert step(pool, [1, 2]) == [1, 2]
    shown = step(pool, [3, 4, 5, 6])  # one place is free, two are taken, and there is no fourth
    assert (shown[0], shown[3]) == (3, 6)
    assert 3 in pool.kept[:, 0].tolist()
    assert set(shown) | set(pool.kept[:, 0].tolist()) == {1, 2, 3, 4, 5, 6}


def test_real_samples_and_the_generators_turn_are_left_alone() -> None:
    pool, made = ImagePool(DATA, size=2), torch.ones(2, 1)
    step(pool, [7, 8])
    turn = Turn("generator", Makes(), Sees(), {"sample": made}, {"latent": made}, views=[pool])
    assert turn.fake["sample"].tolist() == [[1], [1]]
    turn = Turn("critic", Makes(), Sees(), {"sample": made}, {"latent": made}, views=[pool])
    assert turn.real["sample"].tolist() == [[1], [1]]
