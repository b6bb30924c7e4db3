"""Losses with one fault each. ``caught_by`` names the check that must see it, and no other may."""

import torch
from torch.nn.functional import softplus

from ganzoo import Critic, DataSpec, Fields, Loss, NonNegativeFloat, Terms, Turn


class Sound(Loss):
    """The original loss; nothing is wrong with it.

    Args:
        weight: factor on both sides.
    """

    caught_by = ""
    scores = frozenset({"score"})

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0):
        super().__init__()
        self.weight, self.classes = weight, data.classes

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": self.weight * (softplus(-real).mean() + softplus(fake).mean())}

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": self.weight * softplus(-turn.fake_scores["score"]).mean()}


class Penalty(Loss):
    """The squared gradient at the real samples; nothing is wrong with it."""

    caught_by = ""
    scores = frozenset({"score"})
    per_sample = True
    create_graph = True

    def __init__(self, data: DataSpec):
        super().__init__()

    def critic_terms(self, turn: Turn) -> Terms:
        sample = turn.real["sample"].detach().requires_grad_()
        score = turn.judge(turn.real | {"sample": sample})["score"]
        (gradient,) = torch.autograd.grad(score.sum(), sample, create_graph=True)
        return {"penalty": self.through(gradient).flatten(1).square().sum(dim=1).mean() + 0 * score.sum()}

    def through(self, gradient):
        return gradient


class ConstantPenalty(Penalty):
    """Punishes a gradient that it cannot change: nothing flows back through it."""

    caught_by = "differences"

    def through(self, gradient):
        return gradient.detach()


class PerSample(Sound):
    """A term for each sample."""

    caught_by = "terms"

    def estimates(self, turn: Turn) -> Terms:
        return {"gap": turn.real_scores["score"] - turn.fake_scores["score"]}


class Twofold(Sound):
    """An estimate of the same name as a term."""

    caught_by = "terms"

    def estimates(self, turn: Turn) -> Terms:
        return {"adversarial": turn.real_scores["score"].mean()}


class Empty(Loss):
    """Does nothing at all."""

    caught_by = "terms"

    def __init__(self, data: DataSpec):
        super().__init__()


class Reversed(Sound):
    """The generator makes its fakes worse."""

    caught_by = "signs"

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": softplus(turn.fake_scores["score"]).mean()}


class Unsure(Sound):
    """The critic's real and fake exchanged."""

    caught_by = "signs"

    def critic_terms(self, turn: Turn) -> Terms:
        return {"adversarial": softplus(turn.real_scores["score"]).mean() + softplus(-turn.fake_scores["score"]).mean()}


class Exploding(Sound):
    """A logarithm of a sigmoid, infinite where the critic is sure."""

    caught_by = "extremes"

    def generator_terms(self, turn: Turn) -> Terms:
        return {"adversarial": -turn.fake_scores["score"].sigmoid().log().mean()}


class Peeping(Sound):
    """Looks at the label without saying so."""

    caught_by = "declared"

    def critic_terms(self, turn: Turn) -> Terms:
        terms = super().critic_terms(turn)
        return {"adversarial": terms["adversarial"] + 0 * turn.real["label"].sum()} if self.classes else terms


class Pretending(Sound):
    """Says that it needs labels, which shuts it out from unlabelled data for nothing."""

    caught_by = "declared"
    reads = frozenset({"label"})


class Early(Sound):
    """Changes its state while it computes terms: gradient accumulation and dry runs would count double."""

    caught_by = "changes"

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0):
        super().__init__(data, weight=weight)
        self.register_buffer("seen", torch.zeros(()))

    def critic_terms(self, turn: Turn) -> Terms:
        self.seen.add_(1)
        return super().critic_terms(turn)


class Compared(Sound):
    """Compares each score with the mean of the others, and does not say so."""

    caught_by = "parts"

    def critic_terms(self, turn: Turn) -> Terms:
        real, fake = turn.real_scores["score"], turn.fake_scores["score"]
        return {"adversarial": self.weight * (softplus(fake.mean() - real).mean() + softplus(fake - real.mean()).mean())}


class Hidden(Sound):
    """Changes its state where it may, but keeps it where no checkpoint looks."""

    caught_by = "state"

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0):
        super().__init__(data, weight=weight)
        self.strength = 1.0

    def critic_terms(self, turn: Turn) -> Terms:
        return {name: self.strength * term for name, term in super().critic_terms(turn).items()}

    def after(self, turn: Turn) -> None:
        self.strength *= 0.5


class Pool(Sound):
    """A buffer that changes in ``after``; nothing is wrong with it."""

    caught_by = ""

    def __init__(self, data: DataSpec, *, weight: NonNegativeFloat = 1.0):
        super().__init__(data, weight=weight)
        self.register_buffer("mean_score", torch.zeros(()))

    def critic_terms(self, turn: Turn) -> Terms:
        return {name: term * (1 + self.mean_score) for name, term in super().critic_terms(turn).items()}

    def after(self, turn: Turn) -> None:
        self.mean_score.lerp_(turn.fake_scores["score"].mean().abs(), 0.1)


class Training(Sound):
    """Calls backward itself."""

    caught_by = "engine"

    def generator_terms(self, turn: Turn) -> Terms:
        terms = super().generator_terms(turn)
        if terms["adversarial"].requires_grad:
            terms["adversarial"].backward(retain_graph=True)
        return terms


class Stepping(Sound):
    """Takes an optimizer's step itself."""

    caught_by = "engine"

    def after(self, turn: Turn) -> None:
        torch.optim.SGD([torch.zeros((), requires_grad=True)], lr=0.1).step()


class Branching(Sound):
    """Branches on a tensor's value."""

    caught_by = "values"

    def critic_terms(self, turn: Turn) -> Terms:
        terms = super().critic_terms(turn)
        return terms if terms["adversarial"] > 0 else {"adversarial": terms["adversarial"] * 1}


class HalfTerms(Sound):
    """Takes the mean under an autocast of its own, which leaves three digits of it."""

    caught_by = "bf16"

    def generator_terms(self, turn: Turn) -> Terms:
        score = softplus(-turn.fake_scores["score"])
        with torch.autocast("cpu", torch.bfloat16):
            return {"adversarial": score @ torch.full_like(score, 1 / len(score))}


class Idle(Loss):
    """A constraint that constrains nothing: the clamped values are thrown away."""

    caught_by = "constraint"

    def __init__(self, data: DataSpec):
        super().__init__()

    def constrain_(self, critic: Critic) -> None:
        for parameter in critic.parameters():
            parameter.clamp(-0.01, 0.01)


class Dimming(Loss):
    """Dims what the critic sees, and nothing is wrong with it: ``amount`` shows in no term.

    Args:
        amount: factor on what is judged.
    """

    caught_by = ""

    def __init__(self, data: DataSpec, *, amount: NonNegativeFloat = 0.5):
        super().__init__()
        self.amount = amount

    def view(self, fields: Fields, place: str, turn: Turn) -> Fields:
        return fields | {"sample": self.amount * fields["sample"]} if place == "judged" else fields
