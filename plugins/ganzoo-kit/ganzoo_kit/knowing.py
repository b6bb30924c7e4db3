"""What is known of combinations without a dry run of each: of networks by one run, of losses by one dry run with stand-ins."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from itertools import combinations
from typing import Any

import torch
from torch._subclasses.fake_tensor import unset_fake_temporarily

from ganzoo.builtins.schedules import Alternate
from ganzoo.compat.dry_run import TRIED, dry_run, example_batch
from ganzoo.compat.verdict import Players
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator, Player
from ganzoo.rules import Loss, Plan, Schedule

from .asking import Asking, asking_of
from .doubles import CriticDouble, Echo, GeneratorDouble, Mean, Seen, Total, seen_of, shapes_of, take_gradients


class Known:
    """What has been seen of components, each once, for ``data``. It says surely that some fit; of the others it knows nothing.

    ``small`` makes of a component a small one of the same layers, on tensors that hold values; None where it cannot.
    """

    def __init__(self, data: DataSpec, small: Callable[[Any], Any]) -> None:
        self.data, self._small = data, small
        self._networks: dict[tuple[object, ...], Seen | None] = {}
        self._losses: dict[tuple[object, ...], Asking | None] = {}
        self._doubles: dict[tuple[object, ...], bool] = {}
        self._coping: dict[tuple[object, ...], bool] = {}
        self._plans: dict[tuple[object, ...], bool] = {}

    def fit(
        self, generator: Generator | None, critic: Critic | None, losses: Sequence[Loss], plan: Plan, making: Sequence[Loss] = ()
    ) -> bool:
        """Whether these surely fit each other by a plan of which only the ``values`` matter; None: whatever else is there.

        Losses that are ``making`` want what this generator gives.
        """
        asked = []
        for loss in losses:
            if (asking := self._asking(loss, plan, generator if loss in making else None)) is None:
                return False
            asked.append((loss, asking))
        return (
            (generator is None or self._made_like_the_data(generator, plan))
            and (critic is None or self._seen(critic, plan) is not None)
            and all(one.beside(other) and other.beside(one) for (_, one), (_, other) in combinations(asked, 2))
            and (generator is None or all(loss in making or self._serves(generator, loss, each, plan) for loss, each in asked))
            and (
                critic is None or all(self._judges(critic, loss, each, plan, generator if loss in making else None) for loss, each in asked)
            )
        )

    def fit_a_plan(self, generator: Generator, critic: Critic, losses: Mapping[str, Loss], plan: Plan) -> bool:
        """Whether these surely fit a plan by which some ``losses`` act: their doubles do."""
        askings = [self._asking(loss, Plan()) for loss in losses.values()]
        made, judged = self._seen(generator, Plan()), self._seen(critic, Plan())
        changing = any(type(loss).constrain_ is not Loss.constrain_ for loss in losses.values())
        if made is None or judged is None or plan.frozen or plan.values or plan.batch_size or changing:
            return False
        if any(asking is None or {"generator", "critic"} & asking.of for asking in askings):
            return False
        key = (made, judged, *losses.values(), plan.losses, bool(plan.critic_updates), bool(plan.generator_updates))
        if key not in self._plans:
            players = Players(GeneratorDouble(generator, made), CriticDouble(critic, judged), dict(losses), Alternate(self.data))
            self._plans[key] = not dry_run(players, self.data, {0: plan})[0]
        return self._plans[key]

    def _serves(self, generator: Generator, loss: Loss, asking: Asking, plan: Plan) -> bool:
        if (seen := self._seen(generator, plan)) is None:
            return False
        if "generator" in asking.of:
            return self._copes(generator, loss, plan)
        return not {"make", "drawn"} & asking.of or self._fits_double(generator, seen, loss, plan)

    def _judges(self, critic: Critic, loss: Loss, asking: Asking, plan: Plan, beside: Generator | None) -> bool:
        if (seen := self._seen(critic, plan)) is None:
            return False
        if "critic" in asking.of or type(loss).constrain_ is not Loss.constrain_:
            return beside is None and self._copes(critic, loss, plan)
        scores = tuple(score for score in seen.gives if score[0] in {"score", *loss.scores})
        others = {"other shapes"} if [name for name, *_ in seen.takes] == ["sample"] else {"other shapes", "judge"}
        return (scores == asking.scores and not others & asking.of) or self._fits_double(critic, seen, loss, plan, beside)

    def _fits_double(self, network: Generator | Critic, seen: Seen, loss: Loss, plan: Plan, beside: Generator | None = None) -> bool:
        """Whether a loss fits the double of a network; of a critic ``beside`` a generator that it needs."""
        key = (seen, loss, beside, *given(plan, network, loss, beside))
        if key not in self._doubles:
            with self._as_small(loss, beside) as (acting, maker):
                if isinstance(network, Generator):
                    players = stand_ins(self.data, {"loss": acting}, GeneratorDouble(network, seen))
                else:
                    players = stand_ins(self.data, {"loss": acting}, maker, CriticDouble(network, seen))
                self._doubles[key] = not dry_run(players, self.data, {0: plan})[0]
        return self._doubles[key]

    def _copes(self, network: Generator | Critic, loss: Loss, plan: Plan) -> bool:
        """Whether a loss that looks into a network fits a small one: what it finds there are the same layers, and the cost is a tenth."""
        key = (network, loss, *given(plan, network, loss))
        if key not in self._coping:
            with on_values():
                own, acting = self._small(network), self._small(loss)
                if own is None or acting is None:
                    self._coping[key] = False
                else:
                    players = stand_ins(self.data, {"loss": acting}, *((own, None) if isinstance(own, Generator) else (None, own)))
                    self._coping[key] = not dry_run(players, self.data, {0: plan})[0]
        return self._coping[key]

    def _seen(self, network: Generator | Critic, plan: Plan) -> Seen | None:
        """What one run of a network shows; None where it fails, or is not what every network is."""
        key = (network, *given(plan, network))
        if key not in self._networks:
            try:
                seen = seen_of(network, self.data, plan)
                self._take_gradients(network, plan)
                self._networks[key] = seen
            except Exception:  # whatever a plugin's code raises, its combinations say
                self._networks[key] = None
        return self._networks[key]

    def _take_gradients(self, network: Generator | Critic, plan: Plan) -> None:
        """See that there are gradients: of a small network, as the second ones of convolutions in many groups take seconds."""
        with on_values():
            if (small := self._small(network)) is not None:
                return take_gradients(small, self.data, plan)
        return take_gradients(network, self.data, plan)

    def _made_like_the_data(self, generator: Generator, plan: Plan) -> bool:
        """Whether a critic finds in what a generator draws and gives what it finds in the data."""
        if (seen := self._seen(generator, plan)) is None:
            return False
        batch, drawn = example_batch(self.data, TRIED), generator.draw(TRIED)
        both = sorted(batch.keys() & drawn.keys())
        return seen.gives == shapes_of(["sample"], batch) and shapes_of(both, drawn) == shapes_of(both, batch)

    def _asking(self, loss: Loss, plan: Plan, generator: Generator | None = None) -> Asking | None:
        """What a loss asks for, of a generator of its own where it is one of those that only some can serve."""
        key = (loss, generator, *given(plan, loss, generator))
        if key not in self._losses:
            with self._as_small(loss, generator) as (acting, beside):
                self._losses[key] = asking_of(acting, stand_ins(self.data, {"loss": acting}).losses, self.data, plan, beside)
        return self._losses[key]

    @contextmanager
    def _as_small(self, loss: Loss, generator: Generator | None) -> Iterator[tuple[Loss, Generator | None]]:
        """A loss and the generator that it needs, small, where tensors hold values; as they are where there is none, or no small one."""
        with on_values() if generator else nullcontext():
            acting, beside = (self._small(loss), self._small(generator)) if generator else (None, None)
            if acting is not None and beside is not None:
                yield acting, beside
                return
        yield loss, generator


@contextmanager
def on_values() -> Iterator[None]:
    """Tensors hold values inside, and one thread computes: those of small networks would wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with unset_fake_temporarily():
            yield
    finally:
        torch.set_num_threads(threads)


def given(plan: Plan, *components: Generator | Critic | Loss | None) -> tuple[tuple[str, Any], ...]:
    """The plan's values that some of the components read: others make no difference to them."""
    if not plan.values:
        return ()
    read = frozenset[str]().union(*map(reads_of, components))
    return tuple(sorted((name, value) for name, value in plan.values.items() if name in read))


def reads_of(component: object) -> frozenset[str]:
    """The fields that a loss, or a network by any of its routes, reads."""
    if isinstance(component, Loss):
        return component.reads
    if not isinstance(component, Player):
        return frozenset()
    return frozenset(name for route in ("", *component.routes) if (port := component.port(route)) for name in port.reads)


def is_objective(loss: type[Loss]) -> bool:
    """Whether a loss is an objective for both players: it reads the score, and gives the generator terms."""
    return "score" in loss.scores and loss.generator_terms is not Loss.generator_terms


def stand_ins(
    data: DataSpec,
    losses: Mapping[str, Loss],
    generator: Generator | None = None,
    critic: Critic | None = None,
    schedule: Schedule | None = None,
) -> Players:
    """Players of a dry run, with stand-ins for those that are not given."""
    named = dict(losses)
    if not any(is_objective(type(loss)) for loss in losses.values()):
        named["total"] = Total()  # a penalty alone leaves the generator nothing to minimise
    return Players(generator or Echo(data), critic or Mean(data, scores_of(losses.values())), named, schedule or Alternate(data))


def scores_of(losses: Iterable[Loss]) -> frozenset[str]:
    """What a critic gives that serves all of some losses."""
    return frozenset({"score"}).union(*(loss.scores for loss in losses))
