"""The matrix tries few pairs, as it knows most from what it saw of each component; what it then says is what the whole check says."""

from itertools import combinations, product

import torch
from ganzoo_kit import crossing
from torch import Tensor, nn

from ganzoo import Critic, DataSpec, Generator, Loss
from ganzoo.compat.dry_run import fake_tensors
from ganzoo.registry import Component, Registry
from ganzoo.rules import Plan

POINTS, DIGITS = DataSpec({"sample": (2,), "label": ()}, 4), DataSpec({"sample": (1, 28, 28), "label": ()}, 10)


class Maker(Generator):
    """One layer."""

    latent_dim = 3

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body = nn.Linear(3, 2)

    def forward(self, latent: Tensor):
        return {"sample": self.body(latent)}


class Labels(Maker):
    """Draws labels that are none."""

    def draw(self, n, device=None):
        return {**super().draw(n, device), "label": torch.zeros(n, 4)}


class Judge(Critic):
    """One layer."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__()
        self.body = nn.Linear(2, 1)

    def forward(self, sample: Tensor):
        return {"score": self.body(sample)[:, 0]}


class Patches(Judge):
    """A score for each of two places."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__(data)
        self.body = nn.Linear(2, 2)

    def forward(self, sample: Tensor):
        return {"score": self.body(sample)}


class Labelled(Judge):
    """Looks the label up."""

    def __init__(self, data: DataSpec) -> None:
        super().__init__(data)
        self.of_label = nn.Embedding(4, 2)

    def forward(self, sample: Tensor, label: Tensor):
        return {"score": (self.body(sample) + (sample * self.of_label(label)).sum(1, keepdim=True))[:, 0]}


class Fours(Judge):
    """Wants groups of four samples."""

    mixes_batch = "statistic"

    def forward(self, sample: Tensor):
        return {"score": self.body(sample + sample.reshape(-1, 4, 2).std(1).repeat_interleave(4, 0))[:, 0]}


class Objective(Loss):
    """An objective of both players."""

    scores = frozenset({"score"})

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def critic_terms(self, turn):
        return {"adversarial": turn.fake_scores["score"].mean() - turn.real_scores["score"].mean()}

    def generator_terms(self, turn):
        return {"adversarial": -turn.fake_scores["score"].mean()}


class OneScore(Objective):
    """Wants one score a sample."""

    def generator_terms(self, turn):
        return {"adversarial": -(turn.fake_scores["score"] * turn.fake["sample"][:, 0]).mean()}


class Layers(Objective):
    """Wants an embedding of the critic's."""

    def critic_terms(self, turn):
        return super().critic_terms(turn) | {"layers": turn.critic.of_label.weight.square().sum()}


class Half(Objective):
    """Has half of the samples judged again."""

    def generator_terms(self, turn):
        half = {name: value[:2] for name, value in turn.fake.items()}
        return {"adversarial": -turn.judge(half)["score"].mean()}


class SampleOnly(Objective):
    """Has samples judged again, without their labels."""

    def generator_terms(self, turn):
        return {"adversarial": -turn.judge({"sample": turn.fake["sample"]})["score"].mean()}


class Latents(Objective):
    """Wants latents of three."""

    def generator_terms(self, turn):
        return super().generator_terms(turn) | {"latent": (turn.drawn["latent"] * torch.ones(3)).sum() * 0}


class Slope(Loss):
    """The gradient of real scores."""

    scores, gradients = frozenset({"score"}), frozenset({"real"})

    def __init__(self, data: DataSpec) -> None:
        super().__init__()

    def critic_terms(self, turn):
        return {"slope": turn.real_gradients.square().sum()}


class Undeclared(Slope):
    """The same, without saying so."""

    gradients = frozenset()


class Longer(Slope):
    """Shows a critic other fields than a batch's."""

    gradients = frozenset()

    def critic_terms(self, turn):
        return {}

    def view(self, fields, place, turn):
        return {name: torch.cat([value, value[:1]]) for name, value in fields.items()} if place == "judged" else fields


class Clip(Slope):
    """Changes an embedding of the critic's."""

    gradients = frozenset()

    def critic_terms(self, turn):
        return {}

    def constrain_(self, critic):
        critic.of_label.weight.clamp_(-1, 1)


GENERATORS, CRITICS = (Maker, Labels), (Judge, Patches, Labelled, Fours)
LOSSES = (Objective, OneScore, Layers, Half, SampleOnly, Latents, Slope, Undeclared, Longer, Clip)
MISFITS = {
    *{("Labels", "Labelled"), ("Patches", "OneScore"), ("Judge", "Layers"), ("Judge", "Clip"), ("Labelled", "SampleOnly")},
    *{("Fours", "Half"), ("Fours", "Longer"), ("Maker", "Layers"), ("Objective", "OneScore"), ("Objective", "Undeclared")},
}
"""What each would fit with others."""


def pairs_of(parts, data):
    """A crossing, and by names its pairs of components that are asked by themselves."""
    found = crossing.Crossing(parts, data)
    of = {kind: [each for each in map(found._of, chosen) if not each.refused and not each.asks] for kind, chosen in parts.items()}
    pairs = [*product(of["generator"], of["critic"]), *product(of["generator"] + of["critic"], of["loss"]), *combinations(of["loss"], 2)]
    return found, {tuple(built.part.name for built in pair): pair for pair in pairs}


def sure(found, pair):
    """Whether a pair is known to fit."""
    of = {kind: [built.itself for built in pair if built.kind == kind] for kind in ("generator", "critic", "loss")}
    return found.known.fit(*(next(iter(of[kind]), None) for kind in ("generator", "critic")), of["loss"], Plan())


def test_what_is_known_of_components_is_what_a_dry_run_says_of_each_pair():
    classes = {"generator": GENERATORS, "critic": CRITICS, "loss": LOSSES}
    registry = Registry([])
    registry.components += [Component(kind, cls.__name__, cls, "ganzoo-x", "1") for kind, found in classes.items() for cls in found]
    with fake_tensors():
        found, pairs = pairs_of({kind: crossing.default_parts(registry, kind) for kind in classes}, POINTS)
        known = {names for names, pair in pairs.items() if sure(found, pair)}
        said = {names: found._dry_run(found._players(*pairs[names]), Plan()) for names in known | MISFITS}
    assert len(known) > len(pairs) / 3
    assert {names for names, reason in said.items() if reason} == MISFITS
    assert not known & MISFITS


def test_what_is_known_of_installed_components_is_what_a_dry_run_says():
    parts = {kind: crossing.default_parts(Registry.installed(), kind) for kind in ("generator", "critic", "loss")}
    parts |= {kind: [part for part in parts[kind] if part.name in ("mlp", "acgan", "patchgan")] for kind in ("generator", "critic")}
    with fake_tensors():
        found, pairs = pairs_of(parts, DIGITS)
        known = [pair for pair in list(pairs.values())[::19] if sure(found, pair)]
        assert len(known) >= 10
        assert [found._dry_run(found._players(*pair), Plan()) for pair in known] == [""] * len(known)
