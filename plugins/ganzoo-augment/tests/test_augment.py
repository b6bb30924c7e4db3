"""DiffAugment and ADA: each change does what it says, p follows the critic, and gradients go through."""

import pytest
import torch
from ganzoo_augment.ada import ADA
from ganzoo_augment.augment import Augment
from ganzoo_augment.changes import brighten, contrast, cut_out, mirrored, saturate, shift, warp
from ganzoo_augment.diffaugment import DiffAugment
from ganzoo_augment.pipeline import changed, maps
from torch import Tensor

from ganzoo import Critic, DataSpec, Generator, Scores, Turn, UserError

DATA = DataSpec({"sample": (3, 8, 8)})


@pytest.fixture
def images() -> Tensor:
    torch.manual_seed(0)
    return torch.rand(64, 3, 8, 8, dtype=torch.float64) * 2 - 1


class Mean(Critic):
    """Scores an image by its mean."""

    def forward(self, sample: Tensor) -> Scores:
        return {"score": sample.mean(dim=(1, 2, 3))}


def turn_of(side: str, sample: Tensor, loss: DiffAugment | ADA | Augment) -> Turn:
    return Turn(side, Generator(), Mean(), {"sample": sample}, {}, shared_fake={"sample": sample}, views=(loss,))  # type: ignore[arg-type]


def test_colours_keep_what_they_do_not_change(images: Tensor) -> None:
    added = brighten(images) - images
    assert added.std(dim=(1, 2, 3)).max() < 1e-12
    assert -0.5 <= added.min() < -0.4 < 0.4 < added.max() < 0.5
    torch.testing.assert_close(saturate(images).mean(1), images.mean(1))
    torch.testing.assert_close(contrast(images).mean((1, 2, 3)), images.mean((1, 2, 3)))
    factors = contrast(images).std((1, 2, 3)) / images.std((1, 2, 3))
    assert 0.5 <= factors.min() < 0.6 < 1.4 < factors.max() < 1.5


def test_a_shift_is_by_whole_pixels_and_brings_zeros_in(images: Tensor) -> None:
    seen = set()
    for before, after in zip(images, shift(images, 1 / 8), strict=True):
        padded = torch.nn.functional.pad(before, (1, 1, 1, 1))
        fits = [(i, j) for i in range(3) for j in range(3) if torch.equal(padded[:, i : i + 8, j : j + 8], after)]
        assert len(fits) == 1
        seen |= set(fits)
    assert len(seen) == 9


def test_a_cut_takes_a_square_of_half_a_side_out(images: Tensor) -> None:
    cut = cut_out(images, 1 / 2)
    removed = (cut == 0).all(1)
    assert removed.sum((1, 2)).max() == 16
    assert removed.sum((1, 2)).min() >= 4
    assert torch.equal(cut, images * ~removed[:, None])


@pytest.mark.parametrize(
    ("matrix", "expected"),
    [
        ([[1.0, 0, 0], [0, 1, 0]], lambda x: x),
        ([[-1.0, 0, 0], [0, 1, 0]], lambda x: x.flip(3)),
        ([[1.0, 0, 2 / 8], [0, 1, 0]], lambda x: torch.cat([x[..., 1:], x[..., -1:]], 3)),
        ([[0.0, -1, 0], [1, 0, 0]], lambda x: torch.rot90(x, 1, (2, 3))),
    ],
)
def test_warps_with_known_answers(images: Tensor, matrix: list[list[float]], expected: object) -> None:
    maps = torch.tensor(matrix, dtype=torch.float64).expand(len(images), 2, 3)
    torch.testing.assert_close(warp(images, maps), expected(images))  # type: ignore[operator]


def test_places_outside_are_mirrored() -> None:
    places = torch.tensor([-1.0, -0.5, 0.0, 3.0, 3.5, 4.0, 8.0])
    assert mirrored(places, 4).tolist() == [0.0, -0.5, 0.0, 3.0, 3.5, 3.0, 0.0]


def test_without_probability_ada_changes_nothing_and_with_it_most(images: Tensor) -> None:
    torch.testing.assert_close(changed(images, torch.tensor(0.0), True), images)
    moved = changed(images, torch.tensor(1.0), True)
    assert ((moved - images).abs().amax((1, 2, 3)) > 1e-3).all()


@pytest.mark.parametrize("flip", [True, False])
def test_digits_are_not_mirrored_unless_asked(flip: bool) -> None:
    torch.manual_seed(0)
    determinants = torch.linalg.det(maps(torch.zeros(200, 3, 8, 8), torch.tensor(1.0), flip)[:, :, :2])
    assert bool((determinants < 0).any()) == flip


def test_the_probability_follows_the_signs_of_real_scores() -> None:
    ada = ADA(DATA, ramp=1000.0, interval=2)
    for expected, value in [(0.0, 1.0), (0.02, 1.0), (0.02, -1.0), (0.0, -1.0), (0.0, -1.0), (0.0, -1.0)]:
        ada.after(turn_of("critic", torch.full((10, 3, 8, 8), value), ada))
        assert ada.probability.p.item() == pytest.approx(expected)
    ada.probability.p.fill_(0.5)
    ada.after(turn_of("generator", torch.ones(10, 3, 8, 8), ada))
    assert (ada.probability.p.item(), ada.probability.updates.item()) == (0.5, 0.0)


def test_a_given_probability_is_kept_as_a_number_and_as_a_curve(images: Tensor) -> None:
    for none, all_of_them in ((0.0, 1.0), (torch.tensor(0.0), torch.tensor(1.0))):
        seen = [turn_of("critic", images, Augment(DATA, p=p)).real_scores["score"] for p in (none, all_of_them)]  # type: ignore[arg-type]
        unchanged = images.mean((1, 2, 3))
        torch.testing.assert_close(seen[0], unchanged)
        assert ((seen[1] - unchanged).abs() > 1e-3).float().mean() > 0.9


@pytest.mark.parametrize("loss", [DiffAugment(DATA), ADA(DATA, start=1.0), Augment(DATA, p=1.0)])
def test_real_and_fake_are_changed_in_both_turns_and_gradients_reach_them_twice(images: Tensor, loss: DiffAugment | ADA | Augment) -> None:
    loss = loss.double()
    for side in ("critic", "generator"):
        sample = images[:8].clone().requires_grad_()
        turn = turn_of(side, sample, loss)
        for scores in (turn.real_scores, turn.fake_scores) if side == "critic" else (turn.fake_scores,):
            assert not torch.allclose(scores["score"], sample.mean((1, 2, 3)))
            (gradient,) = torch.autograd.grad(scores["score"].square().sum(), sample, create_graph=True)
            assert torch.autograd.grad(gradient.square().sum(), sample)[0].abs().sum() > 0


def test_points_are_refused() -> None:
    for cls in (DiffAugment, ADA, Augment):
        with pytest.raises(UserError, match="changes images; this data's samples have the shape"):
            cls(DataSpec({"sample": (2,)}))
