"""Checks of a loss's gradients: they are those of its value, point the right way, and survive extreme scores."""

from __future__ import annotations

import torch
from torch import Tensor

from ganzoo.errors import ContractError
from ganzoo.fields import Terms
from ganzoo.turn import Side

from .game import SIDES, Game, separable_game, smooth_game
from .losses import overrides
from .running import seeded
from .subject import Subject

EXTREME = 1e4
"""A score that an untrained or a diverging critic may give."""
STEP = 1e-6
"""Of the central differences, in float64: long enough for rounding, short enough to step over few kinks of an absolute value."""


def is_objective(cls: type) -> bool:
    """Whether both players play for it on what the critic says, so that right and wrong directions exist."""
    judged = {"score", "label_logits"} & getattr(cls, "scores", set())
    return bool(judged) and overrides(cls, "critic_terms") and overrides(cls, "generator_terms")


def extremes(subject: Subject) -> None:
    """Terms and gradients are finite where the critic is sure: at scores of plus and minus 10,000."""
    loss = subject.build()
    for side in SIDES:
        for sign in (1, -1):
            game = separable_game(loss, subject.data, sign * EXTREME)
            with seeded(1):
                terms = game.terms(game.turn(side))
            parameters = list(game.player(side).parameters())
            for name, term in terms.items():
                differentiated = term.requires_grad
                gradients = torch.autograd.grad(term, parameters, allow_unused=True, retain_graph=True) if differentiated else ()
                if not term.isfinite() or not all(gradient is None or gradient.isfinite().all() for gradient in gradients):
                    what = "its gradient" if term.isfinite() else "it"
                    scores = f"{sign * EXTREME:+.0f} (real) and {-sign * EXTREME:+.0f} (fake)"
                    raise ContractError(
                        f"the term '{name}' of the {side}: {what} is not finite at scores of {scores}",
                        "use softplus, logsigmoid or cross_entropy on raw scores",
                    )


def signs(subject: Subject) -> None:
    """Each player moves the right way: the critic to tell real from fake, the generator towards what the critic likes."""
    loss = subject.build()
    wanted = [("score", "slope", "realness"), ("label_logits", "logit_slope", "likeness")]
    for side in SIDES:
        # An undecided critic learns; a generator learns from a critic that is right.
        game = separable_game(loss, subject.data, 0.0 if side == "critic" else 1.0)
        with seeded(1):
            total = total_of(game.terms(game.turn(side)))
        for score, of_critic, of_generator in wanted:
            if score not in loss.scores:
                continue
            parameter = getattr(game.player(side), of_critic if side == "critic" else of_generator)
            (gradient,) = torch.autograd.grad(total, parameter, allow_unused=True, retain_graph=True)
            if gradient is None or not gradient < 0:
                aim = "tell real samples from fakes" if side == "critic" else "make fakes that the critic takes for real"
                found = "no gradient" if gradient is None else f"the gradient {gradient.item():.3g}, wanted below 0"
                raise ContractError(
                    f"on a separable toy, minimising the {side}'s terms does not {aim}: {found} (by '{score}')",
                    f"look at the sign of the {side}'s terms",
                )


def differences(subject: Subject) -> None:
    """Gradients agree with central differences of the terms in float64, those of a penalty through the gradient included."""
    loss = subject.build().double()
    for side in SIDES:
        with seeded(1):
            game = smooth_game(loss, subject.data, double=True)
            parameters = list(game.player(side).parameters())
            total = _total(game, side)
            if not total.requires_grad:
                continue  # no term on this side, or one without a gradient: that is for 'terms'
            gradients = torch.autograd.grad(total, parameters, allow_unused=True)
            for _ in range(3):
                direction = [torch.randn_like(p) for p in parameters]
                slope = sum(((g * d).sum() for g, d in zip(gradients, direction, strict=True) if g is not None), torch.zeros(())).item()
                ahead, behind = (_total_at(game, side, direction, step) for step in (STEP, -STEP))
                measured = (ahead - behind) / (2 * STEP)
                if abs(measured - slope) > 1e-4 * (1 + abs(measured)):
                    raise ContractError(
                        f"the gradient of the {side}'s terms along a direction is {slope:.6g}, differences give {measured:.6g}",
                        "differentiate with create_graph=True, and detach nothing that the player changes",
                    )


def _total(game: Game, side: Side) -> Tensor:
    """The sum of the terms on a fresh turn, with the same random numbers each time."""
    with seeded(2):
        return total_of(game.terms(game.turn(side)))


@torch.no_grad()
def _total_at(game: Game, side: Side, direction: list[Tensor], step: float) -> float:
    """The same, ``step`` along ``direction`` from the player's parameters."""
    moved = list(zip(game.player(side).parameters(), direction, strict=True))
    for parameter, d in moved:
        parameter.add_(step * d)
    with torch.enable_grad():  # a penalty needs it for its value
        total = _total(game, side).item()
    for parameter, d in moved:
        parameter.sub_(step * d)
    return total


def total_of(terms: Terms) -> Tensor:
    """What is minimised; 0 without a gradient where there are no terms."""
    return sum(terms.values(), torch.zeros(()))


def constraint(subject: Subject) -> None:
    """``constrain_`` changes the critic's parameters in place: the same ones, finite, as trainable as before."""
    loss = subject.build()
    with seeded(1):
        critic = smooth_game(loss, subject.data).critic
    before = [(id(p), p.requires_grad) for p in critic.parameters()]
    with torch.no_grad():
        for parameter in critic.parameters():
            parameter.mul_(1e3)
        large = [p.clone() for p in critic.parameters()]
        loss.constrain_(critic)
    if before != [(id(p), p.requires_grad) for p in critic.parameters()]:
        raise ContractError("constrain_ replaces parameters, or changes which of them train", "change them in place: parameter.clamp_(...)")
    if not all(p.isfinite().all() for p in critic.parameters()):
        raise ContractError("constrain_ makes parameters that are not finite", "look for a division by a norm of 0")
    if all(torch.equal(p, q) for p, q in zip(critic.parameters(), large, strict=True)):
        raise ContractError("constrain_ leaves parameters a thousand times too large as they are", "constrain them")
