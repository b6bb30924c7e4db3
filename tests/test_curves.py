"""Curves: closed forms, both ends, several pieces, a loss that keeps what it is given, and what is found in a configuration."""

import math

import pytest
import torch
from ganzoo_report.moving import find_curves
from torch import nn

from ganzoo.errors import ContractError
from ganzoo.params.curves import Curve, Piece, at, build_with_curves, fill, moves


@pytest.mark.parametrize("curve", ["linear", "cosine", "exponential"])
def test_a_curve_has_its_ends_exactly_and_stays_there(curve):
    moving = Curve(Piece(0.3, 0.007, 0.2, 0.7, curve))
    assert [moving.at(step, 100) for step in (0, 19, 20)] == [0.3] * 3
    assert [moving.at(step, 100) for step in (70, 71, 99, 100)] == [0.007] * 4
    between = [moving.at(step, 100) for step in range(20, 71)]
    assert between == sorted(between, reverse=True)
    assert len(set(between)) == 51


def test_the_middle_of_each_curve_is_its_closed_form():
    assert Curve(Piece(1, 3)).at(25, 100) == pytest.approx(1.5)
    assert Curve(Piece(1, 3, curve="cosine")).at(25, 100) == pytest.approx(3 - 2 * (1 + math.cos(math.pi / 4)) / 2)
    assert Curve(Piece(1, 0.01, curve="exponential")).at(50, 100) == pytest.approx(0.1)


def test_a_linear_fall_to_0_is_bit_for_bit_the_decay_of_the_first_version():
    for rate, start, total in [(2e-3, 0.5, 4000), (1e-3, 0.3, 7), (2e-4, 0.0, 100_000)]:
        curve = Curve(Piece(rate, 0.0, start))
        for step in range(0, total, max(total // 997, 1)):
            assert curve.at(step, total) == rate * min(1.0, max(0.0, (total - step) / max(total * (1 - start), 1e-9)))


def test_of_several_pieces_the_last_one_begun_counts():
    warm = Curve(Piece(0, 1, 0.1, 0.2), Piece(1, 0, 0.5, 0.6))
    assert [warm.at(step, 100) for step in (0, 10, 15, 20, 49, 50, 60, 99)] == pytest.approx([0, 0, 0.5, 1, 1, 1, 0, 0])


def test_a_jump_is_a_curve_whose_start_is_its_end():
    assert [Curve(Piece(1, 2, 0.5, 0.5)).at(step, 10) for step in (0, 4, 5, 9)] == [1, 1, 2, 2]


def test_tuples_move_item_by_item():
    assert at((0.5, Curve(Piece(0.9, 0.99))), 50, 100) == (0.5, pytest.approx(0.945))
    assert (moves((0.5, Curve(Piece(0, 1)))), moves((0.5, 0.9)), moves(1.0)) == (True, False, False)


class Keeps(nn.Module):
    def __init__(self, data, *, weight, other=1.0):
        super().__init__()
        self.weight, self.other = weight, other


class Halves(nn.Module):
    def __init__(self, data, *, weight):
        super().__init__()
        self.half = weight / 2


def test_a_curve_reaches_a_loss_as_a_tensor_that_is_filled_in_place_and_a_constant_as_a_float():
    loss = build_with_curves(Keeps, (None,), {"weight": Curve(Piece(4, 2)), "other": 3.0})
    tensor = loss.weight
    assert (tensor.dim(), tensor.dtype, tensor.item(), loss.other) == (0, torch.float32, 4.0, 3.0)
    fill([loss], 50, 100)
    assert loss.weight is tensor
    assert tensor.item() == 3.0
    assert loss.state_dict() == {}


def test_a_loss_that_does_not_keep_the_tensor_is_refused():
    with pytest.raises(ContractError, match=r"Halves does not keep its parameter 'weight'.*write self.weight = weight"):
        build_with_curves(Halves, (None,), {"weight": Curve(Piece(4, 2))})


def test_the_curves_of_a_configuration_are_found_with_their_keys():
    curve = {"from": 1, "to": 0, "start": 0.5}
    tree = {"optimizer": {"critic": {"lr": curve, "betas": [0, {"from": 0, "to": 1}]}}, "loss": [{"name": "a", "w": [curve, curve]}]}
    found = dict(find_curves(tree | {"broken": {"from": "x", "to": 1}, "other": {"from": 1}}))
    assert list(found) == ["optimizer.critic.lr", "optimizer.critic.betas.1", "loss.0.w"]
    assert found["optimizer.critic.lr"] == Curve(Piece(1, 0, 0.5))
    assert len(found["loss.0.w"].pieces) == 2
