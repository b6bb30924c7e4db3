"""What is known of combinations without a dry run of each: of networks by one run, of losses by one dry run with stand-ins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations

from ganzoo.builtins.schedules import Alternate
from ganzoo.compat.dry_run import TRIED, dry_run, example_batch
from ganzoo.compat.verdict import Players
from ganzoo.fields import DataSpec
from ganzoo.players import Critic, Generator
from ganzoo.rules import Loss, Plan, Schedule

from .asking import Asking, asking_of
from .doubles import CriticDouble, Echo, GeneratorDouble, Mean, Seen, Total, seen_of, shapes_of


class Known:
    """What has been seen of components, each once, for ``data``. It says surely that some fit; of the others it knows nothing."""

    def __init__(self, data: DataSpec) -> None:
        self.data = data
        self._networks: dict[Generator | Critic, Seen | None] = {}
        self._losses: dict[tuple[Loss, Generator | None], Asking | None] = {}
        self._doubles: dict[tuple[Seen, Loss, Generator | None], bool] = {}
        self._plans: dict[tuple[object, ...], bool] = {}

    def fit(self, generator: Generator | None, critic: Critic | None, losses: Sequence[Loss], making: Sequence[Loss] = ()) -> bool:
        """Whether these surely fit each other; None: whatever else is there. Losses that are ``making`` want what this generator gives."""
        asked = []
        for loss in losses:
            if (asking := self._asking(loss, generator if loss in making else None)) is None:
                return False
            asked.append((loss, asking))
        return (
            (generator is None or self._made_like_the_data(generator))
            and (critic is None or self._seen(critic) is not None)
            and all(one.beside(other) and other.beside(one) for (_, one), (_, other) in combinations(asked, 2))
            and (generator is None or all(loss in making or self._serves(generator, loss, each) for loss, each in asked))
            and (critic is None or all(self._judges(critic, loss, each, generator if loss in making else None) for loss, each in asked))
        )

    def fit_a_plan(self, generator: Generator, critic: Critic, losses: Mapping[str, Loss], plan: Plan) -> bool:
        """Whether these surely fit a plan by which some ``losses`` act: their doubles do."""
        askings = [self._asking(loss, None) for loss in losses.values()]
        made, judged = self._seen(generator), self._seen(critic)
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

    def _serves(self, generator: Generator, loss: Loss, asking: Asking) -> bool:
        if "generator" in asking.of:
            return False
        seen = self._seen(generator)
        return seen is not None and (not {"make", "drawn"} & asking.of or self._fits_double(generator, seen, loss))

    def _judges(self, critic: Critic, loss: Loss, asking: Asking, beside: Generator | None) -> bool:
        if "critic" in asking.of or type(loss).constrain_ is not Loss.constrain_:
            return False
        if (seen := self._seen(critic)) is None:
            return False
        scores = tuple(score for score in seen.gives if score[0] in {"score", *loss.scores})
        others = {"other shapes"} if [name for name, *_ in seen.takes] == ["sample"] else {"other shapes", "judge"}
        return (scores == asking.scores and not others & asking.of) or self._fits_double(critic, seen, loss, beside)

    def _fits_double(self, network: Generator | Critic, seen: Seen, loss: Loss, beside: Generator | None = None) -> bool:
        """Whether a loss fits the double of a network; of a critic ``beside`` a generator that it needs."""
        if (seen, loss, beside) not in self._doubles:
            if isinstance(network, Generator):
                players = stand_ins(self.data, {"loss": loss}, generator=GeneratorDouble(network, seen))
            else:
                players = stand_ins(self.data, {"loss": loss}, beside, CriticDouble(network, seen))
            self._doubles[seen, loss, beside] = not dry_run(players, self.data, {0: Plan()})[0]
        return self._doubles[seen, loss, beside]

    def _seen(self, network: Generator | Critic) -> Seen | None:
        """What one run of a network shows; None where it fails, or is not what every network is."""
        if network not in self._networks:
            try:
                self._networks[network] = seen_of(network, self.data)
            except Exception:  # whatever a plugin's code raises, its combinations say
                self._networks[network] = None
        return self._networks[network]

    def _made_like_the_data(self, generator: Generator) -> bool:
        """Whether a critic finds in what a generator draws and gives what it finds in the data."""
        if (seen := self._seen(generator)) is None:
            return False
        batch, drawn = example_batch(self.data, TRIED), generator.draw(TRIED)
        both = sorted(batch.keys() & drawn.keys())
        return seen.gives == shapes_of(["sample"], batch) and shapes_of(both, drawn) == shapes_of(both, batch)

    def _asking(self, loss: Loss, generator: Generator | None) -> Asking | None:
        """What a loss asks for, of a generator of its own where it is one of those that only some can serve."""
        if (loss, generator) not in self._losses:
            self._losses[loss, generator] = asking_of(loss, stand_ins(self.data, {"loss": loss}).losses, self.data, generator)
        return self._losses[loss, generator]


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
    wanted = frozenset({"score"}).union(*(loss.scores for loss in losses.values()))
    return Players(generator or Echo(data), critic or Mean(data, wanted), named, schedule or Alternate(data))
