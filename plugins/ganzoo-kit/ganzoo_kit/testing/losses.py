"""Checks of losses: what they give, what they read, which way they push, and when they change."""

from __future__ import annotations

import copy
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ganzoo.engine.batches import cut
from ganzoo.errors import ContractError
from ganzoo.fields import Fields, Scores, Terms
from ganzoo.rules import Loss
from ganzoo.turn import Side, Turn

from .game import SIDES, smooth_game
from .running import seeded
from .subject import Subject


def overrides(cls: type, method: str) -> bool:
    """Whether a loss has a ``method`` of its own."""
    return getattr(cls, method) is not getattr(Loss, method)


def terms(subject: Subject) -> None:
    """Terms are finite scalars with a gradient, distinctly named; a loss gives terms, a view or a constraint."""
    loss = subject.build()
    given: dict[str, Terms] = {}
    for side in SIDES:
        with seeded(1):
            game = smooth_game(loss, subject.data)
            turn = game.turn(side)
            given[side] = game.terms(turn)
            estimates = loss.estimates(turn) if side == "critic" else {}
        for name, term in {**estimates, **given[side]}.items():
            if not isinstance(term, Tensor) or term.dim() != 0:
                shape = tuple(term.shape) if isinstance(term, Tensor) else type(term).__name__
                raise ContractError(f"'{name}' of the {side} is {shape}", "reduce it to a scalar tensor, by a mean over the batch")
            if not term.isfinite():
                raise ContractError(f"'{name}' of the {side} is not finite", "look for a division or a logarithm without a bound")
            if "/" in name or not name:
                raise ContractError(f"a term of the {side} is called '{name}'", "use a word without '/': logs put the side before it")
        if twice := sorted(given[side].keys() & estimates.keys()):
            raise ContractError(f"'{twice[0]}' is a term and an estimate at once", "name them differently: both are logged")
        if idle := [name for name, term in given[side].items() if not term.requires_grad]:
            raise ContractError(
                f"the term '{idle[0]}' of the {side} has no gradient", f"compute it from what the {side} makes, without detach"
            )
    if not any(given.values()) and not any(overrides(subject.cls, method) for method in ("view", "constrain_")):
        raise ContractError("it gives no term, no view and no constraint", "implement one of them")


def declared(subject: Subject) -> None:
    """``reads`` and ``scores`` name exactly the fields and critic outputs that it looks up ("sample" needs no mention)."""
    loss = subject.build()
    loss.scores, wanted = frozenset(loss.scores | {"score", "label_logits"}), loss.scores
    fields_read: set[str] = set()
    scores_read: set[str] = set()
    recording = partial(RecordingTurn, fields_read=fields_read, scores_read=scores_read)
    for side in SIDES:
        with seeded(1):
            game = smooth_game(loss, subject.data)
            turn = game.turn(side, make=recording)
            game.terms(turn)
            with torch.no_grad():
                loss.estimates(turn)
                loss.after(turn)
            for place, fields in (("real", turn.real), ("fake", turn.fake), ("judged", turn.fake)):
                loss.view(fields, place, turn)  # type: ignore[arg-type]
    needed = {need for need in loss.needs if game.generator.port(need) is None}  # the others are routes
    _compare("reads", "field", {*loss.reads, *needed} - {"sample"}, fields_read - {"sample", "latent"})
    _compare("scores", "critic output", set(wanted), scores_read)


def _compare(attribute: str, noun: str, declared: set[str], read: set[str]) -> None:
    for name in sorted(read - declared):
        raise ContractError(f"it looks up the {noun} '{name}', which `{attribute}` does not name", f"add '{name}' to {attribute}")
    for name in sorted(declared - read):
        raise ContractError(f"`{attribute}` names the {noun} '{name}', which it never looks up", f"take '{name}' out of {attribute}")


def changes(subject: Subject) -> None:
    """Its state changes in ``after`` and nowhere else."""
    loss = subject.build()
    for side in SIDES:
        with seeded(1):
            game = smooth_game(loss, subject.data)
            turn = game.turn(side)
            before = snapshot(loss)
            game.terms(turn)
            with torch.no_grad():
                loss.estimates(turn)
                loss.constrain_(game.critic)
        for name, value in snapshot(loss).items():
            if name not in before or not same(before[name], value):
                raise ContractError(f"'{name}' changes on the {side}'s turn before `after`", "change state in `after` only")


def parts(subject: Subject) -> None:
    """Unless ``mixes_batch`` says otherwise, the terms of a batch are the means of those of its halves."""
    loss = subject.build().double()
    if loss.mixes_batch or overrides(subject.cls, "after"):
        return  # train.accumulate refuses it

    with seeded(1):
        game = smooth_game(loss, subject.data, double=True)

    def found(side: Side, seed: int, count: int) -> Terms:
        with seeded(seed):
            pieces = zip(cut(game.batch, count), cut(game.drawn, count), strict=True)
            terms = [part.terms(part.turn(side)) for part in (replace(game, batch=batch, drawn=drawn) for batch, drawn in pieces)]
        return {name: torch.stack([each[name] for each in terms]).mean() for name in terms[0]}

    for side in SIDES:
        whole, again, halved = found(side, 1, 1), found(side, 2, 1), found(side, 1, 2)
        for name in whole:
            if same(whole[name], again[name]) and not torch.allclose(whole[name], halved[name], rtol=1e-6, atol=1e-9):
                what = f"'{name}' of the {side} is not the mean of its values of the batch's halves, but mixes_batch is False"
                raise ContractError(what, "set mixes_batch = True, so that train.accumulate refuses it, or take means over samples")


def snapshot(loss: Loss) -> dict[str, Any]:
    """A copy of everything that a loss keeps: buffers, parameters and plain attributes."""
    own = {name: value for name, value in vars(loss).items() if name not in vars(nn.Module())}
    return copy.deepcopy({**own, **loss.state_dict(), **dict(loss.named_buffers())})


def same(first: Any, second: Any) -> bool:
    """Whether two kept values are equal, tensors within lists and mappings included."""
    if isinstance(first, Tensor) or isinstance(second, Tensor):
        return isinstance(first, Tensor) and isinstance(second, Tensor) and torch.equal(first, second)
    if isinstance(first, dict) and isinstance(second, dict):
        return first.keys() == second.keys() and all(same(first[key], second[key]) for key in first)
    if isinstance(first, (list, tuple)) and isinstance(second, (list, tuple)):
        return len(first) == len(second) and all(map(same, first, second))
    plain = (bool, int, float, str, type(None))
    return first == second if isinstance(first, plain) or isinstance(second, plain) else True  # a module's own values are compared by name


class Recorded(dict[str, Tensor]):
    """Fields or scores that note which of them are looked up."""

    def __init__(self, values: dict[str, Tensor], log: set[str]) -> None:
        super().__init__(values)
        self.log = log

    def __getitem__(self, name: str) -> Tensor:
        self.log.add(name)
        return super().__getitem__(name)

    def __or__(self, other: Any) -> Any:
        return Recorded({**self, **other}, self.log)


class RecordingTurn(Turn):
    """A turn whose fields and scores note what the loss looks up; what the networks look up is not noted."""

    def __init__(self, *arguments: Any, fields_read: set[str], scores_read: set[str], **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.fields_read, self.scores_read = fields_read, scores_read

    @property
    def real(self) -> Fields:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().real, self.fields_read)

    @property
    def fake(self) -> Fields:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().fake, self.fields_read)

    @property
    def real_scores(self) -> Scores:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().real_scores, self.scores_read)

    @property
    def fake_scores(self) -> Scores:
        """As in ``Turn``; what is looked up is noted."""
        return Recorded(super().fake_scores, self.scores_read)

    @property
    def both_scores(self) -> tuple[Scores, Scores]:
        """As in ``Turn``; what is looked up is noted."""
        real, fake = super().both_scores
        return Recorded(real, self.scores_read), Recorded(fake, self.scores_read)

    def make(self, fields: Fields, *, route: str = "") -> Fields:
        """As in ``Turn``; what the generator looks up is not noted."""
        return super().make({**fields}, route=route)

    def judge(self, fields: Fields, *, route: str | None = None) -> Scores:
        """As in ``Turn``; what the critic looks up is not noted."""
        return Recorded(super().judge({**fields}, route=route), self.scores_read)
