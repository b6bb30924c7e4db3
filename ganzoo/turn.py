"""One minibatch seen from one player's side: what a Loss receives."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from .errors import ContractError
from .fields import Fields, Scores, named_arguments, pick
from .players import Critic, Generator, judges_each_alone

Side = Literal["critic", "generator"]
Place = Literal["real", "fake", "judged"]


class Views(Protocol):
    """What a Turn needs of a Loss: how it changes what is seen."""

    def view(self, fields: Fields, place: Place, turn: Turn) -> Fields:
        """``fields`` as they are seen at ``place``."""


class Turn:
    """A minibatch from one player's side. Every value is computed at most once, when first asked for.

    On the critic's side the generator runs without gradients; on the generator's side the critic's parameters rest.
    Scores and made fields are float32 whatever precision the networks run in.

    Args:
        side: whose parameters this turn updates.
        generator, critic: the two networks.
        real: the batch from the data, each (N, ...).
        drawn: what ``Generator.draw`` drew for this turn, each (N, ...).
        views: the losses whose ``view`` applies, in order.
        autocast: makes the context the networks run in (mixed precision).
        shared_fake: outputs of the generator for these ``drawn``, where the schedule shares one fake.
    """

    def __init__(
        self,
        side: Side,
        generator: Generator,
        critic: Critic,
        real: Fields,
        drawn: Fields,
        *,
        views: Sequence[Views] = (),
        autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
        shared_fake: Fields | None = None,
    ) -> None:
        self.side: Side = side
        self.drawn = drawn
        self._batch, self._views, self._autocast, self._shared_fake = real, views, autocast, shared_fake
        self._generator, self._critic = generator, critic
        # A plain dict: functools.cached_property holds a lock that torch.compile refuses.
        self._cache: dict[str, Fields] = {}

    def _once(self, name: str, compute: Callable[[], Fields]) -> Fields:
        if name not in self._cache:
            self._cache[name] = compute()
        return self._cache[name]

    def computed(self, name: str) -> Fields | None:
        """The value called ``name`` ("fake_scores") if this turn has computed it, else None."""
        return self._cache.get(name)

    def _view(self, fields: Fields, place: Place) -> Fields:
        for loss in self._views:
            fields = loss.view(fields, place, self)
        return fields

    @property
    def real(self) -> Fields:
        """The batch from the data: "sample" (N, *shape), "label" (N,) where the data has labels, ..."""
        return self._once("real", lambda: self._view(self._batch, "real"))

    @property
    def fake(self) -> Fields:
        """``real | drawn | generator(...)``: a fake keeps the label it was made for."""
        return self._once("fake", lambda: self._view(self._make_fake(), "fake"))

    @property
    def real_scores(self) -> Scores:
        """The critic's scores of ``real``; "score" (N, *) raw, float32."""
        return self._once("real_scores", lambda: self.judge(self.real))

    @property
    def fake_scores(self) -> Scores:
        """The critic's scores of ``fake``; "score" (N, *) raw, float32."""
        return self._once("fake_scores", lambda: self.judge(self.fake))

    @property
    def both_scores(self) -> tuple[Scores, Scores]:
        """``real_scores`` and ``fake_scores``, for a loss that compares them: of one forward where that makes no difference.

        It makes none in the critic's turn where the critic scores each sample by itself (no batch norm, no dropout, no
        buffers) and neither was asked for before.
        """
        real, fake = self.real, self.fake
        fresh = "real_scores" not in self._cache and "fake_scores" not in self._cache
        if fresh and self.side == "critic" and judges_each_alone(self._critic):
            self._cache["real_scores"], self._cache["fake_scores"] = self._judge_both(self._seen(real), self._seen(fake))
        return self.real_scores, self.fake_scores

    def _make_fake(self) -> Fields:
        fields = self.real | self.drawn
        return fields | self._shared_fake if self._shared_fake is not None else self.make(fields)

    def make(self, fields: Fields) -> Fields:
        """Run the generator on ``fields``: ``fields`` with what it gives put in.

        Raises:
            ContractError: where it asks for a field that is not there, returns other fields than it declares, or a
                field of another shape than the data's.
        """
        network = self._generator
        who = f"generator {type(network).__name__}"
        chosen = pick(named_arguments(type(network)), fields, who)
        with torch.set_grad_enabled(self.side == "generator" and torch.is_grad_enabled()), self._autocast():
            made: Fields = network(**chosen)
        check_given(made, network.gives, who)
        for name, value in made.items():
            if name in fields and value.shape != fields[name].shape:
                raise ContractError(
                    f"{who} makes '{name}' of shape {tuple(value.shape)}, the data has {tuple(fields[name].shape)}",
                    "make both the same",
                )
        return fields | {name: as_float32(value) for name, value in made.items()}

    def judge(self, fields: Fields) -> Scores:
        """Run the critic on ``fields``, in training mode.

        Not pure: batch norm counts every forward and spectral norm iterates on each, so judge no more than is needed.

        Raises:
            ContractError: where it asks for a field that is not there, or returns other scores than it declares.
        """
        return self._judge(self._seen(fields))

    def _seen(self, fields: Fields) -> Fields:
        """What the critic asks for of ``fields``, as it is judged."""
        kind = type(self._critic)
        return pick(named_arguments(kind), self._view(fields, "judged"), f"critic {kind.__name__}")

    def _judge(self, chosen: Fields) -> Scores:
        network = self._critic
        who = f"critic {type(network).__name__}"
        with self._autocast():
            scores: Scores = network(**chosen)
        check_given(scores, network.gives, who)
        n = _length(chosen)
        for name, value in scores.items():
            if value.dim() == 0 or len(value) != n:
                raise ContractError(f"{who} gives '{name}' of shape {tuple(value.shape)} for {n} samples", f"give ({n}, ...)")
        return {name: as_float32(value) for name, value in scores.items()}

    def _judge_both(self, real: Fields, fake: Fields) -> tuple[Scores, Scores]:
        """The scores of both, from one forward where the two can be one batch."""
        joined = one_batch(real, fake)
        if joined is None:
            return self._judge(real), self._judge(fake)
        n, scores = _length(real), self._judge(joined)
        return {name: value[:n] for name, value in scores.items()}, {name: value[n:] for name, value in scores.items()}


def one_batch(first: Fields, second: Fields) -> Fields | None:
    """``second`` after ``first``: (N, ...) and (M, ...) to (N + M, ...); None where the two do not fit.

    What has no samples (a schedule's value) has to be the very same in both.
    """
    joined: Fields = {}
    for name, value in first.items():
        other = second[name]
        if _samples(value) and _samples(other):
            if value.shape[1:] != other.shape[1:] or value.dtype != other.dtype:
                return None
            joined[name] = torch.cat((value, other))
        elif other is value:
            joined[name] = value
        else:
            return None
    # A field of another length is no field of samples: a table, say.
    return joined if all(len({len(v) for v in fields.values() if _samples(v)}) == 1 for fields in (first, second)) else None


def _samples(value: Any) -> bool:
    return isinstance(value, Tensor) and value.dim() > 0


def _length(fields: Fields) -> int:
    return next((len(value) for value in fields.values() if _samples(value)), 0)


def as_float32(value: Tensor) -> Tensor:
    """Half precision to float32; float32, float64 and integers as they are."""
    return value.float() if value.dtype in (torch.bfloat16, torch.float16) else value


def check_given(made: Any, gives: frozenset[str], who: str) -> None:
    """Refuse outputs that are not exactly what is declared: a misnamed field would leave the real one in its place."""
    if not isinstance(made, dict) or made.keys() != gives:
        got = ", ".join(sorted(made)) if isinstance(made, dict) else type(made).__name__
        raise ContractError(
            f"{who} returns {got or 'nothing'}, but declares {', '.join(sorted(gives))}", "return exactly what `gives` names"
        )
