"""One minibatch seen from one player's side: what a Loss receives."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import Any, Literal, Protocol

import torch
from torch import Tensor

from .errors import ContractError
from .fields import Fields, Scores, pick
from .players import Critic, Generator, Player, Port, judges_each_alone

Side = Literal["critic", "generator"]
Place = Literal["real", "fake", "judged"]


class Views(Protocol):
    """What a Turn needs of a Loss: along which route it acts, and how it changes what is seen there."""

    route: str

    def view(self, fields: Fields, place: Place, turn: Turn) -> Fields:
        """``fields`` as they are seen at ``place``."""


class Turn:
    """A minibatch from one player's side, along one route. Every value is computed at most once, when first asked for.

    On the critic's side the generator runs without gradients; on the generator's side the critic's parameters rest.
    Scores and made fields are float32 whatever precision the networks run in.

    Args:
        side: whose parameters this turn updates.
        generator, critic: the two networks.
        real: the batch from the data, each (N, ...).
        drawn: what ``Generator.draw`` drew for this turn, each (N, ...).
        views: the losses whose ``view`` applies, each along its route, in order.
        autocast: makes the context the networks run in (mixed precision).
        shared_fake: outputs of the generator's ``forward`` for these ``drawn``.
        maker: the generator's turn whose fakes this critic's turn takes, where the schedule shares one fake.
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
        maker: Turn | None = None,
    ) -> None:
        self.side: Side = side
        self.drawn, self.route = drawn, ""
        self.keep: dict[Hashable, Any] = {}
        """For what a loss finds in its terms or ``view`` and reads again in ``after`` of this turn; its key begins with the loss."""
        self._batch, self._views, self._autocast, self._maker = real, views, autocast, maker
        self._generator, self._critic = generator, critic
        # Plain dicts: functools.cached_property holds a lock that torch.compile refuses.
        self._cache: dict[str, Any] = {}
        self._made: dict[Hashable, Fields] = {}
        self._along: dict[str, tuple[dict[str, Any], dict[Hashable, Any]]] = {"": (self._cache, self.keep)}
        if shared_fake is not None:
            self._cache["given"] = shared_fake

    def on(self, route: str) -> Turn:
        """The same minibatch along ``route``: made by the generator's route of that name, judged by the critic's.

        A player that has no such route takes part with its ``forward``. What is computed along a route is kept for it.

        Raises:
            ContractError: where neither player has it.
        """
        if route == self.route:
            return self
        if route and self._generator.port(route) is None and self._critic.port(route) is None:
            raise ContractError(f"neither the generator nor the critic has a route '{route}'", "name one that a player has", key="loss")
        turn = copy(self)  # a new one each time, so that no turn holds itself, and memory is free when it ends
        turn.route = route
        turn._cache, turn.keep = self._along.setdefault(route, ({}, {}))
        return turn

    @property
    def generator(self) -> Generator:
        """The generator; ``make`` runs it."""
        return self._generator

    @property
    def critic(self) -> Critic:
        """The critic; ``judge`` runs it."""
        return self._critic

    def _once(self, name: str, compute: Callable[[], Any]) -> Any:
        if name not in self._cache:
            self._cache[name] = compute()
        return self._cache[name]

    def computed(self, name: str) -> Any:
        """The value called ``name`` ("fake_scores") if this turn has computed it, else None."""
        return self._cache.get(name)

    def _view(self, fields: Fields, place: Place) -> Fields:
        for loss in self._views:
            fields = loss.view(fields, place, self) if loss.route == self.route else fields
        return fields

    @property
    def compared(self) -> tuple[str, ...]:
        """The fields in which a real sample and its fake differ: which the generator gives and the critic reads, in its order."""
        given = self._generator.serving(self.route).gives
        return tuple(name for name in self._critic.serving(self.route).reads if name in given)

    @property
    def real(self) -> Fields:
        """The batch from the data: "sample" (N, *shape), "label" (N,) where the data has labels, ..."""
        return self._once("real", lambda: self._view(self._batch, "real"))  # type: ignore[no-any-return]

    @property
    def made(self) -> Fields:
        """``real | drawn | generator(...)``, before any ``view`` of a fake: a fake keeps the label it was made for."""
        return self._once("made", self._make_once)  # type: ignore[no-any-return]

    @property
    def fake(self) -> Fields:
        """``made``, as it is viewed."""
        return self._once("fake", lambda: self._view(self.made, "fake"))  # type: ignore[no-any-return]

    @property
    def real_scores(self) -> Scores:
        """The critic's scores of ``real``; "score" (N, *) raw, float32."""
        return self._once("real_scores", lambda: self.judge(self.real))  # type: ignore[no-any-return]

    @property
    def fake_scores(self) -> Scores:
        """The critic's scores of ``fake``; "score" (N, *) raw, float32."""
        return self._once("fake_scores", lambda: self.judge(self.fake))  # type: ignore[no-any-return]

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

    def _make_once(self) -> Fields:
        """A generator's forward that several routes share runs once for them, where it reads the same."""
        port, fields = self._generator.serving(self.route), self.real | self.drawn
        if self._maker:
            made = self._maker.on(self.route).made
            return fields | {name: made[name].detach() for name in port.gives}
        if not port.name and (given := self._along[""][0].get("given")) is not None:
            return fields | given  # type: ignore[no-any-return]
        key = (port.name, *(id(fields.get(name)) for name in port.reads))
        if key not in self._made:
            made = self.make(fields, route=port.name)
            self._made[key] = {name: made[name] for name in port.gives}
        return fields | self._made[key]

    def make(self, fields: Fields, *, route: str = "") -> Fields:
        """Run the generator on ``fields``, by its ``forward`` or a ``route``: ``fields`` with what it gives put in.

        Raises:
            ContractError: where it asks for a field that is not there, returns other fields than it declares, or a
                field of another shape than the data's; where it has no such route.
        """
        network = self._generator
        port, who = _named(network, "generator", route)
        chosen = pick(port.reads, fields, who)
        with torch.set_grad_enabled(self.side == "generator" and torch.is_grad_enabled()), self._autocast():
            made: Fields = port.call(**chosen)
        check_given(made, port.gives, who)
        for name, value in made.items():
            if name in fields and value.shape[1:] != fields[name].shape[1:]:
                raise ContractError(
                    f"{who} makes '{name}' of shape {tuple(value.shape)}, the data has {tuple(fields[name].shape)}",
                    "make both the same",
                )
        return fields | {name: as_float32(value) for name, value in made.items()}

    def judge(self, fields: Fields, *, route: str | None = None) -> Scores:
        """Run the critic on ``fields``, in training mode; along this turn's route unless another is named ("": ``forward``).

        Not pure: batch norm counts every forward and spectral norm iterates on each, so judge no more than is needed.

        Raises:
            ContractError: where it asks for a field that is not there, or returns other scores than it declares; where it
                has no such route.
        """
        return self._judge(self._seen(fields, route), route)

    def _judge_route(self, route: str | None) -> str:
        return self._critic.serving(self.route).name if route is None else route

    def _seen(self, fields: Fields, route: str | None = None) -> Fields:
        """What the critic asks for of ``fields``, as it is judged."""
        network = self._critic
        port, who = _named(network, "critic", self._judge_route(route))
        return pick(port.reads, self._view(fields, "judged"), who)

    def _judge(self, chosen: Fields, route: str | None = None) -> Scores:
        network = self._critic
        port, who = _named(network, "critic", self._judge_route(route))
        with self._autocast():
            scores: Scores = port.call(**chosen)
        check_given(scores, port.gives, who)
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


def _named(network: Player, kind: str, route: str) -> tuple[Port, str]:
    """The port ``route`` of a player, and what a message calls it."""
    port, who = network.port(route), f"{kind} {type(network).__name__}"
    if port is None:
        raise ContractError(f"{who} has no route '{route}'", "name one that it has", key="loss")
    return port, f"{who}.{route}" if route else who


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
