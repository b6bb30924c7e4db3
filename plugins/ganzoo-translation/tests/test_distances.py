import pytest
import torch
from ganzoo_translation.pixel_l1 import PixelL1
from ganzoo_translation.pixel_l2 import PixelL2

from ganzoo import Critic, DataSpec, Generator, Turn, UserError

PAIRS = DataSpec({"sample": (1, 1, 2), "source": (1, 1, 2)})
MADE = torch.tensor([[0.5, -1.0], [0.25, 1.0]], dtype=torch.float64).view(2, 1, 1, 2)
RIGHT = torch.tensor([[0.0, 1.0], [0.25, 0.0]], dtype=torch.float64).view(2, 1, 1, 2)  # differences: 0.5, 2, 0, 1


class Sees(Critic):
    def forward(self, source, sample):
        return {"score": sample.mean(dim=(1, 2, 3))}


class Copies(Generator):
    def forward(self, source):
        return {"sample": source}


def turn_of(made):
    return Turn("generator", Copies(), Sees(), {"sample": RIGHT, "source": made}, {})


def test_both_meet_the_closed_form() -> None:
    made = MADE.clone().requires_grad_()
    l1, l2 = PixelL1(PAIRS, weight=10.0).generator_terms(turn_of(made)), PixelL2(PAIRS).generator_terms(turn_of(made))
    assert l1["pixel_l1"].item() == pytest.approx(10 * 3.5 / 4, abs=1e-12)
    assert l2["pixel_l2"].item() == pytest.approx((0.25 + 4 + 0 + 1) / 4, abs=1e-12)
    (slope,) = torch.autograd.grad(l1["pixel_l1"], made, retain_graph=True)
    assert slope.flatten().tolist() == pytest.approx([2.5, -2.5, 0, 2.5])
    (slope,) = torch.autograd.grad(l2["pixel_l2"], made)
    assert slope.flatten().tolist() == pytest.approx([0.25, -1, 0, 0.5])


def test_the_published_weight_of_l1_is_a_hundred() -> None:
    assert PixelL1(PAIRS).generator_terms(turn_of(MADE))["pixel_l1"].item() == pytest.approx(87.5)


@pytest.mark.parametrize("loss", [PixelL1, PixelL2])
def test_data_without_pairs_are_refused(loss) -> None:
    with pytest.raises(UserError, match="'source' is not paired with 'sample'"):
        loss(DataSpec(PAIRS.fields, independent=("source",)))
