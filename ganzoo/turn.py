"""One minibatch seen from one player's side: what a Loss receives."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from contextlib import AbstractContextManager, nullcontext
from copy import copy
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor

from .errors import ContractError
from .fields import Fields, Scores, select
from .players import Critic, Generator, judges_each_alone, named_port
from .tensors import as_float32, check_given, check_length, check_shapes, halves, length_of, one_batch, score_gradients

if TYPE_CHECKING:
    from .rules import Loss

Side = Literal["critic", "generator"]
Place = Literal["real", "fake", "judged"]


class Turn:
    """A minibatch from one player's side, along one route. Every value is computed at most once, when first asked for.

    On the critic's side the generator runs without gradients; on the generator's side the critic's parameters get none.
    Scores and made fields are float32 whatever precision the networks run in.

    Args:
        side: whose parameters this turn updates.
        generator, critic: the two networks.
        real: the batch from the data, each (N, ...).
        drawn: what ``Generator.draw`` drew for this turn, each (N, ...).
        views: the losses that act, each along its route, in order: for their ``view`` and ``gradients``.
        autocast: makes the context the networks run in (mixed precision).
        shared_fake: outputs of the generator's ``forward`` for these ``drawn``.
        maker: the generator's turn whose fakes this critic's turn takes, where the schedule shares one fake.
        average: the mean of a tensor over the processes that have a share of the batch each, with its gradient.
    """

    def __init__(
        self,
        side: Side,
        generator: Generator,
        critic: Critic,
        real: Fields,
        drawn: Fields,
        *,
        views: Sequence[Loss] = (),
        autocast: Callable[[], AbstractContextManager[Any]] = nullcontext,
        shared_fake: Fields | None = None,
        maker: Turn | None = None,
        average: Callable[[Tensor], Tensor] = lambda value: value,
    ) -> None:
        self.side: Side = side
        self.drawn, self.route, self._maker, self._average = drawn, "", maker, average
        self.keep: dict[Hashable, Any] = {}
        """For what a loss finds in its terms or ``view`` and reads again in ``after`` of this turn; its key begins with the loss."""
        self._generator, self._critic, self._batch, self._views, self._autocast = generator, critic, real, views, autocast
        # Plain dicts: functools.cached_property holds a lock that torch.compile refuses.
        self._cache: dict[str, Any] = {}
        self._made: dict[Hashable, Fields] = {}
        self._along: dict[str, tuple[dict[str, Any], dict[Hashable, Any]]] = {"": (self._cache, self.keep)}
        self._cache |= {"given": shared_fake} if shared_fake is not None else {}

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

    def mean(self, values: Tensor, dim: int | None = None) -> Tensor:
        """The mean of ``values`` (N, *), along ``dim`` if given, over the whole batch: the shares of all processes, with its gradient."""
        return self._average(values.mean(dim))

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
        return self._once("real_scores", lambda: self.judge(self._judged("real")))  # type: ignore[no-any-return]

    @property
    def fake_scores(self) -> Scores:
        """The critic's scores of ``fake``; "score" (N, *) raw, float32."""
        return self._once("fake_scores", lambda: self.judge(self._judged("fake")))  # type: ignore[no-any-return]

    @property
    def both_scores(self) -> tuple[Scores, Scores]:
        """``real_scores`` and ``fake_scores``, for a loss that compares them: of one forward where that makes no difference.

        It makes none in the critic's turn where the critic scores each sample by itself (no batch norm, no dropout, no
        buffers) and neither was asked for before. A loss that wants the gradients of one side alone has them judged apart, as
        a second derivative of both would cost more than a forward.
        """
        real, fake = self._judged("real"), self._judged("fake")
        fresh = not {"real_scores", "fake_scores"} & self._cache.keys()
        alike = ("real_leaves" in self._cache) == ("fake_leaves" in self._cache)
        if fresh and alike and self.side == "critic" and judges_each_alone(self._critic):
            seen = self._seen(real), self._seen(fake)
            joined = one_batch(*seen)
            scores = halves(self._judge(joined), length_of(seen[0])) if joined is not None else (self._judge(seen[0]), self._judge(seen[1]))
            self._cache["real_scores"], self._cache["fake_scores"] = scores
        return self.real_scores, self.fake_scores

    @property
    def real_gradients(self) -> Tensor:
        """Gradient of each real sample's score by its ``compared`` fields, a row a sample (N, D); it can be differentiated again.

        Of the forward that ``real_scores`` are of, and of a patch critic's mean score of a sample. In the critic's turn only.

        Raises:
            ContractError: in the generator's turn; where the scores were asked for before, by losses that do not declare it.
        """
        return self._once("real_gradients", lambda: self._gradients("real"))  # type: ignore[no-any-return]

    @property
    def fake_gradients(self) -> Tensor:
        """The same of fakes."""
        return self._once("fake_gradients", lambda: self._gradients("fake"))  # type: ignore[no-any-return]

    def _judged(self, place: Literal["real", "fake"]) -> Fields:
        """``real`` or ``fake``; as leaves, where a loss declares that it takes their gradients."""
        if self.side == "critic" and any(place in loss.gradients for loss in self._views if loss.route == self.route):
            self._leaves(place)
        return getattr(self, place) | self._cache.get(f"{place}_leaves", {})  # type: ignore[no-any-return]

    def _leaves(self, place: Literal["real", "fake"]) -> list[Tensor]:
        fields: Fields = getattr(self, place)
        leaves = self._once(f"{place}_leaves", lambda: {name: fields[name].detach().requires_grad_() for name in self.compared})
        return list(leaves.values())

    def _gradients(self, place: Literal["real", "fake"]) -> Tensor:
        name = f"{place}_gradients"
        if self.side != "critic":
            raise ContractError(f"a loss asks for {name} in the generator's turn", "take them in critic_terms", key="loss")
        if f"{place}_scores" in self._cache and f"{place}_leaves" not in self._cache:
            what, remedy = f"{name}, which it does not declare, after {place}_scores", f"declare gradients = frozenset({{'{place}'}})"
            raise ContractError(f"a loss asks for {what}", remedy, key="loss")
        both = {"real", "fake"} <= {each for loss in self._views if loss.route == self.route for each in loss.gradients}
        places: list[Literal["real", "fake"]] = ["real", "fake"] if both else [place]
        leaves = [self._leaves(each) for each in places]
        # Of one forward, where both are wanted and may share it, and of one backward.
        scores = self.both_scores if both else [self.real_scores if place == "real" else self.fake_scores]
        for each, rows in zip(places, score_gradients(scores, leaves), strict=True):
            self._cache[f"{each}_gradients"] = rows
        return self._cache[name]  # type: ignore[no-any-return]

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
        port, who = named_port(self._generator, "generator", route)
        chosen = select(port.reads, fields, who)
        with torch.set_grad_enabled(self.side == "generator" and torch.is_grad_enabled()), self._autocast():
            made: Fields = port.call(**chosen)
        check_given(made, port.gives, who)
        check_shapes(made, fields, who)
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
        port, who = named_port(self._critic, "critic", self._judge_route(route))
        return select(port.reads, self._view(fields, "judged"), who)

    def _judge(self, chosen: Fields, route: str | None = None) -> Scores:
        port, who = named_port(self._critic, "critic", self._judge_route(route))
        with self._autocast():
            scores: Scores = port.call(**chosen)
        check_given(scores, port.gives, who)
        check_length(scores, length_of(chosen), who)
        return {name: as_float32(value) for name, value in scores.items()}
