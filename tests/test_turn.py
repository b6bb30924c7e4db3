"""A Turn gives each player its view of a minibatch: who gets gradients, what is computed once, and what is refused."""

import pytest
import torch
from torch import Tensor
from turn_players import Judge, Maker, N, batch, turn_of

from ganzoo.errors import ContractError
from ganzoo.fields import forward_inputs, select
from ganzoo.rules import Loss, merge_terms
from ganzoo.tensors import as_float32

# What a player's turn gives gradients to.


def test_the_critics_turn_gives_no_gradient_to_the_generator():
    generator, critic = Maker(), Judge()
    turn = turn_of("critic", generator, critic)
    assert not turn.fake["sample"].requires_grad
    (turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()).backward()
    assert all(p.grad is None for p in generator.parameters())
    assert critic.body.weight.grad is not None


def test_the_generators_turn_gives_gradients_through_the_critic():
    generator, critic = Maker(), Judge()
    for parameter in critic.parameters():  # as the loop does it
        parameter.requires_grad_(False)
    turn_of("generator", generator, critic).fake_scores["score"].mean().backward()
    assert all(p.grad is not None for p in generator.parameters())
    assert all(p.grad is None for p in critic.parameters())


def test_without_gradients_neither_turn_makes_any():
    with torch.no_grad():
        assert not turn_of("generator").fake["sample"].requires_grad


# What is computed, and how often.


def test_every_value_is_computed_once_and_only_when_asked_for():
    generator, critic = Maker(), Judge()
    turn = turn_of("critic", generator, critic)
    assert (generator.calls, critic.calls) == (0, 0)
    assert turn.computed("fake_scores") is None
    for _ in range(3):
        turn.fake, turn.fake_scores, turn.real_scores
    assert (generator.calls, critic.calls) == (1, 2)
    assert turn.computed("fake_scores") is turn.fake_scores
    turn.judge(turn.fake)
    assert critic.calls == 3  # judging anew is always a forward of its own


def test_a_fake_keeps_what_it_was_made_for():
    real = batch()
    fake = turn_of("critic", real=real).fake
    assert fake.keys() == {"sample", "label", "source", "latent"}
    assert fake["label"] is real["label"]
    assert fake["source"] is real["source"]
    assert not torch.equal(fake["sample"], real["sample"])


def test_a_drawn_label_takes_the_place_of_the_batchs_on_the_fake_side_only():
    drawn = {"latent": torch.randn(N, 3), "label": torch.full((N,), 3)}
    turn = turn_of("critic", drawn=drawn)
    assert turn.fake["label"].tolist() == [3] * N
    assert turn.real["label"].tolist() == [0, 1, 2, 3, 0]


def test_a_shared_fake_is_used_and_the_generator_left_alone():
    generator, shared = Maker(), {"sample": torch.ones(N, 2)}
    turn = turn_of("critic", generator, shared_fake=shared)
    assert turn.fake["sample"] is shared["sample"]
    assert generator.calls == 0


def test_networks_run_in_the_given_precision_and_scores_come_in_float32():
    critic = Judge()
    turn = turn_of("generator", critic=critic, autocast=lambda: torch.autocast("cpu", dtype=torch.bfloat16))
    assert turn.fake["sample"].dtype == torch.float32
    assert turn.fake_scores["score"].dtype == torch.float32
    exact = torch.nn.functional.linear(turn.fake["sample"], critic.body.weight, critic.body.bias)[:, 0]
    assert not torch.equal(turn.fake_scores["score"], exact)  # it did run in bfloat16
    assert as_float32(torch.ones(1, dtype=torch.float64)).dtype == torch.float64
    assert as_float32(torch.ones(1, dtype=torch.int64)).dtype == torch.int64


# What is seen.


class Seen(Loss):
    """Adds ``amount`` to what is seen at the named places, and keeps a record."""

    def __init__(self, places=(), amount=0.0) -> None:
        super().__init__()
        self.places, self.amount, self.record = places, amount, []

    def view(self, fields, place, turn):
        self.record.append((place, turn.side))
        return fields | {"sample": fields["sample"] + self.amount} if place in self.places else fields


def test_a_view_is_asked_once_a_batch_and_at_every_judgement():
    seen = Seen()
    turn = turn_of("critic", views=[seen])
    turn.real, turn.fake, turn.real
    assert seen.record == [("real", "critic"), ("fake", "critic")]
    turn.real_scores, turn.fake_scores, turn.fake_scores
    turn.judge(turn.fake)
    assert seen.record[2:] == [("judged", "critic")] * 3


def test_views_change_what_the_critic_sees_in_the_order_of_the_losses():
    real, critic = batch(), Judge()

    class Doubled(Loss):
        def view(self, fields, place, turn):
            return fields | {"sample": fields["sample"] * 2} if place == "judged" else fields

    turn = turn_of("critic", critic=critic, real=real, views=[Seen({"judged"}, 1.0), Doubled()])
    assert turn.real["sample"] is real["sample"]  # "judged" is what the critic sees, not what the batch becomes
    assert torch.allclose(turn.real_scores["score"], critic.body((real["sample"] + 1) * 2)[:, 0])
    turn = turn_of("critic", critic=critic, real=real, views=[Seen({"real"}, 1.0)])
    assert torch.equal(turn.real["sample"], real["sample"] + 1)
    assert torch.allclose(turn.real_scores["score"], critic.body(real["sample"] + 1)[:, 0])


# What is refused: the fall-throughs that would train in silence.


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda x: {"image": x}, "returns image, but declares sample"),
        (lambda x: {"sample": x, "mask": x}, "returns mask, sample, but declares sample"),
        (lambda x: {}, "returns nothing, but declares sample"),
        (lambda x: x, "returns Tensor, but declares sample"),
    ],
)
def test_a_generator_that_returns_other_fields_than_it_declares_is_refused(outputs, message):
    with pytest.raises(ContractError, match=message):
        turn_of("critic", Maker(outputs)).fake


def test_a_fake_of_another_shape_than_the_data_is_refused():
    with pytest.raises(ContractError, match=r"Maker makes 'sample' of shape \(5, 2, 1\), the data has \(5, 2\)"):
        turn_of("critic", Maker(lambda x: {"sample": x[..., None]})).fake


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (lambda s: {"scores": s}, "returns scores, but declares score"),
        (lambda s: {"score": s.mean()}, r"'score' of shape \(\) for 5 samples; give \(5, ...\)"),
        (lambda s: {"score": s[:-1]}, r"'score' of shape \(4,\) for 5 samples"),
        (lambda s: {"score": s[None]}, r"'score' of shape \(1, 5\) for 5 samples"),
    ],
)
def test_scores_of_another_name_or_number_are_refused(outputs, message):
    with pytest.raises(ContractError, match=message):
        turn_of("critic", critic=Judge(outputs)).real_scores


def test_a_field_that_nobody_gives_is_refused_with_what_there_is():
    class Wants(Judge):
        def forward(self, sample: Tensor, mask: Tensor):
            return {"score": sample[:, 0]}

    with pytest.raises(ContractError, match=r"critic Wants asks for the field 'mask', .*; fields here: label, latent, sample, source"):
        turn_of("critic", critic=Wants()).fake_scores
    assert select(("b",), {"a": 1, "b": 2}, "who") == {"b": 2}


def test_an_argument_with_a_default_or_without_a_name_is_refused():
    class Optional(Judge):
        def forward(self, sample: Tensor, label=None):
            return {"score": sample[:, 0]}

    class Anything(Judge):
        def forward(self, sample: Tensor, **fields):
            return {"score": sample[:, 0]}

    with pytest.raises(ContractError, match="'label' a default, so a missing field would go unnoticed"):
        forward_inputs(Optional)
    with pytest.raises(ContractError, match=r"takes '\*\*fields'; name each field"):
        forward_inputs(Anything)
    with pytest.raises(ContractError):
        turn_of("critic", critic=Optional()).real_scores


# Merging the terms of several losses.


class Gives(Loss):
    """Gives fixed terms to each side."""

    def __init__(self, critic=None, generator=None) -> None:
        super().__init__()
        self.critic, self.generator = critic or {}, generator or {}

    def critic_terms(self, turn):
        return self.critic

    def generator_terms(self, turn):
        return self.generator


def test_terms_merge_in_order_for_the_side_that_moves():
    losses = {"a": Gives({"x": torch.tensor(1.0)}, {"u": torch.tensor(3.0)}), "b": Gives({"y": torch.tensor(2.0)})}
    assert list(merge_terms(losses, turn_of("critic"))) == ["x", "y"]
    assert list(merge_terms(losses, turn_of("generator"))) == ["u"]


def test_a_term_of_two_losses_is_an_error_naming_the_later():
    losses = {"first": Gives({"x": torch.tensor(1.0)}), "second": Gives({"x": torch.tensor(2.0)})}
    with pytest.raises(ContractError, match="loss 'second' gives the term 'x' of the critic, which an earlier loss gives too") as caught:
        merge_terms(losses, turn_of("critic"))
    assert caught.value.key == "loss"


def test_a_term_that_is_no_scalar_is_an_error():
    with pytest.raises(ContractError, match=r"loss 'wide' gives the term 'x' of shape \(3,\); reduce it to a scalar"):
        merge_terms({"wide": Gives({"x": torch.ones(3)})}, turn_of("critic"))
